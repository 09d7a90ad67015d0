"""Whether there is what training needs, without importing it."""

from __future__ import annotations

from ..errors import BackendMissingError


def require_torch() -> None:
    """Refuse in one sentence what cannot be done without PyTorch.

    Raises
    ------
    BackendMissingError : PyTorch is not installed.
    """
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise BackendMissingError("Training needs PyTorch: pip install 'spikeloom[torch]'.") from None
