"""Packages that are builds of one code base under several names, so they share its weaknesses.

Advisories are filed under some of the names only: `opencv-python` has three times the records of
`opencv-python-headless`, `mlflow-skinny` has none. What is filed under a sibling is reported as
"same code as", with lower confidence.
"""

from __future__ import annotations

from functools import cache

FAMILIES: tuple[tuple[str, ...], ...] = (
    (
        "tensorflow",
        "tensorflow-cpu",
        "tensorflow-gpu",
        "tensorflow-intel",
        "tensorflow-macos",
        "tensorflow-rocm",
        "tensorflow-cpu-aws",
        "tensorflow-aarch64",
        "intel-tensorflow",
    ),
    (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    ("mlflow", "mlflow-skinny", "mlflow-tracing"),
    ("paddlepaddle", "paddlepaddle-gpu"),
    ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
    ("xgboost", "xgboost-cpu"),
    ("faiss", "faiss-cpu", "faiss-gpu"),
    ("pillow", "pillow-simd"),
    ("psycopg2", "psycopg2-binary"),
)


@cache
def _of() -> dict[str, tuple[str, ...]]:
    return {name: family for family in FAMILIES for name in family}


def siblings(name: str) -> tuple[str, ...]:
    """Return the other names of a package's code, by normalised name.

    >>> siblings("mlflow-skinny")
    ('mlflow', 'mlflow-tracing')
    """
    return tuple(other for other in _of().get(name, ()) if other != name)


def head_of(name: str) -> str:
    """Return the name that stands for a package's whole family; its own when it has none."""
    return _of().get(name, (name,))[0]
