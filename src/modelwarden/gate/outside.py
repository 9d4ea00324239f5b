"""What decides about a scan must not come from what is scanned.

Whoever made a folder of models must not be able to put a policy, waivers, a cache or a plugin
into it that lets the models pass.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from modelwarden.core import InputError
from modelwarden.formats import Source
from modelwarden.gate.stdin import STDIN
from modelwarden.gate.walk import Found, below, printable

_LOOKED_AT = 1 << 16
_POLICY = re.compile(rb"(?m)^[ \t]*\[\[?[ \t]*(policy|waiver)[ \t]*[.\]]")


def check_outside(option: str, path: str | os.PathLike[str], scanned: Sequence[str]) -> None:
    """Refuse a file or folder given as `option` that lies below a scanned path.

    Raises:
        InputError: it does.
    """
    roots = [os.path.realpath(name) for name in scanned if name != STDIN]
    if below(os.path.realpath(path), roots):
        raise InputError(
            f"{option} {printable(os.fspath(path))} lies below a scanned path, so it is not used",
            hint="Keep what decides about a scan outside of what is scanned.",
        )


def ignored_policies(files: Sequence[Found]) -> Iterator[str]:
    """Say of each file that looks like a policy and was met by the scan that it was not used."""
    for found in files:
        if found.name.endswith(".toml") and _is_policy(found):
            yield f"{found.name} looks like a policy; nothing below a scanned path is used as one"


def _is_policy(found: Found) -> bool:
    if os.path.basename(found.name) == "modelwarden.toml":  # noqa: PTH119 -- not of this system
        return True
    try:
        with Source.open(found.path, found.name) as source:
            return _POLICY.search(source.read(0, _LOOKED_AT)) is not None
    except OSError:
        return False
