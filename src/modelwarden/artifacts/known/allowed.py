"""The allow-lists: one module for each producer, imported when a use names it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module

from modelwarden.core import UseKind
from modelwarden.core.values import dataclass

# Top-level module of a use -> module with its entries, below `allow/`.
PRODUCERS = {
    "__torch__": "torchscript",
    "aeon": "more",
    "astropy": "more",
    "attr": "more",
    "bidict": "more",
    "builtins": "python",
    "catboost": "boosting",
    "category_encoders": "more",
    "cytoolz": "more",
    "dask": "more",
    "dateutil": "python",
    "deap": "more",
    "formulaic": "more",
    "gensim": "more",
    "joblib": "joblib",
    "keras": "keras",
    "lifelines": "more",
    "lightgbm": "boosting",
    "matplotlib": "more",
    "mlflow": "more",
    "networkx": "more",
    "nltk": "more",
    "numba": "more",
    "numpy": "numpy",
    "omegaconf": "more",
    "optuna": "more",
    "pandas": "pandas",
    "pint": "more",
    "pyarrow": "more",
    "pytz": "python",
    "rdflib": "more",
    "requests": "more",
    "river": "more",
    "scipy": "scipy",
    "shapely": "more",
    "sklearn": "sklearn",
    "sktime": "more",
    "sortedcontainers": "more",
    "spacy": "text",
    "statsmodels": "statsmodels",
    "sympy": "more",
    "tensorflow": "keras",
    "tokenizers": "text",
    "toolz": "more",
    "torch": "torch",
    "torchvision": "torch",
    "transformers": "text",
    "xgboost": "boosting",
}
CALLABLE = frozenset(UseKind)
STORED = frozenset({UseKind.CONSTRUCTED, UseKind.REFERENCED})


@dataclass(frozen=True, slots=True)
class Allow:
    """Names of one producer that are harmless for one reason.

    Attributes:
        modules: separated by blanks; `*` stands for anything.
        names: likewise.
        reason: why using them runs nothing of the file's choosing.
        kinds: uses that it holds for; by default all.
    """

    modules: str
    names: str
    reason: str
    kinds: frozenset[UseKind] = CALLABLE


@dataclass(frozen=True, slots=True)
class Allowance:
    """That a use is on an allow-list; `exact` when the entry names it without `*`."""

    reason: str
    exact: bool


def allowance(module: str, name: str, kind: UseKind) -> Allowance | None:
    """Return the entry that covers a use, or None."""
    producer = PRODUCERS.get(module.partition(".")[0])
    if producer is None:
        from modelwarden.artifacts.known.libraries import STDLIB

        if module.partition(".")[0] not in STDLIB:
            return None
        producer = "python"
    exact, patterns = entries_of(producer)
    entry = exact.get((module, name))
    if entry is not None and kind in entry.kinds:
        return Allowance(entry.reason, exact=True)
    for modules, names, entry in patterns:
        if kind in entry.kinds and fnmatchcase(name, names) and fnmatchcase(module, modules):
            return Allowance(entry.reason, exact=False)
    return None


@cache
def entries_of(
    producer: str,
) -> tuple[dict[tuple[str, str], Allow], tuple[tuple[str, str, Allow], ...]]:
    """Import a producer's list and return it as a table of exact names, and the patterns."""
    table: tuple[Allow, ...] = import_module(
        f"modelwarden.artifacts.known.allow.{producer}"
    ).ALLOWED
    exact: dict[tuple[str, str], Allow] = {}
    patterns: list[tuple[str, str, Allow]] = []
    for entry in table:
        for module in entry.modules.split():
            for name in entry.names.split():
                if "*" in module or "*" in name:
                    patterns.append((module, name, entry))
                else:
                    exact[module, name] = entry
    return exact, tuple(patterns)
