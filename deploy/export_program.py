"""Writing a deployment for another tool."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..backends.pynn.script import SCRIPT_NAME, Written, refuse, write_script
from ..backends.simulator.simulate import Simulator
from ..models.decision import decide
from ..models.errors import UsageError
from .artifact.artifact import load_program, refuse_within
from .artifact.folder_replacement import check_replaceable, replace_folder
from .artifact.manifest import MANIFEST_NAME
from .rerun import prepared_data

DEFAULT_SAMPLES = 50


def export_program(folder: Path, out: Path, data: Path | None = None, samples: int = DEFAULT_SAMPLES) -> Written:
    """Write a deployment as a PyNN script with its arrays, whole or not at all.

    Parameters
    ----------
    folder : an artifact.
    out : the folder to write; what an export wrote there before is replaced.
    data : an `.npz` as for the deployment; None for the data of a built-in model.
    samples : how many of its samples go along, from the first on.

    Raises
    ------
    UnsupportedModelError : PyNN cannot say something of the network; lists all of it.
    DataError : the data does not suit the program.
    UsageError : `folder` is no deployment, or `out` cannot be written to.
    """
    if not folder.is_dir():
        raise UsageError(
            f"--to pynn writes a deployment, and {folder} is no folder: deploy the model first "
            f"(spikeloom deploy {folder} --target ... --out DIR), then export DIR."
        )
    program = load_program(folder)
    refuse_within(folder, out)
    _check_destination(out)
    refuse(program, str(folder))
    recordings = prepared_data(folder, data, samples, program)
    inputs = program.code.encode(recordings.x)
    activity = Simulator(program.network).run(inputs).activity[program.network.output]
    expected = decide(activity, program.decision)
    labels = None if recordings.y is None else np.asarray(recordings.y)
    written: list[Written] = []
    replace_folder(out, lambda place: written.append(write_script(program, place, inputs, expected, labels)))
    return written[0]


def export_summary(out: Path, written: Written) -> tuple[str, ...]:
    """What to tell of an export: the folder first, then a sentence each."""
    return (
        f"{out} written.",
        f"{written.samples} samples, {written.synapses:,} synapses; run it with",
        f"python {out / SCRIPT_NAME} brian2|nest|spiNNaker",
        *written.notes,
    )


def _check_destination(out: Path) -> None:
    """Refuse a file, and a folder with something else in it than an export."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out needs a folder, for --to pynn writes a script and its arrays.")
    if out.is_dir() and any(out.iterdir()) and ((out / MANIFEST_NAME).exists() or not (out / SCRIPT_NAME).is_file()):
        raise UsageError(f"{out} holds files that are no export; choose another folder with --out.")
    check_replaceable(out)
