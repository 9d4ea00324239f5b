"""`keras-foreign-class`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.keras_names import Origin, origin_of
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.keras.config import KerasConfig


@rule(
    "keras-foreign-class",
    title="A Keras model needs code from outside of Keras",
    severity=Severity.MEDIUM,
    reads=KerasConfig,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def keras_foreign_class(config: KerasConfig) -> Iterator[Hit]:
    """Flag classes and functions that Keras does not have itself.

    Why: loading imports the module that the file names, or expects the class to be registered by
    code that comes with the model. Either way code from elsewhere runs.

    Fix: read that code first; install the package that it names from a source you trust.

    Blind spot: a custom class that has the name of a class of Keras is taken for that one.
    """
    evidence = bound_to(config)
    seen: set[str] = set()
    for thing in config.objects:
        if config.described or origin_of(thing) is not Origin.FOREIGN:
            continue
        name = thing.settings.get("", thing.class_name)
        name = f"{thing.module}.{name}" if thing.module else name
        if name not in seen:
            seen.add(name)
            facts = {"name": name[:200], "path": thing.path}
            yield Hit(f"needs {name[:120]!r}", evidence(facts, None))
