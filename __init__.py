"""Spikeloom puts trained networks on neuromorphic chips, or says exactly why they do not fit.

    import spikeloom

    graph = spikeloom.load("network.nir", reset="subtract")
    spikeloom.check("network.nir", target="loihi2").fits
    report = spikeloom.deploy("network.nir", data="recordings.npz", out="build/network")

Options are those of the command line; mistakes raise `spikeloom.SpikeloomError`.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, which would take longer to import than all else here
if TYPE_CHECKING:
    from typing import Any

    from . import deploy
    from .deploy.api import check, load
    from .models.errors import SpikeloomError

    __version__: str

__all__ = ["SpikeloomError", "__version__", "check", "deploy", "load"]

_HOMES = {"SpikeloomError": ".models.errors", "check": ".deploy.api", "load": ".deploy.api"}


def __getattr__(name: str) -> Any:
    """Look names up only when somebody asks, so that `import spikeloom` takes no time."""
    if name == "__version__":
        from importlib.metadata import version

        return version("spikeloom")
    if name == "deploy":  # the package, which can be called
        return import_module(".deploy", __name__)
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
