"""Versions of what results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("spikeloom", "numpy", "scipy", "numba", "nir", "pymetis", "mtkahypar", "lava-nc")
TRAINING = ("torch",)


def package_versions(*, training: bool = False) -> dict[str, str]:
    """Python's, and those of the packages that are installed.

    Parameters
    ----------
    training : with those that only training needs.
    """
    versions = {"python": platform.python_version()}
    for package in PACKAGES + (TRAINING if training else ()):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
