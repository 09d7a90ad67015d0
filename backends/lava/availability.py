"""Whether Lava can be used here, found out without importing it: that takes seconds."""

from __future__ import annotations

import sys
from importlib import metadata, util

# `pip install --no-deps` leaves these out; as module and distribution.
_NEEDS = {
    "numpy": "numpy",
    "scipy": "scipy",
    "networkx": "networkx",
    "sklearn": "scikit-learn",
    "asteval": "asteval",
    "cloudpickle": "cloudpickle",
}
LAVA_VERSION = "0.10.0"
INSTALL_COMMAND = f"pip install --no-deps --ignore-requires-python lava-nc=={LAVA_VERSION}"


def lava_problem() -> str | None:
    """Why Lava cannot be used here, with the command that helps; None where it can.

    Another package called `lava` does not count; a Lava of another version does not either, since the integer rules
    were compared with those of one version.
    """
    if sys.platform == "win32":
        return "Lava runs are supervised by means that Windows lacks: use Linux, macOS or WSL."
    try:
        version = metadata.version("lava-nc")
    except metadata.PackageNotFoundError:
        return f"Lava is not installed: {INSTALL_COMMAND}"
    if version != LAVA_VERSION:
        return (
            f"Lava {version} is installed, this version of Spikeloom was tried with {LAVA_VERSION}: {INSTALL_COMMAND}"
        )
    missing = [distribution for module, distribution in _NEEDS.items() if util.find_spec(module) is None]
    if missing:
        return f"Lava lacks {', '.join(missing)}: pip install {' '.join(missing)}"
    return None
