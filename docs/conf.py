"""How Sphinx makes the site of these pages: ``make site``. Nothing in it is asked of another machine."""

project = "perftransfer"
extensions = ["myst_parser"]
# Blocks without a language are not code: paths, cells of a sheet.
highlight_language = "none"
html_theme = "furo"
html_title = "perftransfer"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
# Pages link to headings of others as GitHub names them.
myst_heading_anchors = 3
exclude_patterns = ["_build"]
