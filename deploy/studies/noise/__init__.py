"""What frames of noise do to answers and to the likeness of spike trains."""
