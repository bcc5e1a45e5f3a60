"""The tables: how they are stored, where they come from, what they promise."""
