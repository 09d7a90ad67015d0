"""Data sets by name: images, generated tasks and event streams; nothing is ever downloaded."""

from .catalogue import dataset_names, dataset_summaries, load_dataset, load_recordings
from .dataset import Dataset, Split
from .recordings import EventDataset, Recordings

__all__ = [
    "Dataset",
    "EventDataset",
    "Recordings",
    "Split",
    "dataset_names",
    "dataset_summaries",
    "load_dataset",
    "load_recordings",
]
