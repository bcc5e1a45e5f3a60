"""Measurements made elsewhere that come with the package, and files in which they are passed on."""
