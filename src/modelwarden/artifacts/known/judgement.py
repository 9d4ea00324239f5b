"""What may be said about one name that a pickle uses, and in which order it is decided."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from modelwarden.artifacts.known.allowed import Allowance, allowance
from modelwarden.artifacts.known.carriers import carries_code
from modelwarden.artifacts.known.danger import danger_of
from modelwarden.artifacts.known.libraries import PLAIN_STDLIB, library_of
from modelwarden.artifacts.known.names import spellings
from modelwarden.core import UseKind
from modelwarden.core.values import dataclass


class Judgement(Enum):
    """The classes of a use.

    `HARMLESS`: on the allow-list of its producer. `NEEDS_CODE`: an object of a known library is
    made or stored, so loading needs that library. `DANGEROUS`: can run, read, write, connect, or
    give access to something that can. `UNKNOWN`: nobody has looked. `CODE`: makes functions or
    classes out of code in the file. `HIDDEN`: what is used cannot be told before the load.
    """

    HARMLESS = "harmless"
    NEEDS_CODE = "needs-code"
    DANGEROUS = "dangerous"
    UNKNOWN = "unknown"
    CODE = "code"
    HIDDEN = "hidden"


CODE_REASON = "makes functions or classes out of code in the file"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A judgement with its grounds.

    Attributes:
        reason: in words that can stand in a message.
        package: distribution that holds the code, or the top-level module where none is known.
        known: the package is one whose classes were looked at.
    """

    judgement: Judgement
    reason: str
    package: str
    known: bool


def judge(module: str, name: str, kind: UseKind) -> Judgement:
    """Return the class of one use of `module.name`."""
    return ruling(module, name, kind).judgement


@lru_cache(maxsize=4096)
def ruling(module: str, name: str, kind: UseKind) -> Ruling:
    """Judge one use of `module.name`: danger first, then the allow-lists, then the libraries.

    An entry of an allow-list that names exactly this object wins over a whole module that is
    dangerous (`io.BytesIO`); nothing wins over an entry of the danger list that names it exactly.
    """
    package, known = library_of(module)
    names = spellings(module, name)
    allowed: Allowance | None = None
    for spelled in names:
        allowed = allowed or allowance(*spelled, kind)
    danger = danger_of(names)
    if danger is not None and (danger.exact or allowed is None or not allowed.exact):
        return Ruling(Judgement.DANGEROUS, danger.reason, package, known)
    if any(carries_code(*spelled) for spelled in names):
        return Ruling(Judgement.CODE, CODE_REASON, package, known)
    if allowed is not None:
        return Ruling(Judgement.HARMLESS, allowed.reason, package, known)
    if kind is not UseKind.CALLED:
        if known:
            return Ruling(Judgement.NEEDS_CODE, "a class of a known library", package, known)
        if any(spelled.partition(".")[0] in PLAIN_STDLIB for spelled, _ in names):
            reason = "a class of the standard library that only holds or computes values"
            return Ruling(Judgement.HARMLESS, reason, package, known)
    return Ruling(Judgement.UNKNOWN, "not on any list", package, known)
