"""The tables of a study: from journals and published files to one dataset."""
