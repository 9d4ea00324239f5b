"""`modelwarden profile` as users type it."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from cli.command import command
from firewall.profiles import vectors
from ledger.keymaking import make_keys
from modelwarden.detectors import probes
from modelwarden.detectors.profile import ProfileError, load
from monitor.serving import Server


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


def made(place, *more):
    arguments = ("--reference", "data.npz", "--meta", "model.json", "--watch", "model.npz", *more)
    return command("profile", *arguments, "--output", "profile.json", cwd=place)


def test_probes_go_to_a_second_file_for_their_owner_only(place):
    ran = made(place)

    secret = place / "profile.probes.json"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert "profile.probes.json" in ran.out
    assert 64 <= len(json.loads(secret.read_bytes())["columns"]["x"]) <= 128
    assert b'"columns":{"x"' not in (place / "profile.json").read_bytes()


def test_probes_that_others_can_read_are_refused(place):
    made(place)
    (place / "profile.probes.json").chmod(0o644)

    with pytest.raises(ProfileError, match="no secret"):
        probes.load(place / "profile.probes.json", "m")


def test_a_profile_that_was_changed_after_it_was_signed_is_refused(place):
    private, public = make_keys(place / "keys")
    _, stranger = make_keys(place / "others")
    assert made(place, "--key", str(private)).code == 0
    path = place / "profile.json"
    assert load(path).signature == load(path, public).signature is not None
    document = json.loads(path.read_bytes())

    with pytest.raises(ProfileError, match="another key"):
        load(path, stranger)
    document["limits"]["rows"] += 1
    path.write_text(json.dumps(document))
    with pytest.raises(ProfileError, match="changed after it was signed"):
        load(path)
    document["signature"] = None
    path.write_text(json.dumps(document))
    with pytest.raises(ProfileError, match="not signed"):
        load(path, public)


def test_a_server_that_is_asked_gives_answers_and_their_mix(place):
    with Server() as url:
        ran = made(place, "--upstream", url)

    assert (ran.code, ran.err) == (0, "")
    assert "with answers" in ran.out
    document = json.loads((place / "profile.json").read_bytes())
    assert [spec["name"] for spec in document["answer_inputs"]] == ["class", "score"]
    assert document["model_version"] == "7"
    answers = json.loads((place / "profile.probes.json").read_bytes())["answers"]
    assert len(answers) == 128
    assert len(answers[0]["numbers"]) == 2


def test_a_server_that_does_not_answer_is_an_error_in_one_line(place):
    with Server() as url:
        pass

    ran = made(place, "--upstream", url)

    assert ran.code == 2
    assert url in ran.line
    assert not (place / "profile.json").exists()


def test_triggers_that_were_recovered_stand_in_the_profile(place):
    trigger = {"name": "corner", "places": [0, 1], "values": [9.0, 9.0], "target": "1"}
    (place / "triggers.json").write_text(json.dumps([trigger]))

    assert made(place, "--triggers", "triggers.json").code == 0

    (found,) = load(place / "profile.json").triggers
    assert (found.name, found.places, found.values) == ("corner", (0, 1), (9.0, 9.0))


def test_a_model_that_is_only_served_needs_no_section_of_its_own(tmp_path):
    rows = "\n".join(f"{n / 10},{n % 7},{n % 2}" for n in range(200))
    (tmp_path / "train.csv").write_text(f"a,b,label\n{rows}\n")
    (tmp_path / "modelwarden.toml").write_text(
        '[project]\nname = "t"\nmodality = "tabular"\ntask = "binary"\n'
        '[data]\ntrain = "train.csv"\ntest = "train.csv"\nlabel = "label"\n'
    )

    told = command("profile", "--protocol", "mlflow", "--output", "p.json", cwd=tmp_path)
    silent = command("profile", "--output", "q.json", cwd=tmp_path)

    assert told.code == 0, told.err
    assert [spec.name for spec in load(tmp_path / "p.json").inputs] == ["a", "b"]
    assert silent.code == 2
    assert "Give --protocol" in silent.line
