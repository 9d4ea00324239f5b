"""What the scanners find in the published test sets, and what they say of real models.

    python benchmarks/corpora.py [--json FILE] [--only ours]

Prints Markdown tables; `--json` writes every answer. Labels: `labels.py`; words: `adapters.py`.
The zoo holds real files of honest projects: whatever is caught there is a false alarm.
"""

from __future__ import annotations

import argparse
import json
import random
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
    ask_ours_alone,
    ask_peer,
    counted,
    ready_peers,
)
from labels import Label, label_of
from tables import markdown, shared

_SEED = 20
_ALONE = 20


def files_below(root: Path) -> list[Path]:
    """Return the regular files of a folder, sorted."""
    return sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())


def ask_all(root: Path, files: list[Path], only: str | None) -> Answers:
    """Ask ours and every peer that is installed."""
    answers = {"modelwarden": ask_ours(root, files)}
    if only != "ours":
        answers |= {peer.name: ask_peer(peer, files) for peer in ready_peers()}
    return answers


def check_alone(answers: Answers, files: list[Path]) -> list[str]:
    """Scan some files alone and return those judged otherwise than in the folder scan."""
    sample = random.Random(_SEED).sample(files, min(_ALONE, len(files)))
    return [f.name for f in sample if ask_ours_alone(f) != answers["modelwarden"][f]]


def detection_table(answers: Answers, root: Path, labels: Mapping[Path, Label]) -> str:
    """Return caught harmful files by set, and what was said of the others."""
    sets = sorted({f.relative_to(root).parts[0] for f in labels if f.parent != root})
    groups = {f"{name}, harmful": _pick(labels, Label.HARMFUL, root / name) for name in sets}
    groups["all harmful: caught"] = _pick(labels, Label.HARMFUL, root)
    rows = [[title, len(g), *counted(answers, g, CAUGHT)] for title, g in groups.items()]
    harmful, harmless = groups["all harmful: caught"], _pick(labels, Label.HARMLESS, root)
    rows.append(["all harmful: said clean", len(harmful), *counted(answers, harmful, CLEAN)])
    rows.append(["all harmful: incomplete", len(harmful), *counted(answers, harmful, INCOMPLETE)])
    rows.append(["harmless: false alarm", len(harmless), *counted(answers, harmless, CAUGHT)])
    rows.append(["harmless: incomplete", len(harmless), *counted(answers, harmless, INCOMPLETE)])
    return markdown(["files", "n", *answers], rows)


def zoo_table(answers: Answers, files: list[Path]) -> str:
    """Return what was said of real models."""
    serious = [sum(of[f].serious for f in files) for of in answers.values()]
    rows = [
        ["medium or above", len(files), *counted(answers, files, CAUGHT)],
        ["high or critical (false alarm)", len(files), *serious],
        ["incomplete", len(files), *counted(answers, files, INCOMPLETE)],
        ["clean", len(files), *counted(answers, files, CLEAN)],
    ]
    return markdown(["real models", "n", *answers], rows)


def _pick(labels: Mapping[Path, Label], label: Label, below: Path) -> list[Path]:
    return [f for f, of in labels.items() if of is label and f.is_relative_to(below)]


def wrong_ones(answers: Answers, root: Path, labels: Mapping[Path, Label]) -> list[str]:
    """Return a line for each file that ours judged wrongly."""
    wrong = []
    for file, answer in answers["modelwarden"].items():
        caught = answer.verdict == CAUGHT
        if labels[file] is not Label.LEFT_OUT and caught != (labels[file] is Label.HARMFUL):
            name = file.relative_to(root).as_posix()
            wrong.append(
                f"{labels[file]}: {name}: {answer.verdict}, {answer.worst} {answer.detail}"
            )
    return wrong


def main() -> None:
    """Ask, print the tables, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=KEPT / "corpora.json")
    parser.add_argument("--only", choices=["ours"])
    options = parser.parse_args()

    sets, zoo = shared() / "data" / "corpora", shared() / "data" / "models"
    files = files_below(sets)
    labels = {f: label_of(f.relative_to(sets).as_posix())[0] for f in files}
    answers = ask_all(sets, files, options.only)
    models = [f for f in files_below(zoo) if f.name != "index.csv"]
    of_models = ask_all(zoo, models, options.only)

    print(detection_table(answers, sets, labels), "\n")
    print(zoo_table(of_models, models), "\n")
    left = [f for f in files if labels[f] is Label.LEFT_OUT and f.name != "README.md"]
    rows = [[f.name, *(of[f].verdict for of in answers.values())] for f in left]
    print(markdown(["left out", *answers], rows), "\n")
    for line in wrong_ones(answers, sets, labels):
        print("judged wrongly by ours:", line)
    for file, answer in of_models["modelwarden"].items():
        if answer.verdict != CLEAN:
            print("zoo, not clean by ours:", file.relative_to(zoo), answer)
    for name in check_alone(answers, files):
        print("judged otherwise when scanned alone:", name)

    told = {
        tool: {p.as_posix(): asdict(a) for p, a in _relative(of, sets)}
        | {p.as_posix(): asdict(a) for p, a in _relative(of_models[tool], zoo)}
        for tool, of in answers.items()
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(told, indent=1))


def _relative(of: Mapping[Path, Answer], root: Path) -> list[tuple[Path, Answer]]:
    return [(Path(root.name) / f.relative_to(root), answer) for f, answer in of.items()]


if __name__ == "__main__":
    main()
