"""Which library wrote a pickle, as far as it says: by the classes it names, and a version it keeps.

A pickle has no field for its producer. The first library among the names that it imports is the
one whose object it holds; scikit-learn also leaves its version in the state of every estimator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from modelwarden.core import Producer

if TYPE_CHECKING:
    from modelwarden.formats.pickle.uses import Use
    from modelwarden.formats.source import Source

_LIBRARIES: Final = {
    "catboost": "catboost",
    "fastai": "fastai",
    "gensim": "gensim",
    "imblearn": "imbalanced-learn",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "nltk": "nltk",
    "prophet": "prophet",
    "sklearn": "scikit-learn",
    "spacy": "spacy",
    "statsmodels": "statsmodels",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "transformers": "transformers",
    "ultralytics": "ultralytics",
    "xgboost": "xgboost",
}
# Array libraries write what other libraries hold: they count when no other is named.
_ARRAYS: Final = {"pandas": "pandas", "scipy": "scipy", "numpy": "numpy", "joblib": "joblib"}
_SEARCHED: Final = 16 << 20
_PIECE: Final = 1 << 20
_OVERLAP: Final = 256
_SKLEARN: Final = re.compile(
    rb"_sklearn_version(?:\n(?:p\d{1,9}\n)?)?(?:q.|r.{4}|\x94)?(?:X(.)\x00{3}|[\x8cU](.)|V)",
    re.DOTALL,
)
_VERSION: Final = re.compile(r"\d{1,3}\.\d{1,3}[\w.+]{0,20}")


def producer_of(source: Source, uses: Iterable[Use]) -> Producer | None:
    """Return the library whose objects a pickle holds, or None when it names none that is known."""
    roots = {use.module.partition(".")[0]: None for use in uses}
    for known in (_LIBRARIES, _ARRAYS):
        for root in roots:
            if root in known:
                version = _sklearn_version(source) if root == "sklearn" else None
                return Producer(name=known[root], version=version)
    return None


def _sklearn_version(source: Source) -> str | None:
    for at in range(0, min(source.size, _SEARCHED), _PIECE):
        piece = source.read(at, _PIECE + _OVERLAP)
        for found in _SKLEARN.finditer(piece):
            size = (found[1] or found[2] or b"\x20")[0]
            text = piece[found.end() : found.end() + size].partition(b"\n")[0]
            if version := _VERSION.fullmatch(text.decode("ascii", "replace")):
                return version[0]
    return None
