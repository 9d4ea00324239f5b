"""The rule `pickle-unsafe-global`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._pickles import hits, shown, uses_of
from modelwarden.core import Confidence, Hit, Severity, UseKind, rule
from modelwarden.formats.pickle.reader import PickleStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.artifacts.known import Judged


@rule(
    "pickle-unsafe-global",
    title="A pickle uses something that can run commands",
    severity=Severity.CRITICAL,
    reads=PickleStream,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def pickle_unsafe_global(stream: PickleStream) -> Iterator[Hit]:
    """Flag functions that run programs or code, touch files, or connect, in a pickle.

    Why: unpickling calls what the stream says, so opening the file is enough to run the command
    with the rights of whoever opens it. A function that is only stored can be called by what the
    file stores beside it.

    Fix: do not load the file. Ask its publisher for weights in safetensors, ONNX or skops, and
    look at the reconstructed call to see what it would have done.

    Blind spot: names that are computed while loading are `pickle-hidden-global`'s; a function that
    is on no list is `unknown-global`'s. Arrays that old versions of joblib kept in files beside the
    pickle are loaded with it; scan the folder to have them examined.
    """
    chosen = (one for one in uses_of(stream) if one.ruling.judgement is Judgement.DANGEROUS)
    yield from hits(chosen, message=_message, confidence=_confidence)


def _message(one: Judged) -> str:
    return f"{shown(one)}, which {one.ruling.reason}"


def _confidence(one: Judged) -> Confidence | None:
    return Confidence.MEDIUM if one.kind is UseKind.REFERENCED else None
