"""modelwarden.toml, read strictly: every key, and every way to get one wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gate.checks import project
from modelwarden.core import ConfigError, InputError, PolicyError
from modelwarden.gate.project import load
from modelwarden.targets.config import LimitsConfig
from modelwarden.targets.spec import Access, Modality, Task

WHOLE = """
[project]
name = "income"
task = "binary"
modality = "tabular"

[model]
path = "model/"
adapter = "callable"
entry = "predict.py:predict"
access = "scores"
threshold = 0.5
python = "/usr/bin/python3"
card = "README.md"

[[claims]]
metric = "accuracy"
value = 0.91
margin = 0.01
slice = [{column = "sex", op = "==", value = "Female"}]
averaging = "macro"

[limits]
seconds = 60
memory = "4GiB"

[data]
train = "train.parquet"
test = "test.parquet"
current = "now.parquet"
label = "label"
positive = 1
protected = ["sex", "race"]
id = "row"
order = "day"
drop = ["note"]

[features]
immutable = ["sex", "age"]
integer = ["hours"]
monotone_up = ["years"]
relations = ["net <= gross"]
bounds = {hours = [0, 99]}

[assess.performance]
margin = 0.02

[assess.claims]
strict = true

[assess.data]
mean = 0.2
wrong_labels = 0.03

[assess.robustness]
norm = "linf"
eps = 0.1
low = 0.0
high = 1.0
queries = 500
samples = 200
attacks = ["square"]

[policy]
fail_on = "high"
require = ["artifacts", "performance"]
allow_gaps = ["unsupported:docs/*"]
[policy.measure]
"accuracy" = {min = 0.80}
"robust_accuracy" = {min = 0.30, where = {attack = "square"}}
[[policy.waiver]]
rule = "pickle-unsafe-global"
path = "model/legacy.pkl"
digest = "sha256:%s"
reason = "replaced in Q1"
owner = "ml-platform"
expires = 2027-03-31
""" % ("0" * 64)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "model").mkdir()
    for name in ("predict.py", "README.md", "train.parquet", "test.parquet", "now.parquet"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def read(folder, text=WHOLE, *changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "modelwarden.toml").write_text(text)
    return load(folder)


def test_every_key_of_the_contract_is_read(folder):
    found = read(folder)

    assert found.project.task is Task.BINARY
    assert found.project.modality is Modality.TABULAR
    assert found.model.access is Access.SCORES
    assert found.model.threshold == 0.5
    assert found.limits == LimitsConfig(seconds=60.0, memory=4 << 30)
    assert found.data.protected == ("sex", "race")
    assert found.data.positive == 1
    assert found.features.bounds == {"hours": (0.0, 99.0)}
    assert found.assess.claims[0].slice == ({"column": "sex", "op": "==", "value": "Female"},)
    assert found.assess.performance.margin == 0.02
    assert found.assess.claiming.strict
    assert (found.assess.data.mean, found.assess.data.wrong_labels) == (0.2, 0.03)
    assert found.assess.data.missing == 0.02
    assert found.assess.robustness.attacks == ("square",)
    assert found.assess.robustness.rows_of(Access.GRADIENTS) == found.assess.robustness.queries
    assert found.policy.require == ("artifacts", "performance")
    assert found.policy.waivers[0].path == "model/legacy.pkl"
    assert found.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("old", "new", "words", "hint"),
    [
        ("[limits]", "[limit]", "unknown key 'limit'", "limits"),
        ("seconds = 60", "second = 60", "unknown key 'limits.second'", "seconds"),
        ("adapter =", "adaptor =", "unknown key 'model.adaptor'", "adapter"),
        ("label =", "lable =", "unknown key 'data.lable'", "label"),
        ("metric =", "metrik =", "unknown key 'claims[0].metrik'", "metric"),
        ("queries =", "querys =", "unknown key 'assess.robustness.querys'", "queries"),
        (
            "wrong_labels =",
            "wrong_label =",
            "unknown key 'assess.data.wrong_label'",
            "wrong_labels",
        ),
        ("mean = 0.2", "spread = 0.9", "assess.data.spread must be above 1", ""),
        ("immutable =", "imutable =", "unknown key 'features.imutable'", "immutable"),
        ("require =", "requires =", "unknown key 'policy.requires'", "require"),
        ('"callable"', '"callabel"', "model.adapter names an unknown adapter", "callable"),
        ('"binary"', '"binry"', "project.task names an unknown task", "binary"),
        ('"tabular"', '"table"', "project.modality names an unknown modality", "tabular"),
        ('"linf"', '"linff"', "assess.robustness.norm names an unknown norm", "linf"),
        ('"macro"', '"marco"', "claims[0].averaging names an unknown averaging", "macro"),
        ('"performance"]', '"performanc"]', "policy.require names an unknown stage", "performance"),
        ("seconds = 60", 'seconds = "60"', "limits.seconds must be a number", ""),
        ("seconds = 60", "seconds = -1", "limits.seconds must be above 0", ""),
        ("seconds = 60", "opening = 0", "limits.opening must be above 0", ""),
        ("seconds = 60", "seconds = inf", "limits.seconds must be a finite number", ""),
        ('"4GiB"', '"4 gigs"', "limits.memory is no size", ""),
        ('"4GiB"', "0", "limits.memory must be above 0", ""),
        ("hours = [0, 99]", "hours = [99, 0]", "features.bounds.hours has a low end", ""),
        ("hours = [0, 99]", "hours = 9", "features.bounds.hours must be [low, high]", ""),
        ("positive = 1", "positive = [1]", "data.positive must be a label", ""),
        ("value = 0.91", "value = [0.9]", "claims[0].value must be a number", ""),
        ("value = 0.91", "margin2 = 0", "unknown key 'claims[0].margin2'", "margin"),
        ("margin = 0.01", "margin = 0", "claims[0].margin must be above 0", ""),
        ("high = 1.0", "high = 0.0", "assess.robustness.high must be above low", ""),
        ('"predict.py:predict"', '"predict.py"', "model.entry must be 'file.py:name'", ""),
        ('"predict.py:predict"', '"predict.py:a.b"', "model.entry must be 'file.py:name'", ""),
        ("threshold = 0.5", 'threshold = 0.5\ndecide = "predict.py:d"', "stands beside", ""),
        ("threshold = 0.5", 'url = "http://127.0.0.1"', "goes with adapter", ""),
        ("threshold = 0.5", 'device = "cuda"', "model.device goes with adapter", ""),
        ('adapter = "callable"', 'adapter = "torch"\ndevice = "gpu"', "must be 'cuda'", ""),
        ('id = "row"', 'id = "label"', "data.id names the label", ""),
        ('"test.parquet"', '"tset.parquet"', "names 'tset.parquet', which is not there", ""),
        ('path = "model/"', 'path = "modle/"', "names 'modle/', which is not there", ""),
        ('"README.md"', '"READ.md"', "names 'READ.md', which is not there", ""),
        ('"predict.py:predict"', '"perdict.py:predict"', "names 'perdict.py'", ""),
        ('path = "model/"', 'path = "a\\u0000b"', "which is not there", ""),
        ('name = "income"', "name = 3", "project.name must be a string", ""),
        ("[data]", "[data]]", "not valid TOML", ""),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line_with_the_key(folder, old, new, words, hint):
    with pytest.raises((ConfigError, PolicyError), match=re.escape(words)) as raised:
        read(folder, WHOLE, (old, new))

    assert "\n" not in raised.value.message
    assert "modelwarden.toml" in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.parametrize("key", ["model/", "test.parquet", "README.md"])
def test_a_pipe_or_a_device_is_no_model_and_no_data(folder, key):
    os.mkfifo(folder / "pipe")

    for name in ("pipe", "/dev/zero"):
        with pytest.raises(ConfigError, match="is neither a file nor a folder"):
            read(folder, WHOLE, (f'"{key}"', f'"{name}"'))


@pytest.mark.parametrize("section", ["project", "model", "data"])
def test_a_section_that_is_needed_is_named(folder, section):
    text = re.sub(rf"\[{section}\]\n(.*\n)*?\n", "", WHOLE, count=1)

    with pytest.raises(ConfigError, match=f"{section} is missing"):
        read(folder, text)


@pytest.mark.parametrize(
    ("adapter", "words"),
    [
        ('adapter = "http"', "model.url is missing"),
        ('adapter = "http"\nurl = "http://127.0.0.1:1"', "model.protocol is missing"),
        ('adapter = "sklearn"', "model.path is missing"),
        ('adapter = "callable"\npath = "model"', "model.entry is missing"),
        ('path = "model"', "model.adapter is missing"),
    ],
)
def test_what_an_adapter_needs_is_named(folder, adapter, words):
    text = f'[project]\ntask = "binary"\nmodality = "text"\n[model]\n{adapter}\n[data]\n'

    with pytest.raises(ConfigError, match=re.escape(words)):
        read(folder, text)


def test_a_positive_class_goes_with_a_binary_task_only(folder):
    with pytest.raises(ConfigError, match="goes with a binary task"):
        read(folder, WHOLE, ('"binary"', '"multiclass"'))


def test_there_is_no_such_file(tmp_path):
    with pytest.raises(InputError, match="no such file") as raised:
        load(tmp_path)
    assert "modelwarden init" in raised.value.hint


def test_a_file_that_is_no_text_or_far_too_large_is_refused(tmp_path):
    file = tmp_path / "modelwarden.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid TOML: byte 0 is no UTF-8") as caught:
        load(file)
    assert "`modelwarden scan`" in caught.value.hint
    file.write_bytes(b"#" * (2 << 20))
    with pytest.raises(ConfigError, match="larger than"):
        load(file)
    file.write_text("a = " + "[" * 5000)
    with pytest.raises(ConfigError, match="not valid TOML"):
        load(file)


@pytest.mark.parametrize("place", ["model/modelwarden.toml", "model/deep/modelwarden.toml"])
def test_a_file_that_lies_inside_the_model_is_refused(tmp_path, place):
    file = project(tmp_path)
    inside = tmp_path / place
    inside.parent.mkdir(parents=True, exist_ok=True)
    up = "../" * (len(Path(place).parts) - 1)
    text = file.read_text()
    for name in ("model/", "predict.py", "test.npz", "train.npz"):
        text = text.replace(f'"{name}', f'"{up}{name}')
    inside.write_text(text)

    with pytest.raises(ConfigError, match="lies inside the model"):
        load(inside)


def test_a_link_from_outside_to_a_file_inside_the_model_is_refused_too(tmp_path):
    file = project(tmp_path)
    inside = tmp_path / "model" / "modelwarden.toml"
    text = file.read_text().replace('"model/"', '"."').replace("predict.py", "weights.pkl")
    inside.write_text(text.replace('"test.npz"', '"weights.pkl"').replace("train.npz", "."))
    file.unlink()
    file.symlink_to(inside)

    with pytest.raises(ConfigError, match="lies inside the model"):
        load(file)


@pytest.mark.parametrize(("profile", "rows"), [("quick", 400), ("standard", 1000)])
def test_attacks_that_follow_gradients_have_rows_of_their_own(folder, profile, rows):
    queries = next(line for line in WHOLE.splitlines() if line.startswith("queries ="))

    plain = read(folder, WHOLE, (queries, f'profile = "{profile}"')).assess.robustness
    named = read(folder, WHOLE, (queries, "gradient_queries = 70")).assess.robustness

    assert plain.rows_of(Access.GRADIENTS) == rows == 2 * plain.rows_of(Access.SCORES)
    assert named.rows_of(Access.GRADIENTS) == 70
