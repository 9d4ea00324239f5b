"""`container-remote-file`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.scripts import Script

_PASSWORD = re.compile(r"://[^/@\s]*@")


@rule(
    "container-remote-file",
    title="A Dockerfile adds a file from an address",
    severity=Severity.LOW,
    reads=Script,
    references=("CWE-494",),
    weakness="unsigned_or_altered_artifact",
)
def container_remote_file(one: Script) -> Iterator[Hit]:
    """Name `ADD` with an address and no checksum.

    Why: what stands there on the day of the build becomes part of the image.

    Fix: give `ADD --checksum=sha256:…`, or fetch and verify the file before the build.

    Blind spot: files that are fetched by `RUN` are looked at as commands.
    """
    for command in one.commands:
        if command.kind == "add" and "://" in command.text and "--checksum=" not in command.text:
            text = _PASSWORD.sub("://", command.text)[:160]
            yield Hit(f"adds {text}", Evidence(facts={"add": text}, line=command.line))
