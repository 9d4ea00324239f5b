"""`foreign-object`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.foreign_objects import gadget_in
from modelwarden.artifacts.rules._content import digest_of
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.identified.objects import ForeignObject


@rule(
    "foreign-object",
    title="An object of another language runs commands when it is read",
    severity=Severity.HIGH,
    reads=ForeignObject,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def foreign_object(one: ForeignObject) -> Iterator[Hit]:
    """Flag objects of Java, .NET, Ruby and PHP with classes that attacks are made of.

    Why: reading such an object makes objects of every class that it names and calls what they
    define for that; some classes of wide-spread libraries then start programs or load code.

    Fix: do not read the file; ask for the model in a format of numbers (ONNX, PMML, JSON).

    Blind spot: the classes are known by name only, and new chains are found every year: an object
    without them is a gap, not clean.
    """
    name = gadget_in(one.names)
    if name is not None:
        facts = {"class": name[:200], "kind": one.format}
        yield Hit(
            f"{one.title} names {name[:120]}",
            Evidence(0, facts, (name, digest_of(one.source))),
        )
