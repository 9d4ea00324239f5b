"""A report is bound to the very files that it is about."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("cryptography")

from artifacts.signing.keymaking import make_keys, make_model
from cli.command import command
from modelwarden.artifacts.signing import sign, verify
from modelwarden.core import InputError, Policy


def report_of(path, *options):
    ran = command("scan", "--format", "json", "--no-deps", *options, path)
    return ran.out.encode()


class Case:
    def __init__(self, folder):
        self.model = make_model(folder / "model")
        self.private, self.public = make_keys(folder)
        self.signature = self.model / "model.sig"

    def sign(self, report, **rest):
        made = sign(
            self.model, self.private, self.signature, password=lambda: None, report=report, **rest
        )
        self.signature.write_bytes(made.data)
        return made

    def check(self, **rest):
        return verify(self.model, self.signature, key=self.public, **rest)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_verdict_versions_and_digests_are_bound_and_told(case):
    report = report_of(case.model)

    case.sign(report)
    check = case.check(report=report)

    assert check.problems == ()
    told = check.attestation
    assert (told.outcome, told.gaps, dict(told.findings)) == ("pass", 0, {})
    assert (told.tool.name, told.command) == ("modelwarden", "scan")
    assert told.subject.digest == json.loads(report)["subject"]["digest"]


def test_signing_again_beside_the_old_signature_works(case):
    case.sign(report_of(case.model))

    case.sign(report_of(case.model))

    assert case.check().problems == ()


def test_another_report_than_the_bound_one_is_told(case):
    report = report_of(case.model)
    case.sign(report)

    [problem] = case.check(report=report + b"\n").problems

    assert (problem.kind, problem.what) == ("attestation", "another report was bound")


def test_a_missing_attestation_is_told(case):
    case.sign(None)

    [problem] = case.check(report=b"{}").problems

    assert problem.what == "no report was bound"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: (m / "a.bin").write_bytes(b"other"),
        lambda m: (m / "new").write_bytes(b"x"),
        lambda m: (m / "a.bin").unlink(),
    ],
)
def test_a_report_about_other_files_is_refused(case, change):
    report = report_of(case.model)
    change(case.model)

    with pytest.raises(InputError, match="not about these files"):
        case.sign(report)


def test_a_report_without_digests_is_refused(case):
    with pytest.raises(InputError, match="has no digest of"):
        case.sign(report_of(case.model, "--no-hash"))


@pytest.mark.parametrize("data", [b"", b"[]", b'{"schema": "other"}', b"\xff"])
def test_what_is_no_report_is_refused(case, data):
    with pytest.raises(InputError):
        case.sign(data)


def test_the_policy_is_bound_when_the_verdict_follows_from_it(case):
    report = report_of(case.model)

    case.sign(report, policy=(Policy(), b"[policy]\n"))

    assert case.check().attestation.policy is not None


def test_a_policy_under_which_the_verdict_is_another_is_refused(case):
    report = report_of(case.model)

    with pytest.raises(InputError, match="under this policy"):
        case.sign(report, policy=(Policy(require=("robustness",)), b""))


def test_a_report_on_one_file_is_bound_to_it(tmp_path):
    case = Case(tmp_path)
    case.model, case.signature = case.model / "a.bin", tmp_path / "a.sig"
    report = report_of(case.model)

    case.sign(report)

    assert case.check(report=report).problems == ()
