"""Samples of `torchscript-custom-operator`."""

from __future__ import annotations

from pathlib import Path

from torchfiles import checkpoint

EXPECT = {"call": "ops.acme.run", "severity": "medium"}


def bad(folder: Path) -> str:
    code = b"def forward(self, x):\n  return ops.acme.run(x)\n"
    (folder / "model.pt").write_bytes(checkpoint(**{"code/__torch__/net.py": code}))
    return "model.pt"


def good(folder: Path) -> None:
    code = b"def forward(self, x):\n  return ops.torchvision.nms(x, x, 0.5)\n"
    (folder / "model.pt").write_bytes(checkpoint(**{"code/__torch__/net.py": code}))
