"""The report as a document, for the terminal and for Markdown; each file has a passage or two of it."""
