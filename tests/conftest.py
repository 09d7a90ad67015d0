"""What all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real models and recordings that are not part of the repository; skips where it is absent."""
    beside_the_repository = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SPIKELOOM_DATA") or beside_the_repository)
    if not folder.is_dir():
        pytest.skip(f"{folder} does not exist; the variable SPIKELOOM_DATA names the folder of real models and data")
    return folder
