"""Runs a campaign in a process of its own that dies, without a word, at a chosen moment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from modelwarden.redteam import load, run
from modelwarden.redteam.journal import Journal


def main() -> None:
    """Take the campaign, the folder, and after how many events of the record to die."""
    path, folder, events = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    half = len(sys.argv) > 4
    left = [events]
    real = Journal._put

    def put(journal: Journal, event: Any) -> None:
        left[0] -= 1
        if left[0] < 0 and half:
            os.write(journal._events, b'{"event": "ans')
        if left[0] < 0:
            os.kill(os.getpid(), 9)
        real(journal, event)

    Journal._put = put  # type: ignore[method-assign]
    run(load(path), output=folder, resume=True)


if __name__ == "__main__":
    main()
