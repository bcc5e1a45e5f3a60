"""The report: what was found, in words with numbers, on one page that opens offline."""
