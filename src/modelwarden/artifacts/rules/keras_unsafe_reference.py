"""`keras-unsafe-reference`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.keras_names import Origin, origin_of
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.keras.config import KerasConfig


@rule(
    "keras-unsafe-reference",
    title="A Keras configuration names a function that runs code or fetches files",
    severity=Severity.CRITICAL,
    reads=KerasConfig,
    references=("CWE-502", "CWE-470", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def keras_unsafe_reference(config: KerasConfig) -> Iterator[Hit]:
    """Flag references to the system, and to parts of Keras that no model needs.

    Why: loading imports the module, takes the class or function and calls it with values from the
    file (CVE-2025-1550). Keras itself has such functions: some download files (CVE-2025-8747),
    one switches safe mode off (CVE-2025-9906), and some wrappers unpickle (CVE-2025-49655).

    Fix: do not load the file, not even in safe mode.

    Blind spot: functions of other packages are `keras-foreign-class`'s job.
    """
    evidence = bound_to(config)
    for thing in config.objects:
        if origin_of(thing) is not Origin.DANGEROUS:
            continue
        called = thing.settings.get("", "") if thing.class_name == "function" else thing.class_name
        name = f"{thing.module}.{called}" if thing.module else called
        facts = {"name": name[:200], "path": thing.path}
        yield Hit(f"loads {name[:120]!r}", evidence(facts, None))
