"""Whole audits on real records: an MLflow model, an installed environment, fifty old pins."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from cli.command import HARMLESS, scan
from modelwarden.dependencies.build import build
from modelwarden.dependencies.feeds import records
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.match import match
from modelwarden.dependencies.packages import Package

MLMODEL = """
flavors:
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 0.24.0
mlflow_version: 1.20.0
"""
PYTHON_ENV = (
    "python: 3.8.10\nbuild_dependencies: [pip==21.0]\ndependencies: [-r requirements.txt]\n"
)


@pytest.fixture(scope="module")
def feed(shared) -> Path:
    return shared / "data" / "advisories" / "pypa-osv-full.jsonl.gz"


@pytest.fixture(scope="module")
def index(feed, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("index") / "advisories.sqlite"
    build(records(feed), path)
    return path


@pytest.fixture(scope="module")
def benchmark():
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "dependencies.py"
    spec = importlib.util.spec_from_file_location("dependencies_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_fifty_old_pins_have_the_hits_of_a_straight_evaluation(benchmark, feed, index):
    pins = [pin.partition("==") for pin in benchmark.PINS]
    packages = [Package(name=n, version=v, path="r.txt") for n, _, v in pins]

    with Index(index) as opened:
        matched = match(packages, opened)

    own = {
        (s.package.key, s.row.id) for m in matched.matches for s in m.struck if s.sibling is None
    }
    assert len(pins) == 50
    assert own == benchmark.straight(feed, benchmark.PINS)


def test_an_mlflow_model_is_audited_from_all_of_its_files(index, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    (model / "MLmodel").write_text(MLMODEL)
    (model / "python_env.yaml").write_text(PYTHON_ENV)
    (model / "requirements.txt").write_text("mlflow==1.20.0\ncloudpickle==2.0.0\n")
    (model / "model.pkl").write_bytes(HARMLESS)

    ran = scan(model, "--advisories", index)

    assert ran.code == 1
    found = [f for f in ran.report["findings"] if f["stage"] == "dependencies"]
    assert {f["evidence"]["package"] for f in found} >= {"mlflow", "scikit-learn", "pip"}
    (one,) = [f for f in found if "CVE-2023-3765" in f["references"]]
    assert one["location"]["path"] == "MLmodel"
    assert one["evidence"]["also"] == ["mlflow 1.20.0 in requirements.txt"]
    assert [g for g in ran.report["gaps"] if g["stage"] == "dependencies"] == []
    assert "cloudpickle" in ran.report["run"]["notes"][-1]


def test_an_installed_environment_is_audited_without_being_run(index, tmp_path):
    for name, version in (("Jinja2", "2.11.2"), ("nltk", "3.6"), ("itsdangerous", "1.1.0")):
        home = tmp_path / "site" / f"{name}-{version}.dist-info"
        home.mkdir(parents=True)
        (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    ran = scan(tmp_path / "site", "--advisories", index)

    assert {f["evidence"]["package"] for f in ran.report["findings"]} == {"Jinja2", "nltk"}
    assert [g for g in ran.report["gaps"] if g["stage"] == "dependencies"] == []
