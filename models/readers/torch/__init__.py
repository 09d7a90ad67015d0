"""Reading PyTorch: modules, exported programs and checkpoints, with neurons of four libraries or without."""

from .checkpoint import read_checkpoint as read_checkpoint
from .exported_file import read_exported as read_exported
from .module_reader import read_module as read_module
from .options import TorchOptions as TorchOptions
