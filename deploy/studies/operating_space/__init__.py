"""Where a network works in the space of its time constants and thresholds, and which point to choose."""
