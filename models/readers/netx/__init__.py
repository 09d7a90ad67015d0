"""lava-dl's `.net` files: the file, its fields, what it leaves open, its layers and neurons."""

from .options import NetxOptions as NetxOptions
from .reader import read_net as read_net
from .transform import InputTransform as InputTransform
from .transform import read_input_transform as read_input_transform
