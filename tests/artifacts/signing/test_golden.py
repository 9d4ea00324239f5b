"""What the real package signed, and what it says of what we sign."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives.asymmetric import ec

from artifacts.signing.keymaking import Authority, make_keys, make_model
from modelwarden.artifacts.signing import sign, verify
from modelwarden.core import InputError
from targets.opening import models_python

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"


@pytest.mark.parametrize("name", ["p256", "p384", "p521", "blake2b"])
def test_a_bundle_of_the_real_package_made_with_a_key_verifies(tmp_path, name):
    model = make_model(tmp_path / "model")
    key = GOLDEN / f"{name if name.startswith('p') else 'p256'}.pub"

    check = verify(model, GOLDEN / f"{name}.json", key=key)

    assert (check.problems, check.files, check.uncovered) == ((), 3, ())


def test_a_bundle_over_shards_verifies_and_says_that_empty_files_are_not_covered(tmp_path):
    model = make_model(tmp_path / "model")

    check = verify(model, GOLDEN / "shards.json", key=GOLDEN / "p256.pub")

    assert (check.problems, check.files, check.uncovered) == ((), 2, ("empty",))


def test_a_bundle_over_one_file_verifies(tmp_path):
    model = make_model(tmp_path / "model")

    check = verify(model / "a.bin", GOLDEN / "file.json", key=GOLDEN / "p256.pub")

    assert (check.problems, check.files) == ((), 1)


def test_a_bundle_made_with_a_certificate_verifies(tmp_path):
    model = make_model(tmp_path / "model")

    check = verify(model, GOLDEN / "certificate.json", roots=GOLDEN / "roots.pem")

    assert check.problems == ()
    assert check.signer == "CN=signer (P-256)"


def test_blake3_is_checked_when_its_package_is_there(tmp_path):
    model = make_model(tmp_path / "model")
    try:
        import blake3  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="blake3"):
            verify(model, GOLDEN / "blake3.json", key=GOLDEN / "p256.pub")
    else:
        assert verify(model, GOLDEN / "blake3.json", key=GOLDEN / "p256.pub").problems == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: (m / "a.bin").write_bytes(b"A\n"), ("changed", "a.bin", "")),
        (lambda m: (m / "sub/b.bin").write_bytes(b"b\n" * 9), ("changed", "sub/b.bin", "")),
        (lambda m: (m / "sub/b.bin").unlink(), ("missing", "sub/b.bin", "")),
        (lambda m: (m / "new").write_bytes(b"x"), ("added", "new", "")),
        (lambda m: (m / "a.bin").rename(m / "c.bin"), ("renamed", "a.bin", "c.bin")),
    ],
)
@pytest.mark.parametrize("name", ["p256", "shards"])
def test_every_change_to_a_file_is_named(tmp_path, name, change, told):
    model = make_model(tmp_path / "model")
    change(model)

    check = verify(model, GOLDEN / f"{name}.json", key=GOLDEN / "p256.pub")

    assert [(p.kind, p.what, p.detail) for p in check.problems] == [told]


@pytest.fixture
def package():
    """Return a function that runs `reference.py` with an interpreter that has model-signing."""
    python = models_python()

    def run(*arguments):
        return subprocess.run(
            [python, HERE / "reference.py", *arguments], capture_output=True, timeout=300
        )

    return run


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_the_real_package_verifies_what_we_sign_and_sees_what_was_changed(tmp_path, package, curve):
    model = make_model(tmp_path / "model")
    (model / "ünicode ✓").write_bytes(b"u")
    (model / ".git").mkdir()
    (model / ".git/config").write_bytes(b"")
    private, public = make_keys(tmp_path, curve=curve())
    signature = model / "model.sig"

    signature.write_bytes(sign(model, private, signature, password=lambda: None).data)
    good = package("verify", model, signature, "key", public)
    (model / "a.bin").write_bytes(b"other")
    bad = package("verify", model, signature, "key", public)

    assert good.returncode == 0, good.stderr
    assert bad.returncode != 0
    assert b"Hash mismatch for" in bad.stderr
    assert b"a.bin" in bad.stderr


def test_the_real_package_verifies_what_we_sign_with_a_certificate(tmp_path, package):
    model = make_model(tmp_path / "model")
    ca = Authority(tmp_path / "ca")
    signature = tmp_path / "out.json"

    made = sign(
        model,
        ca.key,
        signature,
        password=lambda: None,
        certificate=ca.certificate,
        chain=[ca.chain],
    )
    signature.write_bytes(made.data)
    checked = package("verify", model, signature, "certificate", ca.roots)

    assert checked.returncode == 0, checked.stderr


def test_the_real_package_verifies_a_single_file_and_we_verify_its_shards(tmp_path, package):
    model = make_model(tmp_path / "model")
    private, public = make_keys(tmp_path)
    ours, theirs = tmp_path / "ours.sig", model / "theirs.sig"

    ours.write_bytes(sign(model / "a.bin", private, ours, password=lambda: None).data)
    signed = package("sign", model, private, theirs, "8")

    assert package("verify", model / "a.bin", ours, "key", public).returncode == 0
    assert signed.returncode == 0, signed.stderr
    assert verify(model, theirs, key=public).problems == ()
