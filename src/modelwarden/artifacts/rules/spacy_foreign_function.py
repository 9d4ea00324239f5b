"""`spacy-foreign-function`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.spacy_names import makes, registered
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_FACTORY = re.compile(r"components\.[^.]+\.factory")
_PARTS = ("nlp.pipeline", "components.", "initialize.", "training.")
_MOST = 100


@rule(
    "spacy-foreign-function",
    title="A spaCy pipeline calls code that spaCy does not have",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-829", "CWE-470", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def spacy_foreign_function(config: ConfigFile) -> Iterator[Hit]:
    """Flag `@callbacks`, `@readers`, `@architectures` … and factories of nobody whom spaCy knows.

    Why: loading a pipeline looks these names up among what installed packages register, imports
    the package and calls the function with the values beside the name.

    Fix: read the function that is named, and install its package from a source you trust.

    Blind spot: whoever writes `spacy.` before a name of his own is believed; the packages that
    the pipeline brings along are examined as the files that they are.
    """
    paths = [scalar.path for scalar in config.scalars]
    if "nlp.lang" not in paths or not any(path.startswith(_PARTS) for path in paths):
        return
    evidence = bound_to(config)
    told: set[str] = set()
    for scalar in config.scalars:
        what = _foreign(scalar)
        if what is None or what in told or len(told) >= _MOST:
            continue
        told.add(what)
        facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
        why = f"what {scalar.value[:80]!r} does is not in the file"
        yield Hit(what, evidence(facts, scalar.line), unexamined=why)


def _foreign(scalar: Scalar) -> str | None:
    value = scalar.value
    if scalar.key.startswith("@") and value and not registered(scalar.key[1:], value):
        return f"calls {value[:100]!r} of the registry {scalar.key[1:40]!r}"
    if _FACTORY.fullmatch(scalar.path) and value and not makes(value):
        return f"makes a component by the factory {value[:100]!r}"
    return None
