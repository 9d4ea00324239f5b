"""Classes of TorchScript archives: names in the archive's own code, not modules of Python."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "__torch__ __torch__.*",
        "*",
        "a class that stands in the archive's own `code/` and is run by TorchScript, which cannot "
        "reach Python; nothing of this name can be imported",
        STORED,
    ),
)
