"""Operators of TensorFlow Lite that are not built in, and what is known of them.

Source: the kernels that TensorFlow Lite, its tasks library and MediaPipe register under a name.
"""

from __future__ import annotations

from modelwarden.artifacts.known.tensorflow_ops import CORE_OPS, FILE_OPS, OPAQUE_OPS, PYTHON_OPS

_FLEX = "Flex"
# Kernels that compute and nothing else, in the libraries that run such models.
KNOWN = frozenset(
    """
    TFLite_Detection_PostProcess AudioSpectrogram Mfcc Convolution2DTransposeBias
    MaxPoolingWithArgmax2D MaxUnpooling2D TransformLandmarks TransformTensorBilinear
    Landmarks2TransformMatrix Resampler AccumulateNd NGrams SgnnProjection NumericVerify
    RandomStandardNormal RandomUniform Multinomial Irfft2d Rfft2d Roll Cumsum AvgPool3D MaxPool3D
    """.split()
)


def reaches_out(name: str) -> bool:
    """Tell whether an operator of TensorFlow runs Python, opens files or connects."""
    return name.startswith(_FLEX) and name.removeprefix(_FLEX) in FILE_OPS | PYTHON_OPS


def is_known(name: str) -> bool:
    """Tell whether a library that we know has the operator, and it only computes."""
    inner = name.removeprefix(_FLEX)
    flex = name.startswith(_FLEX) and inner in CORE_OPS and inner not in OPAQUE_OPS
    return flex or name in KNOWN
