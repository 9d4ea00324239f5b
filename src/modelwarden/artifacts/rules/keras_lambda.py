"""`keras-lambda`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.keras.config import KerasConfig


@rule(
    "keras-lambda",
    title="A Keras model carries Python code",
    severity=Severity.HIGH,
    reads=KerasConfig,
    references=("CWE-502", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def keras_lambda(config: KerasConfig) -> Iterator[Hit]:
    """Flag Lambda layers and other objects whose configuration holds bytecode or source text.

    Why: loading turns the bytecode into a function, and building or calling the model runs it
    with the rights of whoever loads it. HDF5 files are loaded so even in safe mode
    (CVE-2025-9905).

    Fix: have the publisher replace the Lambda by a named layer, and save as `.keras`.

    Blind spot: what the bytecode does is not looked at; it is foreign code either way.
    """
    evidence = bound_to(config)
    for thing in config.objects:
        source = thing.settings.get("function", "")
        if thing.code:
            what = "bytecode"
        elif thing.class_name == "Lambda" and source and not _is_name(source):
            what = "source text"
        else:
            continue
        facts = {"class": thing.class_name, "path": thing.path, "holds": what}
        if what == "source text":
            facts["text"] = source[:120]
        yield Hit(f"the {thing.class_name} at {thing.path} holds {what}", evidence(facts, None))


def _is_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.replace(">", ".").split("."))
