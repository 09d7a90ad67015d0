"""Files that the user brings: each format, written small here, and what can be wrong with it."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from spikeloom.models.datasets import load_dataset, load_recordings
from spikeloom.models.errors import DataError, UsageError

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def saccade_events(*events: tuple[int, int, int, int]) -> bytes:
    """N-MNIST's five bytes of x, y, polarity and microseconds each."""
    return b"".join(
        bytes([x, y, polarity << 7 | time >> 16, time >> 8 & 0xFF, time & 0xFF]) for x, y, polarity, time in events
    )


@pytest.fixture
def saccades(tmp_path: Path) -> Path:
    for part in ("Train", "Test"):
        for digit in range(10):
            for number in range(2):
                content = saccade_events((digit, 33, 1, 70_000), (0, 240, 0, 0), (33, number, 0, 100_000))
                write(tmp_path / "NMNIST" / part / str(digit) / f"0000{number}.bin", content)
    return tmp_path


def test_neuromorphic_mnist(saccades: Path) -> None:
    data = load_recordings("n-mnist", saccades)
    assert data.train.samples == 20 and data.train.labels.tolist() == [digit for digit in range(10) for _ in range(2)]
    times, (polarity, row, column) = data.test.events(7)
    assert times.tolist() == [70_000, 100_000 + 8192]  # the clock ran over in between
    assert polarity.tolist() == [1, 0] and row.tolist() == [33, 1] and column.tolist() == [3, 33]
    assert data.duration == 108_193
    frames = load_dataset("n-mnist", saccades / "NMNIST", integration=10_000, train_samples=10, test_samples=10)
    assert frames.train.x.shape == (10, 11, 2, 34, 34) and frames.train.x.sum() == 20
    assert frames.train.y.tolist() == list(range(10)) and frames.test.x[4, 7, 1, 33, 4] == 1


def polarity_packet(
    events: list[tuple[int, int, int, int]], overruns: int = 0, kind: int = 1, counts: int = 1
) -> bytes:
    words = [struct.pack("<II", x << 17 | y << 2 | p << 1 | counts, time) for time, x, y, p in events]
    return struct.pack("<HHIIIIII", kind, 0, 8, 4, overruns, len(words), len(words), len(words)) + b"".join(words)


AEDAT = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"


@pytest.fixture
def trials(tmp_path: Path) -> Path:
    folder = tmp_path / "DvsGesture"
    for part, name in (("train", "user01_led"), ("test", "user24_lab")):
        write(folder / f"trials_to_{part}.txt", f"{name}.aedat\n".encode())
        table = "class,startTime_usec,endTime_usec\n1,100,200\n11,200,2147483748\n"
        write(folder / f"{name}_labels.csv", table.encode())
        packets = [
            polarity_packet([(50, 1, 1, 0), (120, 5, 127, 1), (130, 127, 0, 0)]),
            polarity_packet([(140, 9, 9, 1)], kind=6),
            polarity_packet([(150, 9, 9, 1)], counts=0),
            polarity_packet([(90, 8, 4, 1)], overruns=1),
            polarity_packet([(250, 4, 8, 0)]),
        ]
        write(folder / f"{name}.aedat", AEDAT + b"".join(packets))
    return tmp_path


def test_gestures_as_recorded(trials: Path) -> None:
    data = load_recordings("dvs128-gesture", trials, downsampling=1)
    assert data.train.labels.tolist() == [0, 10] and data.classes == 11
    times, (polarity, row, column) = data.train.events(0)
    assert times.tolist() == [0, 10] and polarity.tolist() == [1, 0]
    assert row.tolist() == [127, 0] and column.tolist() == [5, 127]
    times, (polarity, row, column) = data.train.events(1)
    assert times.tolist() == [2**31 + 90 - 250, 0]  # a clock of 31 bits that ran over
    assert row.tolist() == [4, 8] and column.tolist() == [8, 4]


@pytest.fixture
def gestures(tmp_path: Path) -> Path:
    for part in ("Train", "Test"):
        for label in (0, 10):
            path = tmp_path / f"ibmGesture{part}" / "user01_led" / f"{label}.npy"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, np.array([[8, 127, 1, 40], [3, 4, 0, 43]]))
    return tmp_path


def test_gestures_cut_already(gestures: Path) -> None:
    data = load_recordings("dvs128-gesture", gestures)
    times, (polarity, row, column) = data.test.events(1)
    assert data.test.labels.tolist() == [0, 10] and data.test.shape == (2, 32, 32)
    assert times.tolist() == [0, 3000] and polarity.tolist() == [1, 0]
    assert row.tolist() == [31, 1] and column.tolist() == [2, 0]
    with pytest.raises(UsageError, match="downsampling 3 does not divide the 128 pixels"):
        load_recordings("dvs128-gesture", gestures, downsampling=3)


def write_spikes(path: Path, times: list[list[float]], units: list[list[int]], labels: list[int]) -> Path:
    with h5py.File(path, "w") as file:
        for name, rows, kind in (("times", times, np.float16), ("units", units, np.uint16)):
            held = file.create_dataset(f"spikes/{name}", (len(rows),), h5py.vlen_dtype(kind))
            for index, row in enumerate(rows):
                held[index] = np.array(row, dtype=kind)
        file["labels"] = np.array(labels, dtype=np.uint16)
    return path


@pytest.mark.parametrize(("name", "classes"), [("shd", 20), ("ssc", 35)])
def test_spoken_words(tmp_path: Path, name: str, classes: int) -> None:
    for part in ("train", "test"):
        write_spikes(tmp_path / f"{name}_{part}.h5", [[0.5, 0.25], [], [1.0]], [[699, 0], [], [7]], [classes - 1, 0, 1])
    data = load_recordings(name, tmp_path)
    assert data.classes == classes and data.train.labels.tolist() == [classes - 1, 0, 1]
    times, (channel,) = data.train.events(0)
    assert times.tolist() == [500_000, 250_000] and channel.tolist() == [699, 0]
    assert data.train.events(1)[0].size == 0
    frames = load_dataset(name, tmp_path, integration=10_000, test_samples=1)
    assert frames.train.x.shape == (3, 101, 700) and frames.train.x[0, 25, 0] == 1 and frames.train.x[2, 100, 7] == 1
    assert frames.test.samples == 1


def image(label: int, red: int) -> bytes:
    return bytes([label]) + bytes([red] * 1024) + bytes(range(256)) * 4 + bytes(1024)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for batch in range(1, 6):
        write(tmp_path / "cifar-10-batches-bin" / f"data_batch_{batch}.bin", image(batch, 255) + image(0, batch))
    write(tmp_path / "cifar-10-batches-bin" / "test_batch.bin", image(9, 51))
    return tmp_path


def test_cifar(pictures: Path) -> None:
    data = load_dataset("cifar-10", pictures)
    assert data.train.x.shape == (10, 3, 32, 32) and data.train.y.tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    assert data.test.x.dtype == np.float32 and (data.test.x[0, 0] == np.float32(0.2)).all()
    assert data.test.x[0, 1, 0, 5] == np.float32(5 / 255) and data.test.x[0, 1, 1, 0] == np.float32(32 / 255)
    assert load_dataset("cifar-10", pictures, train_samples=2).train.samples == 2


class Boom:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return (exec, ("raise SystemExit('a pickle was run')",))


def test_pickles_are_never_run(tmp_path: Path, gestures: Path) -> None:
    write(tmp_path / "python" / "data_batch_1", pickle.dumps(Boom()))
    with pytest.raises(DataError, match="whose pickles are not read; bring the binary version"):
        load_dataset("cifar-10", tmp_path / "python")
    np.save(gestures / "ibmGestureTrain" / "user01_led" / "0.npy", np.array([Boom()]), allow_pickle=True)
    with pytest.raises(DataError, match="is truncated or no NumPy array of numbers"):
        load_recordings("dvs128-gesture", gestures)
    write(gestures / "ibmGestureTrain" / "user01_led" / "0.npy", pickle.dumps(Boom()))
    with pytest.raises(DataError, match="is truncated or no NumPy array of numbers"):
        load_recordings("dvs128-gesture", gestures)


@pytest.mark.parametrize("name", ["n-mnist", "dvs128-gesture", "shd", "ssc", "cifar-10"])
def test_folders_that_hold_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"{name}: there is no folder"):
        load_dataset(name, tmp_path / "nowhere")
    with pytest.raises(DataError, match=f"{name}: .* has no .* and no .*; name the folder that holds"):
        load_dataset(name, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (POINTER, "is a git-LFS pointer, not the data: run `git lfs pull`"),
        (b"123456", "is truncated: 6 bytes are no whole number of events of 5 bytes"),
        (saccade_events((34, 0, 0, 0)), "events beyond 34 x 34 pixels"),
    ],
)
def test_what_is_wrong_with_neuromorphic_mnist(saccades: Path, content: bytes, message: str) -> None:
    write(saccades / "NMNIST" / "Train" / "3" / "00000.bin", content)
    with pytest.raises(DataError, match=f"n-mnist: .*00000.bin {message}|00000.bin is no such recording: .*{message}"):
        load_dataset("n-mnist", saccades)


def test_neuromorphic_mnist_without_recordings(tmp_path: Path) -> None:
    for part in ("Train", "Test"):
        (tmp_path / part / "0").mkdir(parents=True)
    with pytest.raises(DataError, match=r"Train has no recordings; they are called 0/00002\.bin"):
        load_dataset("n-mnist", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("user01_led.aedat", POINTER, "is a git-LFS pointer"),
        ("user01_led.aedat", b"#!AER-DAT2.0\r\n", "is no AEDAT 3.1 file"),
        ("user01_led.aedat", AEDAT[:-5], "is no AEDAT 3.1 file"),
        ("user01_led.aedat", AEDAT + polarity_packet([(1, 1, 1, 1)])[:20], "is truncated: it ends within a packet"),
        ("user01_led.aedat", AEDAT + polarity_packet([(1, 1, 1, 1)])[:-1], "is truncated: it ends within a packet"),
        ("user01_led.aedat", AEDAT + polarity_packet([(1, 128, 1, 1)]), "events beyond 128 x 128 pixels"),
        ("user01_led_labels.csv", b"class,start,end\n12,1,2\n", "has the class 12, but they are 1 to 11"),
        ("user01_led_labels.csv", b"class,start,end\n1,x\n", "has a row '1,x'; class, begin and end are needed"),
        ("trials_to_train.txt", b"", "names no gestures"),
        ("trials_to_train.txt", b"user99_led.aedat", "user99_led_labels.csv cannot be read: No such file"),
    ],
)
def test_what_is_wrong_with_recorded_gestures(trials: Path, name: str, content: bytes, message: str) -> None:
    write(trials / "DvsGesture" / name, content)
    with pytest.raises(DataError, match=message):
        load_recordings("dvs128-gesture", trials)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3)), "columns for x, y, polarity and milliseconds"),
        (np.array([["a"] * 4]), "columns for x, y, polarity and milliseconds"),
        (np.array([[0, 0, 0, np.nan]]), "not finite"),
        (np.array([[128, 0, 0, 1]]), "events beyond 128 x 128 pixels of 2 polarities"),
        (np.array([[0, 0, 2, 1]]), "events beyond 128 x 128 pixels of 2 polarities"),
    ],
)
def test_what_is_wrong_with_cut_gestures(gestures: Path, array: Any, message: str) -> None:
    np.save(gestures / "ibmGestureTest" / "user01_led" / "0.npy", array)
    with pytest.raises(DataError, match=message):
        load_recordings("dvs128-gesture", gestures)


def test_a_gesture_that_declares_more_than_it_holds(gestures: Path) -> None:
    path = gestures / "ibmGestureTest" / "user01_led" / "0.npy"
    header = np.lib.format.header_data_from_array_1_0(np.empty((1, 4)))
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {**header, "shape": (10**10, 4)})
        file.write(bytes(1000))
    with pytest.raises(DataError, match="truncated or no NumPy array"):
        load_recordings("dvs128-gesture", gestures)


def test_gestures_that_are_missing(tmp_path: Path) -> None:
    for part in ("Train", "Test"):
        (tmp_path / f"ibmGesture{part}").mkdir()
    with pytest.raises(DataError, match=r"has no gestures; they are called user01_fluorescent/0.npy"):
        load_recordings("dvs128-gesture", tmp_path)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-600])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(POINTER), "is a git-LFS pointer"),
        (lambda path: path.write_bytes(b"PK\3\4"), "is truncated or no HDF5 file; unpack it if it is packed"),
        (truncate, "is truncated or no HDF5 file"),
        (lambda path: h5py.File(path, "w").close(), "has no spikes/times; it is no file of these spikes"),
        (lambda path: write_spikes(path, [[0.1]], [[700]], [0]), "spikes before 0 s or outside of 700 channels"),
        (lambda path: write_spikes(path, [[-0.1]], [[7]], [0]), "spikes before 0 s"),
        (lambda path: write_spikes(path, [[0.1, 0.2]], [[7]], [0]), "a sample of 2 times and 1 channels"),
        (lambda path: write_spikes(path, [[0.1]], [[7]], [0, 1]), "not as many labels as samples"),
        (lambda path: write_spikes(path, [[0.1]], [[7]], [20]), "label 20 is none of the 20 classes"),
    ],
)
def test_what_is_wrong_with_spoken_words(tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    for part in ("train", "test"):
        write_spikes(tmp_path / f"shd_{part}.h5", [[0.5]], [[699]], [19])
    spoil(tmp_path / "shd_test.h5")
    with pytest.raises(DataError, match=f"shd.*{message}"):
        load_dataset("shd", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (POINTER, "is a git-LFS pointer"),
        (image(1, 1)[:-1], "is truncated: 3072 bytes are no whole number of images of 3073"),
        (b"", "is truncated: 0 bytes"),
        (image(10, 1), "label 10 is none of the 10 classes"),
    ],
)
def test_what_is_wrong_with_cifar(pictures: Path, content: bytes, message: str) -> None:
    write(pictures / "cifar-10-batches-bin" / "data_batch_3.bin", content)
    with pytest.raises(DataError, match=f"cifar-10: .*{message}"):
        load_dataset("cifar-10", pictures)
