"""The pipeline: from a model file and data to an artifact and a report."""
