"""`gin-target`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.core import Evidence, Hit, Severity, UseKind, rule
from modelwarden.formats.plaintext import PlainText
from modelwarden.formats.recipes import names_in

_SIZE = 1 << 20
_MOST = 50


@rule(
    "gin-target",
    title="Settings of Gin call a function that can run commands",
    severity=Severity.HIGH,
    reads=PlainText,
    references=("CWE-470", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def gin_target(one: PlainText) -> Iterator[Hit]:
    """Flag functions that run commands or load code, where Gin calls them or sets their arguments.

    Why: parsing the file imports the module that is named, and the program then calls the function
    with the values that the file gives it.

    Fix: do not parse the file; name only functions of the library that it configures.

    Blind spot: functions that nobody has looked at are not reported here.
    """
    if one.format != "naming-settings" or not one.source.label.lower().endswith(".gin"):
        return
    text = one.source.read(0, _SIZE).decode(one.encoding, "replace")
    told: set[str] = set()
    for named in islice(names_in(text), 10_000):
        module, _, name = named.text.rpartition(".")
        if named.text in told or len(told) >= _MOST:
            continue
        if judge(module, name, UseKind.CALLED) is Judgement.DANGEROUS:
            told.add(named.text)
            facts = {"target": named.text[:200]}
            yield Hit(f"calls {named.text[:120]!r}", Evidence(facts=facts, line=named.line))
