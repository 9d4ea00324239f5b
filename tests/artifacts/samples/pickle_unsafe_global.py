"""Samples of `pickle-unsafe-global`."""

import collections
import os
import pickle
from pathlib import Path

EXPECT = {"global": "posix.system", "call": "posix.system('true')", "severity": "critical"}


class _Payload:
    def __reduce__(self):
        return os.system, ("true",)


def bad(folder: Path) -> str:
    weights = {"layer": [0.5, 0.25], "history": _Payload()}
    (folder / "model.pkl").write_bytes(pickle.dumps(weights))
    return "model.pkl"


def good(folder: Path) -> None:
    weights = collections.OrderedDict(layer=[0.5], note="os.system('true')")
    (folder / "model.pkl").write_bytes(pickle.dumps(weights))
