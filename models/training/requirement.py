"""Whether there is what training needs, without importing it."""

from __future__ import annotations

import importlib.util

from ..errors import BackendMissingError


def require_torch() -> None:
    """Refuse in one sentence what cannot be done without PyTorch.

    Raises
    ------
    BackendMissingError : PyTorch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise BackendMissingError("Training needs PyTorch: pip install 'spikeloom[torch]'.")
