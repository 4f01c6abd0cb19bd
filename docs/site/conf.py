"""Settings of Sphinx for the site. `scripts/docs` builds it from the pages that scripts/pages.py lays out."""

project = "Quality Gates"
author = "The Quality Gates developers"
extensions = ["myst_parser"]
language = "en"
nitpicky = True

# Headings get the anchors that GitHub gives them, since the pages are read there too.
myst_heading_anchors = 6
# Two hyphens are those of an option.
smartquotes = False
# A console with comments and a YAML of GitHub with its braces are shown as they are.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "Quality Gates"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_theme_options = {"top_of_page_buttons": []}
