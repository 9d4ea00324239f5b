from pathlib import Path

from torchfiles import checkpoint

EXPECT = {"call": "torch.save"}


def bad(folder: Path) -> str:
    code = b"def forward(self, x):\n  torch.save(x, 'marker')\n  return x\n"
    (folder / "model.pt").write_bytes(checkpoint(**{"code/__torch__/net.py": code}))
    return "model.pt"


def good(folder: Path) -> None:
    code = b"def forward(self, x):\n  return torch.add(x, 1)  # torch.save(x)\n"
    (folder / "model.pt").write_bytes(checkpoint(**{"code/__torch__/net.py": code}))
