"""NIR: the file, what it leaves open, its operators and neurons, and repairs of what other tools write."""

from .options import NirOptions as NirOptions
from .reader import read_nir as read_nir
from .reader import time_step as time_step
