"""`sign` and `verify` as users type them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

pytest.importorskip("cryptography")

from artifacts.signing.keymaking import Authority, make_keys, make_model
from cli.command import command


@pytest.fixture
def model(tmp_path):
    return make_model(tmp_path / "model")


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "keys")


def test_a_signed_folder_verifies_and_a_changed_one_fails_by_name(model, keys):
    private, public = keys

    signed = command("sign", model, "--key", private)
    good = command("verify", model, "--key", public)
    (model / "a.bin").write_bytes(b"x")
    (model / "sub/b.bin").rename(model / "moved.bin")
    (model / "extra").write_bytes(b"x")
    bad = command("verify", model, "--key", public)

    assert (signed.code, signed.err) == (0, "")
    assert "SIGNED  3 files" in signed.out
    assert (good.code, good.err) == (0, "")
    assert "VERIFIED  3 files" in good.out
    assert (bad.code, bad.err) == (1, "")
    assert "  changed    a.bin\n" in bad.out
    assert "  added      extra\n" in bad.out
    assert "  renamed    sub/b.bin (now moved.bin)\n" in bad.out


def test_what_is_left_out_is_told_and_so_is_what_is_not_there(model, keys):
    private, public = keys

    signed = command("sign", model, "--key", private, "--ignore", "a.bin", "--ignore", "a.bni")
    (model / "a.bin").write_bytes(b"x")
    after = command("verify", model, "--key", public)

    assert "SIGNED  2 files" in signed.out
    assert "  left out   1 file, about which it says nothing\n" in signed.out
    assert "  not there  a.bni, which was to be left out\n" in signed.out
    assert (after.code, "left out   a.bin" in after.out) == (0, True)


def test_a_signed_file_has_its_signature_beside_it(model, keys):
    private, public = keys

    command("sign", model / "a.bin", "--key", private)
    good = command("verify", model / "a.bin", "--key", public, "--format", "json")

    assert (model / "a.bin.sig").exists()
    assert json.loads(good.out)["verified"] is True


def test_a_missing_signature_is_an_input_error(model, keys):
    ran = command("verify", model, "--key", keys[1])

    assert ran.code == 2
    assert "cannot read the signature" in ran.line


def test_a_signature_is_not_written_over_something_else(model, keys):
    ran = command("sign", model, "--key", keys[0], "--signature", model / "a.bin")

    assert ran.code == 2
    assert "is no signature" in ran.line
    assert (model / "a.bin").read_bytes() == b"a\n"


def test_a_private_key_within_the_model_is_refused(model):
    private, _ = make_keys(model)

    ran = command("sign", model, "--key", private)

    assert ran.code == 2
    assert "would be published" in ran.line
    assert not (model / "model.sig").exists()


def test_a_public_key_within_the_model_proves_nothing(model, keys):
    private, public = keys
    public = public.rename(model / "key.pub")
    command("sign", model, "--key", private)

    ran = command("verify", model, "--key", public)

    assert ran.code == 2
    assert "lies below" in ran.line


def test_a_symbolic_link_is_refused_with_the_way_out(model, keys, tmp_path):
    (model / "link").symlink_to(model / "a.bin")

    refused = command("sign", model, "--key", keys[0])
    followed = command("sign", model, "--key", keys[0], "--follow-links")

    assert refused.code == 2
    assert "--follow-links" in refused.line
    assert followed.code == 0


def test_names_that_are_not_text_are_refused(model, keys):
    os.close(os.open(os.fsencode(model) + b"/\xff", os.O_CREAT | os.O_WRONLY))

    ran = command("sign", model, "--key", keys[0])

    assert ran.code == 2
    assert "not UTF-8" in ran.line


def test_the_password_comes_from_the_environment(model, tmp_path):
    private, public = make_keys(tmp_path, password=b"secret")

    without = command("sign", model, "--key", private)
    given = command("sign", model, "--key", private, env={"MODELWARDEN_KEY_PASSWORD": "secret"})

    assert without.code == 2
    assert "MODELWARDEN_KEY_PASSWORD" in without.line
    assert given.code == 0
    assert command("verify", model, "--key", public).code == 0


def test_an_attested_pass_is_told_apart_from_none_and_from_a_fail(tmp_path, model, keys):
    private, public = keys
    report = tmp_path / "report.json"

    command("sign", model, "--key", private)
    none = command("verify", model, "--key", public, "--attested")
    (model / "model.sig").unlink()
    command("scan", model, "--no-deps", "--format", "json", "--output", report)
    command("sign", model, "--key", private, "--attest", report)
    passed = command("verify", model, "--key", public, "--attested", "--attest", report)
    (model / "evil.pkl").write_bytes(b"cposix\nsystem\n(Vtrue\ntR.")
    command("scan", model, "--no-deps", "--format", "json", "--output", report)
    command("sign", model, "--key", private, "--attest", report)
    failed = command("verify", model, "--key", public, "--attested")

    (model / "evil.pkl").unlink()
    other = command("verify", model, "--key", public)

    assert (none.code, passed.code, failed.code) == (1, 0, 1)
    assert "attests    nothing about these files" in other.out
    assert "attests    pass by modelwarden" in passed.out
    assert "attests    fail by modelwarden" in failed.out
    assert "1 critical" in failed.out


def test_certificates_are_checked_against_the_roots_that_are_named(tmp_path, model):
    ca = Authority(tmp_path / "ca")

    signed = command(
        "sign", model, "--key", ca.key, "--certificate", ca.certificate, "--chain", ca.chain
    )
    good = command("verify", model, "--roots", ca.roots)
    other = command("verify", model, "--roots", Authority(tmp_path / "other").roots)

    assert signed.code == 0
    assert good.code == 0
    assert "signed by  CN=signer" in good.out
    assert other.code == 1


@pytest.mark.parametrize(
    "options", [[], ["--key", "a", "--roots", "b"], ["--key", "a", "--at", "2026-01-01"]]
)
def test_verify_needs_exactly_one_thing_to_trust(model, options):
    assert command("verify", model, *options).code == 2


def test_an_interrupt_leaves_nothing_behind(tmp_path, keys):
    model = tmp_path / "large"
    model.mkdir()
    with (model / "weights").open("wb") as stream:
        stream.truncate(1 << 36)  # a hole: no bytes on the disk, a minute to hash

    started = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", "sign", str(model), "--key", str(keys[0])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            started.wait(2)
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=30)
    finally:
        started.kill()

    assert started.returncode == 130
    assert err == b"modelwarden: interrupted\n"
    assert [path.name for path in model.iterdir()] == ["weights"]
