"""The published test sets of other scanners, and the zoo: pickles that nobody here wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwarden.artifacts.examine import Examined, examine
from modelwarden.core import Severity
from modelwarden.formats import Limits, Source

MEDIUM = Severity.MEDIUM.rank
HARMLESS = ("benign", "safe_", "int_array", "object_array")
# Named as neither: looked at byte by byte (disassembled, never loaded).
PLAIN = {"simple_nested.pkl", "new_pytorch_model.bin", "pytorch_model.bin", "not_a_pickle.bin"}
PICKLES = {".pkl", ".pickle", ".bin", ".pt", ".npy", ".npz"}


def examined(path: Path) -> Examined:
    with Source.open(path, path.name) as source:
        return examine(source, Limits())


def worst(found: Examined) -> int:
    return min((f.severity.rank for f in found.findings), default=9)


def pickles(shared: Path) -> list[Path]:
    folder = shared / "data" / "corpora"
    found = [p for p in sorted(folder.rglob("*")) if p.suffix in PICKLES and p.is_file()]
    assert len(found) >= 100
    return found


def harmless(path: Path) -> bool:
    return path.name.startswith(HARMLESS) or path.name in PLAIN


def test_every_harmful_pickle_of_the_published_sets_is_caught(shared: Path):
    missed = [
        path.name
        for path in pickles(shared)
        if not harmless(path) and path.name != "bad_pytorch.pt" and worst(examined(path)) > MEDIUM
    ]

    assert missed == []


def test_no_harmless_pickle_of_the_published_sets_is_above_low(shared: Path):
    blamed = [
        (path.name, [f.message for f in found.findings])
        for path in pickles(shared)
        if harmless(path) and worst(found := examined(path)) <= MEDIUM
    ]

    assert blamed == []


def zoo(shared: Path) -> list[Path]:
    return sorted(p for p in (shared / "data" / "models").rglob("*") if p.is_file())


def test_nothing_in_the_zoo_is_high_and_its_pickles_say_what_they_import(shared: Path):
    imports = {}
    for path in zoo(shared):
        found = examined(path)
        assert worst(found) > Severity.HIGH.rank, (path, found.findings)
        names = {item.name for item in found.inventory if item.kind == "import"}
        if path.suffix in {".joblib", ".pkl", ".pth"}:
            imports[path.name] = names

    assert len(imports) >= 15
    assert all(imports.values())


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("sklearn/digits_svm.joblib", "scikit-learn"),
        ("sklearn_old/gym_malware_gb.pkl", "scikit-learn"),
        ("sklearn/spam_detector_ai/xgb_model.joblib", "xgboost"),
        ("torch/dice_adult.pth", "torch"),
    ],
)
def test_a_model_of_the_zoo_names_the_package_it_needs(shared: Path, name: str, package: str):
    found = examined(shared / "data" / "models" / name)

    assert package in {f.evidence.get("package") for f in found.findings if f.rule == "needs-code"}
    assert worst(found) > MEDIUM
