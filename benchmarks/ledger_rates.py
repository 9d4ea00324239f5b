"""What a ledger writes and verifies in a second: `python benchmarks/ledger_rates.py [RECORDS]`.

Records of 281 bytes, appended one at a time and many at once, with fdatasync in groups; the time
ends when the last record is on the disk. On a machine with other work the processor's time tells
more than the clock, so both are given. The floor hashes the same bytes with nothing around it.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from modelwarden.ledger import Writer, verify

ROUNDS = 5
GROUPS = (1, 8, 64, 512)
BODY = (
    b'{"time":"2026-01-01T00:00:00.000Z","kind":"request","decision":"allow","shape":[1,64],"pad":"'
)
BODY += b"x" * (281 - len(BODY) - 2) + b'"}'


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    taken: dict[str, list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):
        for group in GROUPS:
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                place = Path(folder, "ledger")
                times = timed(lambda g=group, p=place: written(p, records, g))
                taken.setdefault(f"append, {group} at once", []).append(times)
                if group == GROUPS[-1]:
                    taken.setdefault("verify", []).append(timed(lambda p=place: checked(p)))
        taken.setdefault("floor: SHA-256 alone", []).append(timed(lambda: hashed(records)))
    print(
        json.dumps(
            {
                "benchmark": "ledger",
                "records": records,
                "bytes": len(BODY),
                "rounds": ROUNDS,
                "per_second": {
                    name: round(records / statistics.median(t for t, _ in times))
                    for name, times in taken.items()
                },
                "per_second_of_processor": {
                    name: round(records / statistics.median(t for _, t in times))
                    for name, times in taken.items()
                },
                "python": sys.version.split()[0],
            },
            indent=1,
        )
    )


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return seconds by the clock and of the processor."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def written(place: Path, records: int, group: int) -> None:
    with Writer(place) as writer:
        many = [BODY] * group
        for _ in range(records // group):
            last = writer.extend(many)
        last.result()


def checked(place: Path) -> None:
    if verify(place).problems:
        raise SystemExit("a ledger that was just written does not verify")


def hashed(records: int) -> None:
    data = bytes(345)
    for _ in range(records):
        hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
