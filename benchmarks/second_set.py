"""What the scanners say of the second set of samples: written from descriptions alone.

    python benchmarks/second_set.py [--json FILE] [--only ours]

The builders stand in `tests/hostile/`. Their author had read the peers' advisories and the formats'
specifications, but neither our rules nor our lists. What slipped through at first contact was
mended afterwards, so that for ours this is no longer an unseen set.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from adapters import (
    CAUGHT,
    CLEAN,
    INCOMPLETE,
    KEPT,
    Answer,
    Answers,
    ask_ours,
    ask_peer,
    counted,
    ready_peers,
)
from tables import ROOT, markdown

sys.path.insert(0, str(ROOT / "tests"))


def build(root: Path) -> dict[str, list[Path]]:
    """Write every sample into a folder of its own; returns the files by group."""
    from hostile.archives import ARCHIVES
    from hostile.formats import FORMATS
    from hostile.gadgets import GADGETS
    from hostile.harmless import HARMLESS
    from hostile.mechanisms import MECHANISMS
    from hostile.roads import ROADS
    from hostile.zips import ZIPS

    groups = {
        "callables in a pickle": GADGETS,
        "roads to a call in a pickle": (*ROADS, *MECHANISMS),
        "zip headers": ZIPS,
        "archives and checkpoints": ARCHIVES,
        "other formats": FORMATS,
        "harmless": HARMLESS,
    }
    shutil.rmtree(root, ignore_errors=True)
    written: dict[str, list[Path]] = {}
    for group, samples in groups.items():
        for index, sample in enumerate(samples):
            file = root / group.replace(" ", "-") / f"{index:03}" / sample.file
            file.parent.mkdir(parents=True)
            file.write_bytes(sample.build())
            written.setdefault(group, []).append(file)
    return written


def table(answers: Answers, groups: Mapping[str, list[Path]]) -> str:
    """Return caught files by group, and what was said of the others."""
    harmful = [f for group, files in groups.items() if group != "harmless" for f in files]
    rows = [
        [f"{group}: caught", len(files), *counted(answers, files, CAUGHT)]
        for group, files in groups.items()
        if group != "harmless"
    ]
    rows += [
        ["all harmful: caught", len(harmful), *counted(answers, harmful, CAUGHT)],
        ["all harmful: incomplete", len(harmful), *counted(answers, harmful, INCOMPLETE)],
        ["all harmful: said clean", len(harmful), *counted(answers, harmful, CLEAN)],
    ]
    harmless = groups["harmless"]
    for title, verdict in (("false alarm", CAUGHT), ("incomplete", INCOMPLETE)):
        rows.append([f"harmless: {title}", len(harmless), *counted(answers, harmless, verdict)])
    return markdown(["second set", "n", *answers], rows)


def main() -> None:
    """Build, ask, print the table, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=KEPT / "second-set.json")
    parser.add_argument("--only", choices=["ours"])
    options = parser.parse_args()

    root = KEPT / "second-set"
    groups = build(root)
    files = [f for group in groups.values() for f in group]
    answers: dict[str, Mapping[Path, Answer]] = {"modelwarden": ask_ours(root, files)}
    if options.only != "ours":
        answers |= {peer.name: ask_peer(peer, files) for peer in ready_peers()}
    print(table(answers, groups))
    print(Counter(a.verdict for a in answers["modelwarden"].values()), file=sys.stderr)
    told = {
        tool: {f.relative_to(root).as_posix(): asdict(a) for f, a in of.items()}
        for tool, of in answers.items()
    }
    options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
