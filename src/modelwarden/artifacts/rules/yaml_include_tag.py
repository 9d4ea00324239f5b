"""`yaml-include-tag`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.yaml_tags import includes
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.places import escapes


@rule(
    "yaml-include-tag",
    title="YAML takes in a file from elsewhere",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-22", "CWE-829", "CWE-200"),
    weakness="archive_path_escape",
)
def yaml_include_tag(config: ConfigFile) -> Iterator[Hit]:
    """Flag `!include`, `!file` and the like with an absolute path, a way up, or an address.

    Why: a loader that knows the tag puts that file in the place of the tag. From outside of the
    folder it is a file of the reader's machine, or one that its author can change at any time.

    Fix: copy what is included beside the configuration, and name it from there.

    Blind spot: a program may give these tags any other meaning; files that are named beside the
    configuration are examined as the files that they are.
    """
    tag, below = "", ""
    for scalar in config.scalars:
        if scalar.tag is not None and includes(scalar.tag):
            tag, below = scalar.tag, scalar.path
        elif not tag or not scalar.path.startswith((f"{below}[", f"{below}.")):
            continue  # a list or mapping of files takes its tag once, before them
        why = escapes(scalar.value) if scalar.value else ""
        if why and why != "is no file":
            facts = {"tag": tag[:80], "path": scalar.value[:200], "why": why}
            message = f"the tag {tag[:80]!r} takes in {scalar.value[:120]!r}, which {why}"
            yield Hit(message, Evidence(facts=facts, line=scalar.line))
