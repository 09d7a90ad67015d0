"""Spikeloom puts trained networks on neuromorphic chips, or says exactly why they do not fit."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Look the version up only when somebody asks: reading the metadata takes longer than the rest of this import."""
    if name == "__version__":
        from importlib.metadata import version

        return version("spikeloom")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
