"""`foreign-index`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.installs import ANYBODY, Origin
from modelwarden.formats.plaintext import PlainText

# Indexes of the projects themselves.
_USUAL = frozenset(
    "pypi.org pypi.python.org files.pythonhosted.org test.pypi.org download.pytorch.org "
    "pypi.nvidia.com developer.download.nvidia.com data.pyg.org pypi.ngc.nvidia.com "
    "conda.anaconda.org repo.anaconda.com conda-forge.org upload.pypi.org pypi.anaconda.org "
    "pip.repos.neuron.amazonaws.com repo.radeon.com wheels.vllm.ai flashinfer.ai "
    "registry.npmjs.org registry.yarnpkg.com npm.pkg.github.com "
    "storage.googleapis.com".split()
)
_BARE = re.compile(r"(?i)(?:\w+\+)?(?:http|ftp|git|svn|bzr)://")
_USUAL_BELOW = (".pytorch.org", ".anaconda.org", ".anaconda.com", ".pythonhosted.org")


@rule(
    "foreign-index",
    title="Packages are taken from an index that is not the usual one",
    severity=Severity.MEDIUM,
    reads=PlainText,
    references=(
        "CWE-829",
        "CWE-494",
    ),
    weakness="unsigned_or_altered_artifact",
)
def foreign_index(one: PlainText) -> Iterator[Hit]:
    """Flag other package indexes, links, channels, far lists, and hosts without a certificate.

    Likewise packages and repositories whose address is asked without TLS.

    Why: whoever runs the index decides what is installed. One that is asked besides the usual one
    wins with a higher version number of any package; one without TLS can be anybody.

    Fix: install from the index that you trust, with hashes; use one index, not two.

    Blind spot: a private index of your own looks like any other foreign one: waive it by name.
    """
    for origin in one.origins:
        message = _foreign(origin)
        if message is not None:
            facts = {"kind": origin.kind, "value": origin.value}
            yield Hit(message, Evidence(facts=facts, line=origin.line))


def _foreign(origin: Origin) -> str | None:
    if origin.value == ANYBODY:
        return "has certificates passed over from then on"
    if origin.kind == "code":
        return f"has the code of another host taken from {origin.value[:100]}"
    if origin.kind == "trusted-host":
        return f"takes packages from {origin.value[:100]} without checking who it is"
    if origin.kind in {"address", "repository"}:
        # Over TLS it is one release of one project, told by `direct-install`.
        return f"installs {origin.value[:120]}, without TLS" if _BARE.match(origin.value) else None
    if origin.kind not in {"index", "find-links", "channel", "list"}:
        return None
    if origin.kind == "find-links" and "://" not in origin.value:
        return None
    scheme, _, rest = origin.value.partition("://")
    host = rest.partition("/")[0].partition(":")[0].lower()
    if scheme == "https" and (host in _USUAL or host.endswith(_USUAL_BELOW)):
        return None
    how = "asks a second index for packages" if origin.more else "takes packages"
    how = "takes its list of packages" if origin.kind == "list" else how
    bare = ", without TLS" if scheme == "http" else ""
    return f"{how} from {origin.value[:120]}{bare}"
