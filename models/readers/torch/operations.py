"""Which operation of PyTorch is read by what, and why the others cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import elementwise_operations as elementwise
from . import neuron_operations, pooling_operations, quantizer_operations, weighted_operations
from .layout_operations import CASTING, FILLING, MOVING
from .reading import Reading

Handler = Callable[[Reading, str, dict[str, Any]], Any]

HANDLERS: dict[str, Handler] = {
    "neurons": neuron_operations.neurons,
    "loop_begin": neuron_operations.loop_begin,
    "loop_end": neuron_operations.loop_end,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), weighted_operations.convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d"), weighted_operations.transposed_convolution),
    "linear": weighted_operations.linear,
    "addmm": weighted_operations.added_product,
    **dict.fromkeys(("mm", "matmul", "mv", "bmm"), weighted_operations.matrix_product),
    **dict.fromkeys(
        ("batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm"), weighted_operations.batch_norm
    ),
    **dict.fromkeys(("avg_pool1d", "avg_pool2d"), pooling_operations.average_pool),
    **dict.fromkeys(
        ("max_pool1d", "max_pool2d", "max_pool1d_with_indices", "max_pool2d_with_indices"), pooling_operations.max_pool
    ),
    **dict.fromkeys(
        ("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d"), pooling_operations.adaptive_average
    ),
    **dict.fromkeys(("adaptive_max_pool1d", "adaptive_max_pool2d"), pooling_operations.adaptive_max),
    "mean": pooling_operations.mean,
    "sum": pooling_operations.summed,
    **dict.fromkeys(("max", "amax"), pooling_operations.maximum),
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "rsub": elementwise.subtract_from,
    "mul": elementwise.multiply,
    "div": elementwise.divide,
    "neg": elementwise.negate,
    **dict.fromkeys(("relu", "relu6", "hardtanh", "clamp", "clamp_min", "clamp_max", "threshold"), elementwise.rectify),
    **dict.fromkeys(
        ("fake_quantize_per_tensor_affine", "fake_quantize_per_tensor_affine_cachemask",
         "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams"),
        quantizer_operations.there_and_back,
    ),
    "quantize_per_tensor": quantizer_operations.to_integers,
    "dequantize_per_tensor": quantizer_operations.from_integers,
    **dict.fromkeys(
        ("fake_quantize_per_channel_affine", "fake_quantize_per_channel_affine_cachemask", "quantize_per_channel",
         "dequantize_per_channel"),
        quantizer_operations.refuse_channels,
    ),
}  # fmt: skip

# What a network may end with: none of them changes which class is largest.
ENDINGS = {"softmax": "softmax", "_softmax": "softmax", "log_softmax": "log-softmax", "_log_softmax": "log-softmax",
           "argmax": "argmax", "sigmoid": "sigmoid"}  # fmt: skip
# Linear maps without a constant commute with a sum over time, those with one with a mean.
LINEAR = {"conv1d", "conv2d", "convolution", "conv_transpose1d", "conv_transpose2d", "linear", "addmm", "mm", "matmul",
          "batch_norm", "_native_batch_norm_legit_no_training", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool1d",
          "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "mean", "sum", "mul", "div", "neg"}  # fmt: skip
IGNORED = {"_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_constrain_range_for_size"}
RANDOM = {"rand", "rand_like", "randn", "randn_like", "bernoulli", "poisson", "randint", "normal", "dropout",
          "native_dropout", "uniform", "multinomial"}  # fmt: skip

NO_CURVE = "is a curve that neither a rectifier nor a neuron here has; train with ReLU or ReLU6"
BY_HAND = "compares values: a neuron written by hand cannot be read; use snnTorch, Norse, SpikingJelly or Sinabs"
BY_STATISTICS = "normalises by statistics of the data it gets; use BatchNorm, which uses stored ones in evaluation"
# Products of two tensors that both depend on the data.
PRODUCTS = {
    **dict.fromkeys(
        ("mm", "bmm", "matmul", "mv", "baddbmm"),
        "multiplies two tensors that depend on the data, as attention does; no chip here multiplies spikes",
    ),
    "mul": "multiplies two tensors that depend on the data, as gates do; no chip here multiplies spikes",
}
REASONS: dict[str, str] = {
    **dict.fromkeys(
        ("leaky_relu", "prelu", "rrelu", "rrelu_with_noise", "elu", "selu", "celu", "gelu", "silu", "tanh", "softplus",
         "mish", "hardswish", "hardsigmoid", "softsign", "log_sigmoid", "hardshrink", "softshrink", "tanhshrink",
         "erf", "exp", "log", "sqrt", "rsqrt", "pow", "sin", "cos", "glu", "abs"),
        NO_CURVE,
    ),
    **dict.fromkeys(
        ("gt", "ge", "lt", "le", "eq", "ne", "sign", "heaviside", "where", "maximum", "minimum", "round", "floor",
         "ceil", "trunc", "masked_fill", "logical_and", "logical_or", "logical_not", "bitwise_and"),
        BY_HAND,
    ),
    **dict.fromkeys(
        ("layer_norm", "native_layer_norm", "group_norm", "native_group_norm", "instance_norm", "rms_norm", "var",
         "std", "var_mean", "linalg_vector_norm", "local_response_norm"),
        BY_STATISTICS,
    ),
    **dict.fromkeys(
        ("lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"),
        "is a recurrent cell with gates or curves; use recurrent spiking neurons",
    ),
    **dict.fromkeys(
        ("scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu", "baddbmm"),
        "is attention, which multiplies tensors that depend on the data; no chip here multiplies spikes",
    ),
    "embedding": "looks up rows by numbers; feed the rows themselves",
    **dict.fromkeys(("conv_transpose3d", "avg_pool3d", "max_pool3d", "max_pool3d_with_indices"),
                    "works over 3 axes; 1 or 2 can be deployed"),
    **dict.fromkeys(("upsample_bilinear2d", "upsample_bicubic2d", "grid_sampler"), "interpolates; use nearest"),
    "cumsum": "sums over past steps or elements; use neurons that integrate",
    **dict.fromkeys(sorted(RANDOM), "is random; encode the data before it enters the network"),
}  # fmt: skip


def known(kind: str) -> bool:
    """Whether an operation is read, or refused for a reason of its own."""
    tables = (HANDLERS, MOVING, CASTING, FILLING, ENDINGS, REASONS, PRODUCTS, IGNORED, RANDOM)
    return any(kind in table for table in tables)


def reason_against(kind: str) -> str:
    """Why an operation cannot be read."""
    return REASONS.get(kind, "is an operation that Spikeloom does not know; build it from linear maps and ReLU")
