"""What the scanners find, format by format: the published sets, and the samples of our own tests.

    python benchmarks/by_format.py [--json FILE] [--only ours]

Prints two Markdown tables. The published sets were made by others and are split by the format that
the content has. Our own samples were written with our rules in mind, so that the table tells which
formats a scanner looks at, and not how good it is at them. A sample counts as *attack* when what
it does needs no bug of the loader (runs code, reads, writes, connects, names a foreign library),
and as *broken* when a loader would read or write where it must not, or go round for ever.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from adapters import CAUGHT, KEPT, Answer, Answers, ask_ours, ask_peer, counted, ready_peers
from corpora import files_below
from labels import Label, label_of
from tables import ROOT, markdown, shared

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

_SERIOUS = ("medium", "high", "critical")
_BROKEN = ("-invalid", "-bad-reference", "-overflow", "-hidden-data", "-bomb")
# Module of tests with `SOUND` and `HOSTILE`, and how its samples are called where a loader looks
# at names; by the first word of the sample's title.
_SETS: dict[str, Mapping[str, str]] = {
    "formats.rdata.test_rdata": {"": "model.rds"},
    "formats.test_xgboost": {"": "model.model"},
    "formats.vectors.test_vectors": {"": "model.bin"},
    "formats.trees.test_trees": {
        "xgboost": "model.json",
        "lightgbm": "model.txt",
        "catboost": "model.cbm",
    },
    "formats.vocabulary.test_vocabulary": {"": "tokenizer.model"},
    "formats.xml.test_xml_models": {"pmml": "model.pmml", "": "model.xml"},
    "formats.paddle.test_paddle": {"": "model.pdmodel"},
    "formats.torch.test_served": {"": "model.mar"},
    "formats.coreml.test_coreml": {"": "model.mlmodel"},
    "formats.test_small_networks": {
        "executorch": "model.pte",
        "mxnet": "model-symbol.json",
        "flax": "model.msgpack",
        "caffe": "model.caffemodel",
    },
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One file that was written.

    Attributes:
        kind: `attack`, `broken` or `harmless`.
    """

    file: Path
    kind: str


def of_rules(root: Path) -> Iterator[Sample]:
    """Write the bad sample of every serious rule; a good one only promises silence of that rule."""
    from modelwarden.artifacts import RULES

    for entry in RULES:
        rule = entry.load()
        stem = entry.id.replace("-", "_")
        path = ROOT / "tests/artifacts/samples" / f"{stem}.py"
        spec = importlib.util.spec_from_file_location(f"samples_{stem}", path)
        assert spec is not None
        assert spec.loader is not None
        made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
        if rule.severity.value in _SERIOUS:
            bad = root / f"{stem}-bad"
            bad.mkdir(parents=True)
            yield Sample(bad / made.bad(bad), _kind(entry.id))


def of_readers(root: Path) -> Iterator[Sample]:
    """Write the samples of the readers' tests."""
    for module, names in _SETS.items():
        tests = importlib.import_module(f"tests.{module}")
        for kind, samples in (("bad", tests.HOSTILE), ("good", tests.SOUND)):
            for index, (title, sample) in enumerate(samples.items()):
                data, rule = sample if isinstance(sample, tuple) else (sample, "-invalid")
                word = title.replace(":", " ").replace(",", " ").split()[0]
                file = root / f"{module}-{kind}-{index:03}" / names.get(word, names.get("", "m"))
                file.parent.mkdir(parents=True)
                file.write_bytes(data.encode() if isinstance(data, str) else data)
                yield Sample(file, "harmless" if kind == "good" else _kind(rule))


def _kind(rule: str) -> str:
    return "broken" if rule.endswith(_BROKEN) else "attack"


def formats_of(root: Path) -> dict[Path, str]:
    """Return what our own scan takes each file for: that only sorts the rows."""
    from adapters import our_report

    listed = our_report(root)["coverage"]
    return {root / str(e["path"]): str(e["format"] or "unknown") for e in listed}


def table(
    answers: Answers, groups: Mapping[tuple[str, str], list[Path]], title: str, kinds: list[str]
) -> str:
    """Return a row for each format and kind: caught where harmful, false alarms where not."""
    rows = []
    for of, kind in sorted(groups, key=lambda key: (kinds.index(key[1]), key[0])):
        files = groups[of, kind]
        said = "false alarms" if kind == "harmless" else "caught"
        hits = [sum(told[f].verdict == CAUGHT for f in files) for told in answers.values()]
        rows.append([f"{of}, {kind}: {said}", len(files), *hits])
    for kind in kinds:
        files = [f for key, listed in groups.items() if key[1] == kind for f in listed]
        rows.append([f"all {kind}", len(files), *counted(answers, files, CAUGHT)])
    return markdown([title, "n", *answers], rows)


def ask(root: Path, files: list[Path], only: str | None) -> dict[str, Mapping[Path, Answer]]:
    """Ask ours and every peer that is installed."""
    answers: dict[str, Mapping[Path, Answer]] = {"modelwarden": ask_ours(root, files)}
    if only != "ours":
        answers |= {peer.name: ask_peer(peer, files) for peer in ready_peers()}
    return answers


def published(only: str | None) -> tuple[str, Answers]:
    """Return the table of the published sets."""
    root = shared() / "data/corpora"
    kinds = {Label.HARMFUL: "attack", Label.HARMLESS: "harmless"}
    labels = {f: label_of(f.relative_to(root).as_posix())[0] for f in files_below(root)}
    known, groups = formats_of(root), defaultdict(list)
    for file, label in labels.items():
        if label in kinds and file.parent != root:
            groups[known.get(file, "unknown"), kinds[label]].append(file)
    answers = ask(root, [f for files in groups.values() for f in files], only)
    return table(answers, groups, "published sets", ["attack", "harmless"]), answers


def ours(only: str | None) -> tuple[str, Answers]:
    """Return the table of our own samples."""
    root = KEPT / "by-format"
    shutil.rmtree(root, ignore_errors=True)
    samples = [*of_rules(root), *of_readers(root)]
    known, groups = formats_of(root), defaultdict(list)
    for sample in samples:
        groups[known.get(sample.file, "unknown"), sample.kind].append(sample.file)
    answers = ask(root, [s.file for s in samples], only)
    return table(answers, groups, "own samples", ["attack", "broken", "harmless"]), answers


def main() -> None:
    """Build, ask, print the tables, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=KEPT / "by-format.json")
    parser.add_argument("--only", choices=["ours"])
    options = parser.parse_args()
    told = {}
    for name, made in (("published", published), ("own", ours)):
        text, answers = made(options.only)
        print(text, end="\n\n")
        told[name] = {
            tool: {str(f): asdict(answer) for f, answer in of.items()}
            for tool, of in answers.items()
        }
    options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
