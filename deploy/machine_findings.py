"""What the machine has that Spikeloom works with: processors, memory, disk, shared memory, a place for machine code."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ..backends.simulator.simulate import processors
from ..models.compiled_code import cache_folder
from .finding import Finding, State

GIGABYTE = 1e9
ENOUGH_MEMORY = 2.0  # GB free; the network of `make demo` takes 0.4, one of a full board several
ENOUGH_DISK = 1.0  # GB free; an artifact takes some MB, machine code some hundred
ENOUGH_SHARED = 0.06  # GB; a container's usual 64 MB do for small networks in Lava
SHARED_MEMORY = Path("/dev/shm")
MEMORY_OF_LINUX, AVAILABLE = Path("/proc/meminfo"), "MemAvailable:"
LIMITS_OF_A_CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_findings() -> tuple[Finding, ...]:
    """Look at the machine; what it has little of makes things slow, or networks too large for it."""
    return (_processors(), _memory(), _disk("disk", Path.cwd()), _temporary(), _shared_memory(), _machine_code())


def _processors() -> Finding:
    count = processors()
    remedy = "" if count > 1 else "with one everything takes longer; nothing is refused"
    return Finding("processors", State.OK if count > 1 else State.SCARCE, str(count), remedy)


def _memory() -> Finding:
    free, total = available_memory(), _total_memory()
    if free is None or total is None:
        return Finding("memory", State.OK, "this system does not say how much")
    said = f"{free:.1f} GB free of {total:.1f}"
    if free < ENOUGH_MEMORY:
        return Finding("memory", State.SCARCE, said, "end other programs, or use fewer --samples and --processes")
    return Finding("memory", State.OK, said)


def available_memory() -> float | None:
    """GB that programs can still get; None where the system does not say."""
    try:
        lines = MEMORY_OF_LINUX.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    kilobytes = next((int(line.split()[1]) for line in lines if line.startswith(AVAILABLE)), None)
    if kilobytes is None:
        return None
    total = _total_memory()
    free = kilobytes * 1024 / GIGABYTE
    return free if total is None else min(free, total)


def _total_memory() -> float | None:
    """GB of the machine, or of the container that this runs in."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIGABYTE
    except (ValueError, OSError):
        return None
    for file in LIMITS_OF_A_CONTAINER:
        try:
            text = file.read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if text.isdigit():  # and not "max"
            total = min(total, int(text) / GIGABYTE)
    return total


def _temporary() -> Finding:
    try:
        folder = Path(tempfile.gettempdir())
    except OSError as error:  # no place at all can be written to
        return Finding("temporary files", State.MISSING, remedy=f"{error.strerror}: name a folder in TMPDIR")
    return _disk("temporary files", folder)


def _disk(name: str, folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free / GIGABYTE
    except OSError as error:
        return Finding(name, State.SCARCE, str(folder), f"it cannot be read: {error.strerror}")
    said = f"{free:.1f} GB free in {folder}"
    if free < ENOUGH_DISK:
        return Finding(name, State.SCARCE, said, "make room, or work in another folder (--out, TMPDIR)")
    return Finding(name, State.OK, said)


def _shared_memory() -> Finding:
    """Through which Lava's processes talk."""
    if not SHARED_MEMORY.is_dir():
        return Finding("shared memory", State.OK, f"this system has no {SHARED_MEMORY}, and needs none")
    free = shutil.disk_usage(SHARED_MEMORY).free / GIGABYTE
    said = f"{free:.2f} GB free in {SHARED_MEMORY}"
    if not os.access(SHARED_MEMORY, os.W_OK) or free < ENOUGH_SHARED:
        remedy = f"only Lava needs it: make {SHARED_MEMORY} larger, in a container with --shm-size=1g"
        return Finding("shared memory", State.SCARCE, said, remedy)
    return Finding("shared memory", State.OK, said)


def _machine_code() -> Finding:
    """Where compiled kernels are kept."""
    folder = cache_folder("machine-code-of-nothing")
    lasting = folder.parent.name == "spikeloom"
    place = str(folder.parent if lasting else folder)
    if lasting:
        folder.rmdir()
        return Finding("machine code", State.OK, place)
    remedy = "it lasts for one command, which compiles all anew: name a folder that you may write to in XDG_CACHE_HOME"
    return Finding("machine code", State.SCARCE, place, remedy)
