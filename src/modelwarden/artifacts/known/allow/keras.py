"""What honest pickles use of Keras and TensorFlow: element types and shapes.

Keras models pickle as an archive that is loaded by a function; that stays unknown, because the
archive may hold Lambda layers.
"""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "tensorflow.python.framework.dtypes",
        "DType as_dtype",
        "an element type by its number or name",
    ),
    Allow("tensorflow.python.framework.tensor_shape", "TensorShape Dimension", "a shape"),
    Allow(
        "tensorflow.python.trackable.data_structures "
        "tensorflow.python.training.tracking.data_structures",
        "ListWrapper _DictWrapper _TupleWrapper",
        "a container that stores its arguments",
    ),
)
