"""`keras-file-reference`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.keras.config import KerasConfig, KerasObject

_LOOKUPS = frozenset("IntegerLookup StringLookup TextVectorization".split())
_SETTINGS = ("vocabulary", "filepath", "path", "url", "origin")


@rule(
    "keras-file-reference",
    title="A Keras layer reads a file when the model is loaded",
    severity=Severity.MEDIUM,
    reads=KerasConfig,
    references=("CWE-73", "CWE-918"),
    weakness="custom_code_in_model",
)
def keras_file_reference(config: KerasConfig) -> Iterator[Hit]:
    """Flag layers that name a vocabulary file, and file names or addresses in layer settings.

    Why: loading opens that path or address, on the machine and in the network of whoever loads
    the model (CVE-2025-12058); what is read can come out with the model's answers.

    Fix: save the model with its vocabulary inside.

    Blind spot: paths in the settings of custom layers are told only by common names.
    """
    for thing in config.objects:
        for key, value in _files(thing):
            facts = {"path": thing.path, "setting": key, "file": value[:200]}
            yield Hit(f"{thing.class_name}: {key} is {value[:120]!r}", Evidence(facts=facts))


def _files(thing: KerasObject) -> Iterator[tuple[str, str]]:
    for key in _SETTINGS:
        value = thing.settings.get(key, "")
        if not value:
            continue
        if (
            (key == "vocabulary" and thing.class_name in _LOOKUPS)
            or "://" in value
            or (key != "vocabulary" and value.startswith(("/", "..", "~", "\\\\")))
        ):
            yield key, value
