"""`settings-outside-path`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.places import escapes
from modelwarden.formats.plaintext import PlainText
from modelwarden.formats.recipes import places_in

_SIZE = 1 << 20
_MOST = 50
_AGENT = "-javaagent:"  # wherever it lies, every program of Java runs it
_HUBS = re.compile(
    r"https?://(?:huggingface\.co|hf\.co|ollama\.com|registry\.ollama\.ai)/", re.IGNORECASE
)


@rule(
    "settings-outside-path",
    title="Settings of a model take in a file from elsewhere",
    severity=Severity.MEDIUM,
    reads=PlainText,
    references=("CWE-22", "CWE-829", "CWE-200"),
    weakness="archive_path_escape",
)
def settings_outside_path(one: PlainText) -> Iterator[Hit]:
    """Flag weights and settings that are taken in by an absolute path, a way up, or an address.

    Looked at are Modelfiles of Ollama, Gin, Jsonnet, and the settings of Triton and TorchServe.

    Why: creating the model, or evaluating the settings, reads that file from the machine where it
    is done: it may be a secret of that machine, or weights that somebody can change at any time.

    Fix: copy what is taken in beside the file, and name it from there.

    Blind spot: what is named without a path is a model of Ollama's registry, which is not looked
    at; neither are paths that are computed.
    """
    if one.format != "naming-settings":
        return
    text = one.source.read(0, _SIZE).decode(one.encoding, "replace")
    for place in islice(places_in(text), _MOST):
        agent = place.text.startswith(_AGENT)
        why = escapes(place.text.removeprefix(_AGENT)) or (agent and "is code that Java takes in")
        if why and why != "is no file" and not _HUBS.match(place.text):
            facts = {"place": place.text[:200]}
            yield Hit(f"{place.text[:100]!r} {why}", Evidence(facts=facts, line=place.line))
