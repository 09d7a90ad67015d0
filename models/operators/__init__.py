"""The operators of a graph: what a node does to what arrives, and the shape that comes out.

Shapes leave out samples and time: (channels, *size) or (neurons,).
"""

from .elementwise import Scale as Scale
from .elementwise import Select as Select
from .ends import Input as Input
from .ends import Output as Output
from .layout import Flatten as Flatten
from .layout import Identity as Identity
from .layout import Reshape as Reshape
from .operator import LinearOperator as LinearOperator
from .operator import Operator as Operator
from .operator import Shape as Shape
from .operator import ShapeError as ShapeError
from .rectifying import MaxPool as MaxPool
from .rectifying import Rectifier as Rectifier
from .temporal import Delay as Delay
from .temporal import Neurons as Neurons
from .weighted import Convolution as Convolution
from .weighted import Linear as Linear
from .weighted import Pool as Pool
from .weighted import TransposedConvolution as TransposedConvolution
