"""`yaml-python-tag`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile

_PYTHON = "tag:yaml.org,2002:python/"
# Tags that only make a plain value.
_PLAIN = frozenset("none bool str unicode int long float complex bytes list tuple dict".split())
# What MkDocs takes its extensions from: they only make text.
_NAMED = frozenset(("name", "object/apply"))
_MARKUP = re.compile(r"(?:materialx?\.(?:extensions\.)?emoji|pymdownx|mermaid2|zensical)\.[\w.]+$")


@rule(
    "yaml-python-tag",
    title="YAML makes Python objects",
    severity=Severity.HIGH,
    reads=ConfigFile,
    references=("CWE-502", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def yaml_python_tag(config: ConfigFile) -> Iterator[Hit]:
    """Flag tags that import a module, name a function or build an object.

    Why: a loader that is not the safe one imports the module and calls what the tag names with
    arguments from the file; opening the configuration is enough to run a command.

    Fix: load with `yaml.safe_load`, and have the publisher replace the tag by plain values.

    Blind spot: tags of other loaders (`!include`, `!new:`) mean what the program says.
    """
    evidence = bound_to(config)
    for scalar in config.scalars:
        if scalar.tag is None or not scalar.tag.startswith(_PYTHON):
            continue
        kind, _, name = scalar.tag.removeprefix(_PYTHON).partition(":")
        if kind not in _PLAIN and not (kind in _NAMED and _MARKUP.match(name)):
            facts = {"tag": scalar.tag[:200], "path": scalar.path[:200]}
            message = f"the tag python/{kind[:40]} asks for {name[:80]!r}"
            yield Hit(message, evidence(facts, scalar.line))
