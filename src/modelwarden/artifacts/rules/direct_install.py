"""`direct-install`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.plaintext import PlainText

_COMMIT = re.compile(r"@[0-9a-f]{40}\b|files\.pythonhosted\.org|download\.pytorch\.org")


@rule(
    "direct-install",
    title="A package is installed from an address",
    severity=Severity.LOW,
    reads=PlainText,
    references=(
        "CWE-829",
        "CWE-494",
    ),
    weakness="unsigned_or_altered_artifact",
)
def direct_install(one: PlainText) -> Iterator[Hit]:
    """Name packages that are installed from an address or a repository instead of an index.

    Why: what stands at an address can change, or change hands, without a new version; advisories
    do not cover it.

    Fix: pin it by hash or by full commit, or use the release on the index.

    Blind spot: a commit in the address is not checked to be there.
    """
    for origin in one.origins:
        if origin.kind in {"address", "repository"} and not _COMMIT.search(origin.value):
            facts = {"kind": origin.kind, "value": origin.value}
            message = f"installs from {origin.value[:160]}"
            yield Hit(message, Evidence(facts=facts, line=origin.line))
