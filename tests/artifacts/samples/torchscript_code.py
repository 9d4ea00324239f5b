from pathlib import Path

from torchfiles import checkpoint

EXPECT = {"calls": ["torch.add"], "severity": "info"}


def bad(folder: Path) -> str:
    code = b"def forward(self, x):\n  return torch.add(x, 1)\n"
    (folder / "model.pt").write_bytes(checkpoint(**{"code/__torch__/net.py": code}))
    return "model.pt"


def good(folder: Path) -> None:
    (folder / "model.pt").write_bytes(checkpoint())
