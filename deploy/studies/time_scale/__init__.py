"""Whether networks work at integration times that they were not trained at."""
