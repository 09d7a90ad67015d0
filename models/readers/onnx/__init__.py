"""ONNX: the file and its weights, what it leaves open, folding, and each operator's meaning in a graph."""

from .options import OnnxOptions as OnnxOptions
from .reader import read_onnx as read_onnx
