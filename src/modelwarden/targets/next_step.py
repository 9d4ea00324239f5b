"""What a user may do next where the model's own code raised: one sentence for each known cause."""

from __future__ import annotations

import re

from modelwarden.artifacts.known.libraries import library_of
from modelwarden.artifacts.known.rot import moved
from modelwarden.sandbox import ModelError
from modelwarden.targets.frames import Column, Frame, Inputs

_NO_ATTRIBUTE = re.compile(r"has no attribute '(predict_\w+|decision_function)'")
_NO_CALLABLE = re.compile(r"has no callable '")
_NO_MODULE = re.compile(r"No module named '([\w.]+)")
_NO_NUMBER = re.compile(r"column '.*' holds (.*), which is no number")
_DECIMAL_COMMA = re.compile(r"'[-+]?\d+(?:[. ]\d{3})*,\d+'")
_NOT_CONVERTED = "could not convert string to float"
_MISSING = re.compile(r"\bNaN\b|missing value", re.IGNORECASE)
# How libraries say it that raise no MemoryError of Python's: onnxruntime, torch, C++ at large.
_RAN_OUT = re.compile(
    r"Failed to allocate memory|can't allocate memory|not enough memory|std::bad_alloc|"
    r"out of memory|Unable to allocate",
    re.IGNORECASE,
)
_SHOWN = 12  # columns that are named
_LONGEST = 40  # of a column's name


def ran_out(error: ModelError) -> bool:
    """Tell whether the model asked for more memory than [limits] gives it."""
    return error.kind == "MemoryError" or _RAN_OUT.search(error.message) is not None


def next_step(error: ModelError, given: Inputs | None = None) -> str:
    """Return what to do about an error of the model's own code.

    Args:
        error: what it raised.
        given: the rows that it was asked about; None while it was opened.
    """
    if error.kind == "ModuleNotFoundError" and (found := _NO_MODULE.search(error.message)):
        return _of_missing(found[1])
    if error.kind == "XGBoostError" and "str[0] == '{'" in error.message:
        return (
            "The file has the old binary form, which XGBoost reads no longer: name an environment "
            "with an older one in [model] python, or have the model saved as JSON."
        )
    if ran_out(error):
        return "Raise [limits] memory if the model honestly needs more."
    if _NO_CALLABLE.search(error.message):
        return "Name a function of that file in [model] entry, as file.py:function."
    if error.kind == "PermissionError":
        return (
            "The model sees no more than [model] path and the Python modules beside "
            "modelwarden.toml: name in [model] files what its code reads besides."
        )
    if found := _NO_ATTRIBUTE.search(error.message):
        return f"It gives no scores by {found[1]}: have your function return model.predict(…)."
    if error.kind in ("AttributeError", "ImportError", "NotFittedError"):
        return (
            "The file may come from another release of its library, or from code that is not "
            "here: name an environment that has it in [model] python."
        )
    return _of_inputs(error.message, given) or error.hint


def _of_missing(module: str) -> str:
    """Return what to do where the interpreter lacks a module, or has it no longer."""
    known = moved(module)
    if known is not None:
        package, release = known
        return (
            f"{module} is no longer in {package} {release}: name an environment with an "
            "older one in [model] python, or have the model saved anew."
        )
    return (
        f"Install {library_of(module)[0]} beside Modelwarden, or name in [model] python the "
        "interpreter of an environment that has it; a module of your own, name in [model] files."
    )


def _of_inputs(message: str, given: Inputs | None) -> str | None:
    """Return what to do about rows that the model does not take."""
    if found := _NO_NUMBER.search(message):
        if _DECIMAL_COMMA.fullmatch(found[1]):
            return "Write numbers with a decimal point: a number with a comma is read as a text."
        return (
            "Leave the column out with [data] drop, or prepare it as the model's makers do in a "
            "function of your own (adapter = 'callable')."
        )
    if isinstance(given, Frame):
        names = _named(given.names)
        told = f"It was given {len(given.names)} columns: {names}; [data] id and drop leave out"
        lacking = [
            n for n, column in zip(given.names, given.columns, strict=True) if _lacks(column)
        ]
        if lacking and _MISSING.search(message):
            return (
                f"Some rows that it was given have no value in {_named(lacking)}: fill them in as "
                "the model's makers do, or leave those rows out."
            )
        return f"{told} those that it does not know."
    if given is not None and given.dtype.kind == "O" and _NOT_CONVERTED in message:
        return (
            "It takes numbers and was given texts: what turns texts into numbers (a vectoriser) "
            "was saved apart. `modelwarden init` shows how to join the two in predict.py."
        )
    return None


def _named(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(name[:_LONGEST] for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _lacks(column: Column) -> bool:
    """Tell whether a column has a missing value."""
    if column.dtype.kind == "O":
        return any(value is None for value in column.tolist())
    return column.dtype.kind == "f" and bool((column != column).any())
