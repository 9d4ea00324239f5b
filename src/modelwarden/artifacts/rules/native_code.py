"""The rule `native-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.rules._content import digest_of
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.native import NativeCode


@rule(
    "native-code",
    title="Program or library among the model's files",
    severity=Severity.MEDIUM,
    reads=NativeCode,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def native_code(program: NativeCode) -> Iterator[Hit]:
    """Flag machine code and byte code, whatever the file is called.

    Why: weights need no program. A library beside a model is loaded by custom operators, a
    program hidden under another name waits for something to start it, and neither can be judged
    without running it.

    Fix: ask the publisher for the sources, and build what is needed yourself; remove the rest.

    Blind spot: what the code does is not looked at, so harmless extensions are flagged as well.
    """
    yield Hit(
        f"the file is {program.title}",
        Evidence(0, {"kind": program.format}, (program.format, digest_of(program.source))),
        unexamined=f"{program.title} was not examined",
    )
