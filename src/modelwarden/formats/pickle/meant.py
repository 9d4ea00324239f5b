"""Whether bytes that could be read as a pickle were meant to be one."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from modelwarden.core import UseKind

if TYPE_CHECKING:
    from modelwarden.formats.pickle.uses import Use

_WORD: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")
_MODULES: Final = frozenset(
    {*sys.stdlib_module_names, "__builtin__", "copy_reg", "commands", "cPickle", "StringIO"}
    | {
        "numpy",
        "torch",
        "sklearn",
        "scipy",
        "pandas",
        "joblib",
        "tensorflow",
        "keras",
        "setuptools",
    }
    | {"pip", "dill", "cloudpickle", "__main__", "xgboost", "lightgbm", "catboost", "pkg_resources"}
)


def meant(use: Use, *, sure: bool) -> bool:
    """Tell whether a use in a text pickle is no accident of a text that begins like one."""
    if not (_WORD.match(use.module) and _WORD.match(use.name)):
        return False
    return sure or use.kind is not UseKind.REFERENCED or use.module.split(".")[0] in _MODULES
