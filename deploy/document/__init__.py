"""A document of headings, sentences and tables, and how it is written in a terminal and in Markdown."""
