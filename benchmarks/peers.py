"""The scanners that ours is compared with, each in an environment of its own.

    python benchmarks/peers.py            creates what is missing (`make peers`)
    python benchmarks/peers.py --lines    prints the install lines

They are created in the folder named by `MODELWARDEN_PEERS` (default `build/peers`), from PyPI,
with the versions pinned below. Extras are the ones that each project documents for reading model
files. What is left out, and why, stands in `Peer.note` and in `docs/comparison/files.md`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Peer:
    """One scanner.

    Attributes:
        command: its program, in `bin/` of its environment.
        install: arguments of one `pip install`.
        note: what a fair reader has to know about this install.
    """

    name: str
    version: str
    command: str
    install: tuple[str, ...]
    note: str

    @property
    def home(self) -> Path:
        """Where its environment is."""
        return peers_folder() / self.name

    @property
    def program(self) -> Path:
        """Its program."""
        return self.home / "bin" / self.command

    @property
    def ready(self) -> bool:
        """Whether the environment was made to the end with this very install line."""
        return self._stamp.is_file() and self._stamp.read_text() == self.line

    @property
    def line(self) -> str:
        """The install line, as a user would type it."""
        return "pip install " + " ".join(f"'{a}'" if "[" in a else a for a in self.install)

    @property
    def _stamp(self) -> Path:
        return self.home / "installed.txt"

    def create(self) -> None:
        """Make the environment, unless it is there.

        Raises:
            CalledProcessError: `venv` or `pip` failed; its output was shown.
        """
        if self.ready:
            return
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(self.home)], check=True)
        pip = [str(self.home / "bin" / "pip"), "-q", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, *self.install], check=True)
        self._stamp.write_text(self.line)


PEERS: tuple[Peer, ...] = (
    Peer(
        "picklescan",
        "1.0.5",
        "picklescan",
        ("picklescan[7z]==1.0.5", "numpy==2.4.6"),
        "with its 7z extra, and numpy, which it needs for npy and npz files",
    ),
    Peer(
        "modelscan",
        "0.8.8",
        "modelscan",
        ("modelscan[h5py]==0.8.8",),
        "without its tensorflow extra, so it cannot read SavedModels: unfair to that row",
    ),
    Peer(
        "fickling",
        "0.1.12",
        "fickling",
        ("fickling[archive]==0.1.12", "typing_extensions==4.15.0"),
        "typing_extensions is added by hand: on Python 3.11 it does not start without it;"
        " it has no folder mode and is asked file by file",
    ),
    Peer(
        "modelaudit",
        "0.2.54",
        "modelaudit",
        (
            "modelaudit[dill,flax,h5,joblib,onnx,safetensors,sevenzip,tflite,xgboost]==0.2.54",
            "lz4==4.4.5",
            "zstandard==0.25.0",
        ),
        "with every extra that reads files, but without torch, tensorflow and tensorrt, whose"
        " installs are gigabytes; lz4 and zstandard are added for joblib's codecs",
    ),
)


def peers_folder() -> Path:
    """Return the folder of the environments."""
    return Path(os.environ.get("MODELWARDEN_PEERS") or ROOT / "build" / "peers").resolve()


def main() -> int:
    """Create every environment that is missing, or print the install lines."""
    for peer in PEERS:
        print(f"{peer.name}: {peer.line}", flush=True)
        if "--lines" not in sys.argv:
            peer.create()
    return 0


if __name__ == "__main__":
    sys.exit(main())
