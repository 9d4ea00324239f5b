"""A writer to be killed: `python -m ledger.appending DIR` tells the last record of every sync."""

from __future__ import annotations

import sys
from pathlib import Path

from modelwarden.ledger import Options, Writer


def main() -> None:
    writer = Writer(Path(sys.argv[1]), Options(segment_bytes=20_000))
    number = int(sys.argv[2])
    while True:
        done = [writer.append({"number": number + i}) for i in range(7)]
        number += 7
        done[-1].result()
        sys.stdout.write(f"{number - 1}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
