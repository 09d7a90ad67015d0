"""The independent checker: what a mapping needs, counted in its own way from the weights and the neurons of each core.

It shares no code with the partitioners, their account (`resources.py`, `synaptic_memory.py`, `tiles.py`) and the
routing, so that a mistake there does not pass here. Real routing tables are made with that code, for there is only one
set of them; what they have to do is found here, and whether they do it.
"""

from .checker import check as check
from .checker import check_cores as check_cores
from .needs import Needs as Needs
