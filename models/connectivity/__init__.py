"""Who is connected to whom, with which weights: symbolic for as long as it can be."""

from .composition import compose as compose
from .connectivity import Connectivity as Connectivity
from .convolution import Convolution as Convolution
from .convolution import window_count as window_count
from .dense import Dense as Dense
from .one_to_one import OneToOne as OneToOne
from .pool import Pool as Pool
from .selection import Selection as Selection
from .sparse_matrix import Sparse as Sparse
