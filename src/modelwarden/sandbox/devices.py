"""Graphics cards, for a model whose user lets it use one.

Its driver is a large piece of the kernel that the model then speaks to, so the tier is `partial`
and says so. What is granted: opening the device files of the driver, and the commands that they
take; nothing else that is refused to other models.

Source: the open kernel modules of NVIDIA (`nv-ioctl-numbers.h`, `uvm_linux_ioctl.h`).
"""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path

READABLE = ("/proc/driver/nvidia", "/proc/devices", "/sys/bus/pci/devices", "/sys/module/nvidia")
"""What the libraries of the driver look at before they open a card."""

COMMANDS = 0x4600
"""Kind of the commands of cards, in the second byte."""
MEMORY_COMMANDS = (0x3000_0001, 0x3000_0002)
"""Those that begin and end the use of shared memory."""
MEMORY_COMMANDS_BELOW = 0x800
"""The others of that device are plain numbers below this one."""


def cards(root: Path = Path("/dev")) -> tuple[str, ...]:
    """Return the device files of graphics cards that this machine has."""
    found = []
    for path in sorted((*root.glob("nvidia*"), *root.glob("nvidia-caps/*"))):
        with suppress(OSError):
            if stat.S_ISCHR(path.stat().st_mode):
                found.append(str(path))
    return tuple(found)
