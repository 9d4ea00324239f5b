"""The rule `pickle-code-object`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._pickles import cut, identities, listed, uses_of
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.pickle.reader import PickleStream

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    "pickle-code-object",
    title="A pickle carries code",
    severity=Severity.MEDIUM,
    reads=PickleStream,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def pickle_code_object(stream: PickleStream) -> Iterator[Hit]:
    """Say that a pickle made by dill or cloudpickle carries functions or classes with their code.

    Why: the bytecode comes from the file, not from an installed package. It runs when the function
    is called or the class is used, at the latest with the first prediction, and nobody can read
    it there. Loading alone runs it where an instance of such a class is restored.

    Fix: ask for the source of the function as a package, and for the model without it; or load
    the file only in a sandbox.

    Blind spot: of the bytecode only the names are looked at, not what it does with them. Code that
    names something which runs programs, connects or writes is `pickle-unsafe-global`'s, and so is
    code that is called while loading.
    """
    found = [one for one in uses_of(stream) if one.ruling.judgement is Judgement.CODE]
    if not found:
        return
    names = listed(one.target for one in found)
    yield Hit(
        f"carries functions or classes with their code, made by {names}",
        Evidence(
            found[0].use.at, {"global": cut(found[0].target), "names": names}, identities(found)
        ),
        unexamined="the bytecode that the file carries was not examined",
    )
