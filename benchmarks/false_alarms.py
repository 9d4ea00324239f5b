"""How often scanners cry wolf over honest files of real libraries.

    libs/bin/python benchmarks/benign_files.py FOLDER      (in an environment with the libraries)
    python benchmarks/false_alarms.py FOLDER... [--sample N | --kept] [--json FILE] [--only ours]

Ours is asked about every file; with the peers it is compared on a sample that keeps the share of
each library (`--sample`, by a fixed seed), as one of them takes many seconds for a file. `--kept`
compares on the files that all peers have answered so far, in however many unfinished runs.

A false alarm is a finding at medium or above. Files under `code/` (dill, cloudpickle) carry code
on purpose and are counted apart: there a finding is right.
"""

from __future__ import annotations

import argparse
import json
import random
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
    answered,
    ask_ours,
    ask_peer,
    counted,
    ready_peers,
)
from tables import markdown, share

_SEED = 20


def listed(folders: list[Path]) -> dict[Path, str]:
    """Return the files that the generator listed, with library and version.

    Raises:
        SystemExit: a folder has no `index.json`.
    """
    libraries: dict[Path, str] = {}
    for folder in folders:
        if not (folder / "index.json").is_file():
            raise SystemExit(f"{folder} has no index.json: make it with benchmarks/benign_files.py")
        for entry in json.loads((folder / "index.json").read_text()):
            libraries[folder / entry["file"]] = f"{entry['library']} {entry['version']}"
    return libraries


def ask_ours_about(folders: list[Path], files: list[Path]) -> dict[Path, Answer]:
    """Ask ours, folder by folder."""
    ours: dict[Path, Answer] = {}
    for folder in folders:
        ours |= ask_ours(folder, [f for f in files if f.is_relative_to(folder)])
    return ours


def sampled(libraries: Mapping[Path, str], size: int) -> list[Path]:
    """Return about `size` files, every library with its share and at least one file."""
    rng = random.Random(_SEED)
    by_name: dict[str, list[Path]] = {}
    for file, library in libraries.items():
        by_name.setdefault(library, []).append(file)
    share_of = min(1.0, size / max(1, len(libraries)))
    chosen: list[Path] = []
    for files in by_name.values():
        chosen += rng.sample(files, max(1, round(len(files) * share_of)))
    return chosen


def overall(answers: Answers, plain: list[Path], code: list[Path]) -> str:
    """Return the shares over all files."""
    rows = [
        ["false alarm: medium or above", len(plain), *counted(answers, plain, CAUGHT)],
        ["false alarm: high or critical", len(plain), *_serious(answers, plain)],
        ["incomplete", len(plain), *counted(answers, plain, INCOMPLETE)],
        ["clean", len(plain), *counted(answers, plain, CLEAN)],
        ["carry code, and it is said", len(code), *counted(answers, code, CAUGHT)],
    ]
    return markdown(["honest files", "n", *answers], rows)


def by_library(answers: Answers, libraries: Mapping[Path, str], plain: list[Path]) -> str:
    """Return the false alarms of each library."""
    sizes = Counter(libraries[f] for f in plain)
    rows = []
    for library, count in sorted(sizes.items()):
        mine = [f for f in plain if libraries[f] == library]
        alarms = [sum(of[f].verdict == CAUGHT for f in mine) for of in answers.values()]
        rows.append([library, count, *alarms])
    return markdown(["false alarms in files of", "n", *answers], rows)


def _serious(answers: Answers, files: list[Path]) -> list[str]:
    return [share(sum(of[f].serious for f in files), len(files)) for of in answers.values()]


def main() -> None:
    """Ask, print the tables, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--json", type=Path, default=KEPT / "false-alarms.json")
    parser.add_argument("--kept", action="store_true", help="what all peers answered before")
    parser.add_argument("--only", choices=["ours"])
    options = parser.parse_args()

    folders = [folder.resolve() for folder in options.folder]
    libraries = listed(folders)
    code = {f for f in libraries if "code" in f.parts[-3:]}
    ours = ask_ours_about(folders, list(libraries))
    answers: dict[str, Mapping[Path, Answer]] = {"modelwarden": ours}
    print(overall(answers, [f for f in libraries if f not in code], sorted(code)), "\n")
    if options.only != "ours":
        chosen = sampled(libraries, options.sample)
        if options.kept:
            chosen = list(libraries)
            for peer in ready_peers():
                chosen = answered(peer, chosen)
        answers |= {peer.name: ask_peer(peer, chosen) for peer in ready_peers()}
        plain = [f for f in chosen if f not in code]
        print(overall(answers, plain, [f for f in chosen if f in code]), "\n")
        print(by_library(answers, libraries, plain), "\n")
    for file, answer in ours.items():
        if file not in code and answer.verdict != CLEAN:
            print("not clean by ours:", file.name, libraries[file], answer)

    told = {
        tool: [{"file": f.name, "library": libraries[f], **asdict(a)} for f, a in of.items()]
        for tool, of in answers.items()
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
