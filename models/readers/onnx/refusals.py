"""Operators that are refused wherever they stand, and why."""

from __future__ import annotations

SMOOTH = "has no spiking form; train with Relu, or with Clip from 0, in its place"
AT_THE_END = f"{SMOOTH}. At the end of a network, export the network without it"
RECURRENT = "is recurrent with gates, which have no spiking form here; recurrent spiking networks are read from NIR"
CONTROL = "decides while the network runs what is computed; a chip runs all of it, always"
NORMALIZES = "divides by statistics of each sample, which a synapse cannot; train with BatchNormalization"
DYNAMIC = "quantizes by each sample's own range; quantize statically, in QDQ form"
SEQUENCES = "works on sequences, texts or sets, not on tensors of numbers"
COMPARES = "compares or selects element by element, which a synapse cannot"
RANDOM = "makes random numbers"
MULTIPLIES = "multiplies activations with one another, as attention does; a synapse has a constant weight"

REASONS = {
    "has a slope below 0, which a neuron that only sends positive numbers has not; train with Relu": (
        "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Shrink",
    ),
    AT_THE_END: ("Sigmoid", "Tanh", "HardSigmoid"),
    SMOOTH: (
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitShift", "Ceil", "Cos", "Cosh", "Erf", "Exp",
        "Floor", "Gelu", "HardSwish", "Log", "Mish", "Pow", "Reciprocal", "Round", "Sign", "Sin", "Sinh", "Softplus",
        "Softsign", "Sqrt", "SwiGLU", "Swish", "Tan",
    ),
    RECURRENT: ("GRU", "LSTM", "RNN"),
    CONTROL: ("If", "Loop", "Scan", "SequenceMap"),
    NORMALIZES: (
        "GroupNormalization", "InstanceNormalization", "LayerNormalization", "LpNormalization", "LRN",
        "MeanVarianceNormalization", "RMSNormalization",
    ),
    DYNAMIC: ("ConvInteger", "DynamicQuantizeLinear", "MatMulInteger"),
    SEQUENCES: (
        "ConcatFromSequence", "NonZero", "Optional", "OptionalGetElement", "OptionalHasElement", "RegexFullMatch",
        "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
        "SplitToSequence", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer", "Unique",
    ),
    COMPARES: (
        "And", "ArgMin", "Compress", "CumSum", "Equal", "Greater", "GreaterOrEqual", "Hardmax", "IsInf", "IsNan",
        "Less", "LessOrEqual", "Mod", "NonMaxSuppression", "Not", "OneHot", "Or", "TopK", "Where", "Xor",
    ),
    RANDOM: ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"),
    MULTIPLIES: ("Attention", "Einsum", "LinearAttention", "RotaryEmbedding"),
}  # fmt: skip

REFUSED = {kind: reason for reason, kinds in REASONS.items() for kind in kinds}


def refusal(kind: str, domain: str) -> str:
    """Why an operator that nothing reads is refused."""
    if domain == "com.microsoft" and kind.startswith(("QLinear", "QGemm", "MatMulInteger", "DynamicQuantize")):
        return "computes with integers in ONNX Runtime's own way; quantize statically, in QDQ form"
    if domain:
        return f"is an operator of {domain!r}, not of ONNX itself; export with ONNX's own operators"
    return REFUSED.get(kind, "is an operator that Spikeloom does not read")
