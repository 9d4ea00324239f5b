"""Which texts are taken for secrets."""

from __future__ import annotations

import base64
import json
import random
import string
import zlib

import pytest

from modelwarden.artifacts import examine
from modelwarden.artifacts.known.secrets import looks_drawn, redacted, secret_in
from modelwarden.formats import Limits, Source
from modelwarden.formats.tokens import tokens_in

LETTERS = string.ascii_letters + string.digits
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def drawn(size: int, alphabet: str = LETTERS, seed: int = 7) -> str:
    """Return a text that is drawn by lot, the same each time, with a digit in it."""
    lot = random.Random(seed)
    return "".join(lot.choice(alphabet) for _ in range(size - 1)) + "7"


def checksummed(prefix: str) -> str:
    """Return a token as GitHub and npm make them: thirty characters and their CRC-32."""
    body, total, digits = drawn(30), 0, ""
    total = zlib.crc32(body.encode())
    while total:
        total, digit = divmod(total, 62)
        digits = BASE62[digit] + digits
    return f"{prefix}_{body}{digits.rjust(6, '0')}"


def part(data: object) -> str:
    text = json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


UPPER = string.ascii_uppercase + string.digits
HEX = string.digits + "abcdef"
PEM = "\n".join(drawn(64, LETTERS + "+/", seed) for seed in range(8))
MACAROON = base64.urlsafe_b64encode(b"\x02\x01\x08pypi.org\x02\x24" + drawn(90).encode()).decode()
SECRETS = {
    "a Hugging Face token": "hf_" + drawn(34),
    "a GitHub token": checksummed("ghp"),
    "a GitLab token": "glpat-" + drawn(20),
    "an AWS access key": "AKIA" + drawn(16, UPPER),
    "a Google API key": "AIza" + drawn(35),
    "a Slack token": "xoxb-" + drawn(12, string.digits) + "-" + drawn(24),
    "an OpenAI key": "sk-proj-" + drawn(48),
    "an Anthropic key": "sk-ant-api03-" + drawn(60),
    "a Stripe key": "sk_live_" + drawn(24),
    "an npm token": checksummed("npm"),
    "a PyPI token": "pypi-" + MACAROON.rstrip("="),
    "a SendGrid key": f"SG.{drawn(22)}.{drawn(43)}",
    "a JSON web token": f"{part({'alg': 'HS256'})}.{part({'sub': 'somebody'})}.{drawn(43)}",
    "a DigitalOcean token": "dop_v1_" + drawn(64, HEX),
    "a private key": f"-----BEGIN PRIVATE KEY-----\n{PEM}\n-----END PRIVATE KEY-----",
    "an address with a password": f"postgresql://app:{drawn(16)}@data.example.invalid/x",
    "an Azure storage key": "AccountKey=" + drawn(86) + "==",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_in_a_text_is_told_and_never_shown(kind: str):
    text = f"# notes\nvalue: {SECRETS[kind]}\n"

    with Source("notes.txt", text.encode()) as source:
        seen = examine(source, Limits())

    assert [f.message for f in seen.findings] == [f"holds {kind}"]
    assert seen.findings[0].location.line == 2
    assert SECRETS[kind][4:] not in repr(seen)
    assert SECRETS[kind][10:40] not in redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "hf_" + "x" * 34,
        "hf_yourtokenyourtokenyourtokenyourtoken1",
        "AKIAIOSFODNN7EXAMPLE",
        checksummed("ghp")[:-1] + "!",
        "ghp_" + drawn(36),  # the checksum does not fit
        "sk_test_" + drawn(24),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "postgresql://user:password@host/x",
        "http://admin:admin@localhost:8080/",
        "https://user:${TOKEN}@example.invalid/",
        "eyJhbGciOiJ.eyJzdWIiOiI.signature",
        "sk-learn-contrib-is-a-name-of-a-project-and-no-key",
        "api_key = 'some_service_name'",
        'password = "correct horse battery"',
    ],
)
def test_what_only_looks_like_a_secret_is_quiet(text: str):
    with Source("notes.txt", f"see {text}\n".encode()) as source:
        assert examine(source, Limits()).findings == []


def test_a_drawn_value_under_a_telling_name_is_told_with_little_confidence():
    with Source("x.py", f'API_KEY = "{drawn(24)}"\n'.encode()) as source:
        (finding,) = examine(source, Limits()).findings

    assert (finding.rule, finding.confidence) == ("text-secret", "low")
    assert drawn(24)[:3] not in repr(finding.evidence)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (drawn(24), True),
        (drawn(32, HEX), True),
        ("my-secret-key", False),
        ("OPENAI_API_KEY", False),
    ],
)
def test_words_are_not_drawn(value: str, expected: bool):
    assert looks_drawn(value) is expected


def test_long_texts_of_beginnings_take_no_time_of_their_own():
    text = "eyJ" * 200_000 + "hf_" * 100_000 + "://a:" * 100_000

    assert list(tokens_in(text, settings=True)) == []


def test_a_key_in_a_setting_is_judged_by_its_form_first():
    assert secret_in("note", SECRETS["a GitHub token"]) == "a GitHub token"
    assert secret_in("api_key", "${API_KEY}") is None
