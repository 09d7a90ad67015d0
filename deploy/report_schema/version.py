"""Which version of the documents this is."""

FORMAT = 2
"""Of `report.json` and of comparisons; it grows where a key changes its meaning or goes."""
