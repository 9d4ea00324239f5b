"""`container-host-access`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_VOLUME = re.compile(r"(?:^|\.)(?:volumes|mounts|runArgs|binds)\[\d+\]$", re.IGNORECASE)
_EVERY = re.compile(r"(?:^|\.)(?:cap_add|capabilities\.add)\[\d+\]$")
_SOCKET = re.compile(
    r"(?:^|[=:,\s])(?:/var)?/run/(?:docker|containerd/containerd|crio/crio|podman/podman)\.sock\b"
)
_ROOT = re.compile(r"(?:-v[ =]|--volume[ =])?/(?:etc|root)?/?:/[^:]*(?::\w+)?$")


@rule(
    "container-host-access",
    title="A container is given all files of the machine",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-732",),
    weakness="custom_code_in_model",
)
def container_host_access(config: ConfigFile) -> Iterator[Hit]:
    """Flag containers that mount the host's root, `/etc`, `/root`, or the socket of its containers.

    Likewise those that are given every capability of the kernel.

    Why: what runs in the container reads every secret of the machine, and writes itself into it;
    through the socket it starts another container that may.

    Fix: mount only the folder that the model needs, read-only.

    Blind spot: `privileged` gives as much, and is needed by many for their devices: it is not
    reported.
    """
    evidence = bound_to(config)
    for scalar in config.scalars:
        if _EVERY.search(scalar.path) and scalar.value.upper() == "ALL":
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit("gives a container every capability", evidence(facts, scalar.line))
        elif _given(scalar):
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit(f"mounts {scalar.value[:80]!r} of the host", evidence(facts, scalar.line))


def _given(scalar: Scalar) -> bool:
    if scalar.path.endswith("hostPath.path"):
        socket = _SOCKET.search(scalar.value) is not None
        return socket or scalar.value.rstrip("/") in {"", "/etc", "/root"}
    if _VOLUME.search(scalar.path) and _SOCKET.search(scalar.value):
        return True
    if scalar.key in ("source", "src") and _SOCKET.search(scalar.value):
        return True
    return _VOLUME.search(scalar.path) is not None and _ROOT.match(scalar.value) is not None
