"""The targets that `--target` names."""

from __future__ import annotations

from ..models.errors import UsageError

SEPARATOR = ","


def split_targets(targets: str) -> list[str]:
    """One name or several, such as "loihi2,spinnaker1".

    Raises
    ------
    UsageError : one is empty, or named twice.
    """
    names = [name.strip() for name in targets.split(SEPARATOR)]
    if "" in names:
        raise UsageError(f"--target {targets}: a name is missing beside a comma.")
    if len(set(names)) < len(names):
        raise UsageError(f"--target {targets}: a target is named twice.")
    return names
