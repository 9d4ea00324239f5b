"""`modelwarden profile` as users type it."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from cli.command import command
from firewall.profiles import vectors


@pytest.fixture
def place(tmp_path):
    np.savez(tmp_path / "data.npz", x=vectors())
    (tmp_path / "model.json").write_text(
        json.dumps({"name": "m", "protocol": "oip-v2", "input": "x", "dtype": "FP32"})
    )
    (tmp_path / "model.npz").write_bytes(b"weights")
    return tmp_path


def test_a_profile_is_made_from_a_reference(place):
    arguments = ("--reference", "data.npz", "--meta", "model.json", "--watch", "model.npz")

    ran = command("profile", *arguments, "--output", "profile.json", cwd=place)

    assert (ran.code, ran.err) == (0, "")
    assert "400 rows · 12 values a row" in ran.out
    document = json.loads((place / "profile.json").read_bytes())
    assert document["schema"] == "modelwarden/profile/1"
    digest = hashlib.sha256(b"weights").hexdigest()
    assert document["watched"] == [{"path": "model.npz", "sha256": digest}]


def test_a_profile_is_made_from_a_project(place):
    (place / "train.csv").write_text(
        "age,colour,y\n" + "".join(f"{20 + i % 50},{'red' if i % 3 else 'blue'},{i % 2}\n"
                                   for i in range(120))
    )  # fmt: skip
    (place / "predict.py").write_text("def predict(x): return x\n")
    (place / "modelwarden.toml").write_text(
        '[project]\nname = "p"\ntask = "binary"\nmodality = "tabular"\n'
        '[model]\npath = "predict.py"\nadapter = "callable"\nentry = "predict.py:predict"\n'
        '[data]\ntrain = "train.csv"\ntest = "train.csv"\nlabel = "y"\n'
    )

    bare = command("profile", "--output", "p.json", cwd=place)
    ran = command("profile", "--protocol", "mlflow", "--output", "p.json", cwd=place)

    assert bare.code == 2
    assert "--protocol" in bare.line
    assert (ran.code, ran.err) == (0, "")
    names = [spec["name"] for spec in json.loads((place / "p.json").read_bytes())["inputs"]]
    assert names == ["age", "colour"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--reference", "data.npz"),
        ("--reference", "gone.npz", "--meta", "model.json"),
        ("--reference", "model.json", "--meta", "model.json"),
        ("--reference", "data.npz", "--meta", "data.npz"),
        ("--reference", "data.npz", "--meta", "model.json", "--watch", "gone"),
        ("gone",),
        ("--protocol", "grpc"),
    ],
)
def test_bad_input_is_one_line_and_no_file(place, arguments):
    ran = command("profile", *arguments, "--output", "out.json", cwd=place)

    assert ran.code == 2
    assert ran.line
    assert not (place / "out.json").exists()
