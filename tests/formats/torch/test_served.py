"""TorchServe archives, programs of `torch.export`, and NeMo models."""

from __future__ import annotations

import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind, Producer
from modelwarden.formats import Limits, Source
from servedfiles import NEMO, exported, mar, nemo, node
from torchfiles import checkpoint


def examined(data: bytes, name: str = "m") -> Examined:
    with Source(name, data) as source:
        return examine(source, Limits())


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in examined(data).findings}


PICKLE = pickle.dumps(eval)
ADD = node("torch.ops.aten.add.Tensor")
INNER = {"as_graph": {"graph": {"nodes": [node("torch.hub.load")]}}}
SOUND = {
    "a handler of TorchServe": (
        mar({"m.pt": checkpoint()}, serializedFile="m.pt"),
        "torchserve-mar",
    ),
    "a program": (exported(ADD, node("_operator.mul"), node("math.ceil")), "torch-pt2"),
    "a branch": (exported(node("torch.ops.higher_order.cond")), "torch-pt2"),
    "a NeMo model": (nemo(NEMO, [("model_weights.ckpt", checkpoint())]), "nemo"),
}
# What serves or loads it does: imports the code, calls the name, installs the package.
HOSTILE = {
    "a handler of its own": (mar({"h.py": "x = 1"}, handler="h.py"), "torchserve-code"),
    "a handler that is not there": (mar(handler="evil:handle"), "torchserve-code"),
    "the class of the model": (mar({"net.py": "x = 1"}, modelFile="net.py"), "torchserve-code"),
    "code beside": (mar({"extra/a.py": "x = 1"}), "torchserve-code"),
    "a pickle as weights": (mar({"m.pt": PICKLE}, serializedFile="m.pt"), "pickle-unsafe-global"),
    "weights elsewhere": (mar(serializedFile="../../etc/passwd"), "archive-path-escape"),
    "a handler elsewhere": (mar(handler="/tmp/evil.py"), "archive-path-escape"),
    "a foreign index": (
        mar({"r.txt": "--extra-index-url http://x/\nacme\n"}, requirementsFile="r.txt"),
        "torchserve-install",
    ),
    "an address": (
        mar({"r.txt": "acme @ git+https://x/y\n"}, requirementsFile="r.txt"),
        "torchserve-install",
    ),
    "a library among the members": (mar({"libx.so": b"\x7fELF" + bytes(60)}), "native-code"),
    "a Python name": (exported(ADD, node("torch.hub.load")), "network-python-operator"),
    "a Python name in a branch": (
        exported(node("torch.ops.higher_order.cond", inputs=[{"arg": INNER}])),
        "network-python-operator",
    ),
    "a caller of methods": (exported(node("_operator.methodcaller")), "network-python-operator"),
    "an attribute of math": (exported(node("math.__loader__")), "network-python-operator"),
    "a library": (exported(node("torch.ops.acme.run.default")), "model-custom-code"),
    "a kernel": (
        exported(node("torch.ops.higher_order.triton_kernel_wrapper_mutation")),
        "model-custom-code",
    ),
    "a file": (exported(node("torch.ops.aten.from_file.default")), "network-file-operator"),
    "a compiled library": (
        exported(ADD, members={"m/data/aotinductor/model/x.so": b"\x7fELF" + bytes(60)}),
        "native-code",
    ),
    "a pickled input": (
        exported(ADD, members={"m/data/sample_inputs/model.pt": PICKLE}),
        "pickle-unsafe-global",
    ),
    "a weight of another size": (
        exported(ADD, members={"m/data/weights/weight_0": PICKLE}),
        "pickle-unsafe-global",
    ),
    "a class outside of NeMo": (nemo("target: acme.Model\n"), "nemo-foreign-target"),
    "an object that is instantiated": (
        nemo(NEMO + "optim:\n  _target_: os.system\n  command: 'true'\n"),
        "config-target",
    ),
    "a pickle as checkpoint": (nemo(NEMO, [("a.ckpt", PICKLE)]), "pickle-unsafe-global"),
    "a member outside": (nemo(NEMO, [("a.ckpt", b""), ("../x", b"y")]), "archive-path-escape"),
}


@pytest.mark.parametrize(("data", "form"), SOUND.values(), ids=SOUND)
def test_a_sound_archive_is_quiet(data: bytes, form: str):
    found = examined(data)

    assert {f.rule for f in found.findings if f.severity.value not in {"low", "info"}} == set()
    assert found.gaps == []
    assert found.coverage.format == form


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_what_serving_or_loading_would_run_is_found(data: bytes, rule: str):
    assert rule in rules(data)


def test_producers_are_told_with_their_versions():
    for data, producer in (
        (mar(), Producer(name="torch-model-archiver", version="0.12")),
        (nemo(NEMO), Producer(name="nemo-toolkit", version="1.20.0")),
        (exported(), Producer(name="torch")),
    ):
        assert examined(data).coverage.producer == producer


def test_code_that_is_not_examined_is_a_gap():
    kinds = {gap.kind for gap in examined(mar({"h.py": "x = 1"}, handler="h.py")).gaps}

    assert GapKind.UNEXAMINED_CODE in kinds


def test_a_manifest_without_a_model_is_a_gap():
    data = mar().replace(b'"model"', b'"modem"')

    assert any("describes no model" in gap.why for gap in examined(data).gaps)


def test_a_graph_that_cannot_be_read_is_a_gap():
    assert examined(exported(members={"m/models/model.json": '{"graph_module": '})).gaps


_ALL = [*(data for data, _ in SOUND.values()), *(data for data, _ in HOSTILE.values())]


@settings(max_examples=200)
@given(st.sampled_from(range(len(_ALL))), st.integers(0, 1 << 32))
def test_mutants_are_survived(which: int, seed: int):
    rng = random.Random(seed)
    data = bytearray(_ALL[which])
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}
