"""Tokens of known forms: found whatever they are called, and in whatever text they stand."""

from __future__ import annotations

import json
import random
import string

import pytest

from modelwarden.artifacts import examine
from modelwarden.core import Severity
from modelwarden.formats import Limits, Source

_RNG = random.Random("tokens")
_ALL = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _drawn(count: int, letters: str = _ALL) -> str:
    while True:
        made = "".join(_RNG.choice(letters) for _ in range(count))
        if any(c.isdigit() for c in made) and (letters != _ALL or made != made.lower()):
            return made


TOKENS = {
    "Perplexity": f"pplx-{_drawn(48)}",
    "Pinecone": f"pcsk_{_drawn(6)}_{_drawn(58)}",
    "Grafana": f"glsa_{_drawn(32)}_{_drawn(8, _HEX)}",
    "Vault": f"hvs.{_drawn(95)}",
    "Google OAuth": f"GOCSPX-{_drawn(28)}",
    "Hugging Face OAuth": f"hf_oauth_{_drawn(34)}",
    "Sentry": f"sntrys_{_drawn(80)}",
    "Doppler": f"dp.pt.{_drawn(43)}",
    "Terraform": f"{_drawn(14)}.atlasv1.{_drawn(67)}",
    "Postman": f"PMAK-{_drawn(24, _HEX)}-{_drawn(34, _HEX)}",
    "Pulumi": f"pul-{_drawn(40, _HEX)}",
    "RunPod": f"rpa_{_drawn(44, string.ascii_uppercase + string.digits)}",
}
TEXTS = {
    "k.json": lambda v: json.dumps({"k": v}),
    "k.jsonl": lambda v: json.dumps({"k": v}) * 1 + "\n{}\n",
    "k.yaml": lambda v: f"a: 1\nk: {json.dumps(v)}\n",
    "k.csv": lambda v: f"a,b\n1,{v}\n2,x\n",
    "k.xml": lambda v: f"<a>\n<k>{v}</k></a>",
    "k.py": lambda v: f"K = {v!r}\n",
}


def secrets_of(name: str, text: str) -> list[str]:
    result = examine(Source(name, text.encode()), Limits())
    return [
        f.message
        for f in result.findings
        if "secret" in f.rule and f.severity.rank <= Severity.MEDIUM.rank
    ]


@pytest.mark.parametrize("issuer", TOKENS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_token_under_a_name_of_one_letter_is_found(name: str, issuer: str):
    assert secrets_of(name, TEXTS[name](TOKENS[issuer]))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "value",
    [
        "pplx-your-key-goes-here-and-is-long-enough-to-be-one-of-them",
        "pul-0000000000000000000000000000000000000000",
        "GOCSPX-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "a word: dp.pt. and .atlasv1. and jina_ and sk_",
    ],
)
def test_what_only_shows_a_form_is_none(name: str, value: str):
    assert not secrets_of(name, TEXTS[name](value))


def test_addresses_with_passwords_in_a_table_are_its_data():
    rows = "url,label\nhttp://admin:Xk29fjQ8zz@phish.invalid/a,1\nhttp://b.invalid/,0\n"

    assert not secrets_of("urls.csv", rows)
