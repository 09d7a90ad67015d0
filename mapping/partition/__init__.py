"""Which neurons share a core: several ways to choose, one interface."""
