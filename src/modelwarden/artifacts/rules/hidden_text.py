"""`hidden-text`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.plaintext import OBEYED, PlainText
from modelwarden.formats.unseen import LONGEST, kept_back, unseen_in

_CODE = frozenset(
    "python pth notebook-code script dockerfile makefile git-settings source-code".split()
)
_SAYS = {
    "invisible": "holds letters that nobody sees",
    "turned": "is shown in another order than it is read",
    "comment": "gives orders to a language model in a comment",
    "kept back": "has an assistant do something, and not tell of it",
}


@rule(
    "hidden-text",
    title="A text says something that its reader cannot see",
    severity=Severity.MEDIUM,
    reads=PlainText,
    confidence=Confidence.MEDIUM,
    references=("CWE-506", "MITRE-ATLAS:AML.T0051"),
    weakness="prompt_injection",
)
def hidden_text(one: PlainText) -> Iterator[Hit]:
    """Flag invisible letters, code shown in another order, and orders to a model in comments.

    Why: assistants read the files of a folder as text, and obey what stands in it; compilers read
    letters in their true order. Whoever looks at the same file sees nothing of it.

    Fix: remove what is not seen, and ask where it came from.

    Likewise paragraphs in the rules of an assistant that have it run, fetch or send something and
    keep it from its user.

    Blind spot: other orders that stand there for everybody to read are not judged, nor is hiding
    by white on white or in pictures. Single invisible letters, as some scripts need them, are left.
    """
    told = unseen_in(one.source, one.encoding, code=one.format in _CODE)
    orders = kept_back(_text(one)) if OBEYED.search(one.source.label) else ()
    for found in chain(told, orders):
        says = f": {found.text!r}" if found.text and found.kind != "turned" else ""
        facts = {"kind": found.kind, "text": found.text}
        yield Hit(
            f"line {found.line} {_SAYS[found.kind]}{says}", Evidence(facts=facts, line=found.line)
        )


def _text(one: PlainText) -> str:
    return one.source.read(0, min(one.source.size, LONGEST)).decode(one.encoding, "replace")
