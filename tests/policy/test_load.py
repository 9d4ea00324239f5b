from __future__ import annotations

import datetime as dt

import pytest

from modelwarden.core import Policy, PolicyError, Severity, Threshold, Waiver
from modelwarden.policy import load, parse

FULL = """
[project]
name = "income"

[policy]
fail_on = "medium"
require = ["artifacts", "performance"]
allow_gaps = ["unsupported:docs/*", "budget"]
[policy.measure]
"accuracy" = {min = 0.80}
"demographic_parity_difference" = {max = 0.10}
"robust_accuracy" = [{min = 0.3}, {min = 0.4, where = {attack = "square", eps = 0.1}}]
[[policy.waiver]]
rule = "pickle-unsafe-global"
path = "model/legacy.pkl"
digest = "sha256:%s"
reason = "replaced in Q1"
owner = "ml-platform"
expires = 2027-03-31
[[policy.waiver]]
fingerprint = "0123456789abcdef0123456789abcdef"
reason = "known"
owner = "sec"
expires = "2027-04-01"
""" % ("ab" * 32)

AIM = 'fingerprint = "0123456789abcdef0123456789abcdef"\n'
OWNED = 'reason = "r"\nowner = "o"\nexpires = 2027-01-01\n'
NAMED = f'rule = "r"\npath = "p"\ndigest = "sha256:{"ab" * 32}"\n'


def written(tmp_path, text):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return path


def test_every_key_of_a_policy_is_read(tmp_path):
    path = written(tmp_path, FULL)

    policy = load(path)

    assert policy == Policy(
        fail_on=Severity.MEDIUM,
        require=("artifacts", "performance"),
        allow_gaps=("unsupported:docs/*", "budget"),
        measures=(
            Threshold(name="accuracy", min=0.8),
            Threshold(name="demographic_parity_difference", max=0.1),
            Threshold(name="robust_accuracy", min=0.3),
            Threshold(name="robust_accuracy", min=0.4, where={"attack": "square", "eps": 0.1}),
        ),
        waivers=(
            Waiver(
                reason="replaced in Q1",
                owner="ml-platform",
                expires=dt.date(2027, 3, 31),
                rule="pickle-unsafe-global",
                path="model/legacy.pkl",
                digest="sha256:" + "ab" * 32,
            ),
            Waiver(
                reason="known",
                owner="sec",
                expires=dt.date(2027, 4, 1),
                fingerprint="0123456789abcdef0123456789abcdef",
            ),
        ),
        source=str(path),
    )


def test_a_file_may_be_the_policy_table_itself(tmp_path):
    assert load(written(tmp_path, 'fail_on = "low"')).fail_on is Severity.LOW


def test_an_empty_policy_is_the_default(tmp_path):
    assert parse({}, "p") == Policy(source="p")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("fail_onn = 'high'", "unknown key 'fail_onn'", "fail_on"),
        ("[policy]\nwaivers = []", "unknown key 'policy.waivers'", "waiver"),
        ("[polcy]\nfail_on = 'high'", "unknown key 'polcy'", ""),
        ("fail_on = 'hihg'", "fail_on names an unknown severity 'hihg'", "high"),
        ("fail_on = 3", "fail_on must be a string, not a number", ""),
        ("require = 'artifacts'", "require must be an array of strings, not a string", ""),
        ("require = ['artefacts']", "require names an unknown stage 'artefacts'", "artifacts"),
        ("require = [1]", "require[0] must be a string, not a number", ""),
        ("allow_gaps = ['unsuported']", "unknown gap kind 'unsuported'", "unsupported"),
        ("allow_gaps = ['unsupported:']", "no path pattern after the colon", ""),
        ("measure = 3", "measure must be a table, not a number", ""),
        ("[measure]\naccuracy = 0.8", "measure.accuracy must be a table, not a number", ""),
        ("[measure]\naccuracy = {}", "measure.accuracy needs min or max", ""),
        ("[measure]\naccuracy = {mim = 0.8}", "unknown key 'measure.accuracy.mim'", "min"),
        ("[measure]\naccuracy = {min = true}", "min must be a number, not a boolean", ""),
        ("[measure]\naccuracy = {min = nan}", "min must be a finite number", ""),
        ("[measure]\naccuracy = {min = 1, max = 0}", "has a min above its max", ""),
        ("[measure]\na = {min = 1, where = {k = [1]}}", "where.k must be a string", ""),
        ("[measure]\na = [3]", "measure.a[0] must be a table", ""),
        ("[waiver]\nreason = 'r'", "waiver must be an array of tables", ""),
        (f"[[waiver]]\n{AIM}owner = 'o'\nexpires = 2027-01-01", "waiver[0].reason is missing", ""),
        (f"[[waiver]]\n{AIM}reason = 'r'\nexpires = 2027-01-01", "waiver[0].owner is missing", ""),
        (f"[[waiver]]\n{AIM}reason = 'r'\nowner = 'o'", "waiver[0].expires is missing", ""),
        (f"[[waiver]]\n{AIM}{OWNED}expiry = 1", "unknown key 'waiver[0].expiry'", "expires"),
        (f"[[waiver]]\n{OWNED}", "needs fingerprint, or rule, path and digest", ""),
        (f"[[waiver]]\n{OWNED}rule = 'r'\npath = 'p'", "needs fingerprint, or rule, path", ""),
        (f"[[waiver]]\n{OWNED}{AIM}{NAMED}", "fingerprint stands alone", ""),
        (f"[[waiver]]\n{OWNED}fingerprint = 'x y'", "is not a fingerprint", ""),
        (
            f"[[waiver]]\n{OWNED}rule = 'r'\npath = 'p'\ndigest = 'ABC'",
            "waiver[0].digest must be 'sha256:'",
            "",
        ),
        (
            f"[[waiver]]\n{AIM}reason = 'r'\nowner = 'o'\nexpires = 2027-01-01T10:00:00",
            "expires must be a day without a time",
            "",
        ),
        (
            f"[[waiver]]\n{AIM}reason = 'r'\nowner = 'o'\nexpires = 'soon'",
            "expires is no day: 'soon'",
            "",
        ),
        (
            f"[[waiver]]\n{AIM}reason = ' '\nowner = 'o'\nexpires = 2027-01-01",
            "reason must not be empty",
            "",
        ),
        ("policy = 3", "policy must be a table", ""),
        ("fail_on = ", "not valid TOML", ""),
        ("a = " + "[" * 50_000, "not valid TOML", ""),
    ],
)
def test_a_policy_that_says_something_else_is_refused_by_its_key(tmp_path, text, message, hint):
    path = written(tmp_path, text)

    with pytest.raises(PolicyError) as caught:
        load(path)

    assert message in caught.value.message
    assert caught.value.message.startswith(str(path))
    assert hint in caught.value.hint


def test_a_policy_that_is_not_there_says_so(tmp_path):
    with pytest.raises(PolicyError, match=r"cannot read the policy .*no such file"):
        load(tmp_path / "nowhere.toml")


def test_a_policy_in_another_encoding_is_no_toml(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_bytes("fail_on = 'high'".encode("utf-16"))

    with pytest.raises(PolicyError, match="not valid TOML"):
        load(path)


def test_a_file_too_large_for_a_policy_is_not_parsed(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_bytes(b"#" * (1 << 20) + b"\n#")

    with pytest.raises(PolicyError, match="this is no policy"):
        load(path)


def test_how_old_advisories_may_be_and_what_nobody_rated_counts_as():
    policy = parse({"advisories_max_age_days": 14, "unknown_severity": "medium"}, "p.toml")

    assert policy.advisories_max_age == 14
    assert policy.unknown_severity == "medium"


@pytest.mark.parametrize("table", [{"advisories_max_age_days": 0}, {"unknown_severity": "none"}])
def test_a_bound_on_advisories_that_means_nothing_is_refused(table):
    with pytest.raises(PolicyError):
        parse(table, "p.toml")


@pytest.mark.parametrize("word", ["component_not_present", "inline_mitigations_already_exist"])
def test_a_waiver_may_say_why_the_weakness_does_no_harm(word):
    waiver = {"fingerprint": "0" * 32, "reason": "r", "owner": "o", "expires": "2027-01-01"}

    policy = parse({"waiver": [{**waiver, "justification": word}]}, "p")

    assert policy.waivers[0].justification == word
    with pytest.raises(PolicyError, match="names an unknown justification"):
        parse({"waiver": [{**waiver, "justification": f"{word}s"}]}, "p")
