"""What honest joblib files use of joblib: the wrappers that stand for arrays."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "joblib.numpy_pickle joblib.numpy_pickle_compat",
        "NumpyArrayWrapper",
        "stands for an array whose bytes follow; the reader steps over them and examines objects "
        "in it",
        STORED,
    ),
    Allow(
        "joblib.numpy_pickle joblib.numpy_pickle_compat",
        "NDArrayWrapper ZNDArrayWrapper",
        "stands for an array in a file beside this one; the name of the file is judged",
        STORED,
    ),
    Allow(
        "joblib.memory joblib._store_backends",
        "Memory FileSystemStoreBackend",
        "settings of a cache; restoring them touches no file",
        STORED,
    ),
)
