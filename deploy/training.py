"""Training a model of the zoo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models.errors import BackendMissingError, UsageError

if TYPE_CHECKING:
    from .progress import Progress


def train_model(name: str, out: Path, seed: int, epochs: int | None, progress: Progress) -> dict[str, Any]:
    """Train a model, write its `.nir` file and, beside it, its card.

    Returns
    -------
    The card: accuracy, spikes, seed, command, versions.

    Raises
    ------
    UsageError : the zoo has no such model.
    BackendMissingError : PyTorch is not installed.
    """
    if name != "digits":
        raise UsageError(f"The zoo has no model {name!r}; it has 'digits'.")
    try:
        from ..models.zoo import digits
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise BackendMissingError("Training needs PyTorch: pip install 'spikeloom[torch]'.") from None
    total = epochs or digits.EPOCHS
    advance = progress.stage(f"training {name}", total)
    return digits.train(seed, total, out=out, card=out.with_suffix(".json"), progress=lambda *done: advance(1))
