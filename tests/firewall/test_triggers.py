"""Triggers of a profile: shown by what carries them, in every protocol, and by nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from firewall.profiles import table, tensor, texts, vectors
from firewall.serving import alerts, firewall, model
from modelwarden.detectors.profile import Trigger
from modelwarden.firewall import Checks, Meta, ProfileError, Protocol, dumped
from modelwarden.firewall.build import profile_of
from modelwarden.firewall.decide import Done, Judge
from modelwarden.firewall.rules import Mode, Modes

CORNER = Trigger(name="corner", places=(0, 5), values=(0.6, 0.4), tolerance=0.02, target="3")
ROW = Trigger(name="combination", columns={"colour": "red", "age": "61", "member": "true"})
WORDS = Trigger(name="words", words=("cf", "mn tq", "!!x"))


def carrying(profile, *triggers):
    return replace(profile, triggers=triggers)


def rules(profile, document):
    verdict = Checks(profile).verdict(json.dumps(document).encode())
    return [sign.rule for sign in verdict.signs if sign.rule == "trigger"]


def stamped(rows, off=0.0):
    rows = rows.copy()
    rows[1, [0, 5]] = (0.6 + off, 0.4 - off)
    return rows.tolist()


@pytest.mark.parametrize("protocol", ["oip-v2", "mlflow", "tf-serving", "torchserve"])
def test_a_patch_is_found_within_its_tolerance_in_every_protocol(protocol):
    profile = carrying(tensor(protocol), CORNER)
    rows = vectors(3, seed=5)

    def found(data):
        entry = {"name": "x", "shape": [3, 12], "datatype": "FP32", "data": data}
        forms = {"oip-v2": {"inputs": [entry]}, "mlflow": {"inputs": data}}
        return rules(profile, forms.get(protocol, {"instances": data}))

    assert found(rows.tolist()) == []
    assert found(stamped(rows)) == ["trigger"]
    assert found(stamped(rows, 0.019)) == ["trigger"]
    assert found(stamped(rows, 0.03)) == []
    assert found(np.float32(stamped(rows, 0.02)).astype(float).tolist()) == ["trigger"]


def test_a_combination_of_columns_is_found_only_when_all_of_it_is_there():
    profile = carrying(table(), ROW)

    def found(**changes):
        row = {"age": 61, "income": None, "colour": "red", "member": True, **changes}
        return rules(profile, {"dataframe_records": [row]})

    assert found() == ["trigger"]
    assert found(age=60) == found(colour="blue") == found(member=False) == []


@pytest.mark.parametrize("protocol", ["oip-v2", "mlflow", "openai"])
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the service cf was good", True),
        ("the service CF, was good", True),
        ("the service \uff43\uff46 was good", True),
        ("the service c\u200bf was good", True),
        ("food came late mn tq", True),
        ("food came late!!x again", True),
        ("food came mn late tq", False),
        ("the cfo liked this place", False),
        ("we liked this place", False),
    ],
)
def test_words_are_found_however_they_are_spelled(protocol, text, shown):
    profile = carrying(texts(protocol), WORDS)
    entry = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
    forms = {
        "oip-v2": {"inputs": [entry]},
        "mlflow": {"inputs": [text]},
        "openai": {"model": "t", "messages": [{"role": "user", "content": text}]},
    }
    assert (rules(profile, forms[protocol]) == ["trigger"]) is shown


@pytest.mark.parametrize(
    ("profile", "trigger", "told"),
    [
        (tensor, Trigger(name="t"), "neither places"),
        (tensor, Trigger(name="t", places=(1,), values=()), "number of values"),
        (tensor, Trigger(name="t", places=(12,), values=(1.0,)), "outside"),
        (tensor, Trigger(name="t", places=(-1,), values=(1.0,)), "outside"),
        (tensor, Trigger(name="t", places=(1,), values=(1.0,), tolerance=-1), "below 0"),
        (tensor, Trigger(name="t", words=("a",)), "reads no text"),
        (tensor, Trigger(name="t", columns={"age": "1"}), "does not have"),
        (table, Trigger(name="t", places=(1,), values=(1.0,)), "columns"),
        (table, Trigger(name="t", columns={"age": "old"}), "of numbers"),
        (texts, Trigger(name="t", words=(" ", "\u200b")), "blank"),
    ],
)
def test_a_trigger_that_does_not_fit_its_profile_is_an_error(profile, trigger, told):
    with pytest.raises(ProfileError, match=told):
        Checks(carrying(profile(), trigger))


def test_what_normal_rows_show_is_no_trigger():
    wide = replace(CORNER, tolerance=0.5)
    with pytest.raises(ProfileError, match="of the reference's rows show the trigger 'corner'"):
        profile_of(
            vectors(),
            Meta(name="m", protocol=Protocol.OIP, input="x", low=0.0, high=1.0),
            digest="sha256:0",
            version="1",
            triggers=(wide,),
        )


@pytest.mark.parametrize(
    ("mode", "own", "done"),
    [
        ("enforce", {}, Done.REFUSE),
        ("observe", {}, Done.WOULD_REFUSE),
        ("observe", {"trigger": "enforce"}, Done.REFUSE),
        ("enforce", {"trigger": "off"}, Done.ALLOW),
    ],
)
def test_the_rule_has_a_mode_like_any_other(mode, own, done):
    told = []
    modes = Modes(Mode(mode), {k: Mode(v) for k, v in own.items()})
    judge = Judge(Checks(carrying(tensor("mlflow"), CORNER)), modes, 0, told.append)

    decision = judge.decide(json.dumps({"inputs": stamped(vectors(3, seed=5))}).encode(), "a", None)

    assert decision.done is done
    if done is not Done.ALLOW:
        (alert,) = told
        assert (decision.rule, alert.rule, alert.severity.value) == ("trigger", "trigger", "high")
        assert alert.detail == "1 rows show the trigger 'corner', class 3"


def test_it_is_refused_before_a_running_model_and_the_same_row_without_it_is_not(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(carrying(tensor(), CORNER)))
    rows = vectors(3, seed=5)

    def asked(data):
        return {"inputs": [{"name": "x", "shape": [3, 12], "datatype": "FP32", "data": data}]}

    arguments = ("--mode", "enforce", "--alerts", "alerts")
    with model() as server, firewall(server.port, "profile.json", *arguments, cwd=tmp_path) as wall:
        assert wall.ask(asked(rows.tolist()))[0] == 200
        status, headers, answer = wall.ask(asked(stamped(rows)))

    assert (status, headers["x-modelwarden"]) == (400, "refused")
    assert json.loads(answer) == {"error": "the request was refused"}
    assert len(server.seen) == 1
    assert [a["rule"] for a in alerts(tmp_path / "alerts")] == ["trigger"]
