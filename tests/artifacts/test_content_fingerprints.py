"""A waiver of code in a text lapses when the code changes, though the same things are named."""

from __future__ import annotations

import base64
import json
import marshal

import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source


def keras(number: int) -> bytes:
    code = base64.b64encode(marshal.dumps(compile(f"{number}", "x", "eval"))).decode()
    function = {"class_name": "__lambda__", "config": {"code": code}}
    layer = {"class_name": "Lambda", "module": "keras.layers", "config": {"function": function}}
    model = {"class_name": "Sequential", "module": "keras", "config": {"layers": [layer]}}
    return json.dumps(model).encode()


def yaml(number: int) -> bytes:
    return f'a: !!python/object/apply:os.system ["true {number}"]\n'.encode()


def template(number: int) -> bytes:
    return b"{{ messages.__class__.a%d }}\n" % number


@pytest.mark.parametrize(
    ("name", "make", "rule"),
    [
        ("config.json", keras, "keras-lambda"),
        ("config.yaml", yaml, "yaml-python-tag"),
        ("chat_template.jinja", template, "template-escape"),
    ],
)
def test_changed_code_has_another_fingerprint(name: str, make, rule: str):
    def fingerprints(number: int) -> list[str]:
        found = examine(Source(name, make(number)), Limits()).findings
        return [one.fingerprint for one in found if one.rule == rule]

    assert fingerprints(1)
    assert fingerprints(1) == fingerprints(1)
    assert not set(fingerprints(1)) & set(fingerprints(2))
