"""The files around a model: tags of YAML, names that lie, code of a repository, what is needed."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.artifacts.known.rot import moved
from modelwarden.core import ItemKind
from modelwarden.formats import Limits, Source


def examined(name: str, data: str | bytes) -> Examined:
    with Source(name, data.encode() if isinstance(data, str) else data) as source:
        return examine(source, Limits())


def rules(name: str, data: str | bytes) -> set[str]:
    return {f.rule for f in examined(name, data).findings}


PYTHON_TAGS = [
    "a: !!python/object/apply:os.system [true]",
    "a: !!python/object/new:os.system [true]",
    "a: !!python/object:os.Thing {}",
    "a: !!python/name:os.system ''",
    "a: !!python/module:os ''",
    "a: !<tag:yaml.org,2002:python/object/apply:os.system> [true]",
    "%TAG ! tag:yaml.org,2002:\n---\na: !python/object/apply:os.system [true]",
    "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system [true]",
    "a: !!%70ython/object/apply:os.system [true]",
    "a: &x !!python/object/apply:os.system [true]\nb: *x",
    "a: !!python/object/apply:os.system &x [true]",
    "<<: {b: !!python/name:os.system ''}",
    "? !!python/name:os.system ''\n: 1",
    "a: {b: [!!python/name:os.system '']}",
    "a: 1\n---\nb: !!python/name:os.system ''",
    "- !!python/object/apply:os.system\n  args: [true]",
    "--- !!python/object/apply:os.system\n- true",
]


@pytest.mark.parametrize("text", PYTHON_TAGS)
@pytest.mark.parametrize("name", ["config.yaml", "config"])
def test_every_spelling_of_a_python_tag_is_found(text: str, name: str):
    assert "yaml-python-tag" in rules(name, text + "\n")


@pytest.mark.parametrize("text", PYTHON_TAGS)
def test_what_we_find_is_what_pyyaml_resolves(text: str):
    yaml = pytest.importorskip("yaml")

    tags = [getattr(e, "tag", None) or "" for e in yaml.parse(text, Loader=yaml.SafeLoader)]

    assert any(tag.startswith("tag:yaml.org,2002:python/") for tag in tags)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: !apply:os.system [true]", "yaml-call-tag"),
        ("a: !new:subprocess.Popen [[true]]", "yaml-call-tag"),
        ("a: !name:builtins.eval", "yaml-call-tag"),
        ("a: !pickle:data.pkl", "yaml-call-tag"),
        ("a: !ruby/object:Gem::Installer {}", "yaml-call-tag"),
        ("a: !!javax.script.ScriptEngineManager []", "yaml-call-tag"),
        ("a: !!perl/hash:Acme {}", "yaml-call-tag"),
        ("a: !eval '1 + 1'", "yaml-call-tag"),
        ("a: !!js/function 'function () {}'", "yaml-call-tag"),
        ("a: !<!System.Diagnostics.Process> {}", "yaml-call-tag"),
        ("a: !new:my_package.Thing\n  x: 1", "config-foreign-target"),
    ],
)
def test_tags_of_other_loaders_are_found(text: str, rule: str):
    assert rule in rules("config.yaml", text + "\n")


def test_more_foreign_targets_than_anybody_reads_are_cut():
    text = "".join(f"k{n}: {{_target_: package.f{n}}}\n" for n in range(700))

    found = examine(Source("config.yaml", text.encode()), Limits()).findings

    cut = [one for one in found if one.rule == "config-foreign-target"]
    assert len(cut) == 500
    assert cut[-1].message.endswith("(and more that are not listed)")


@pytest.mark.parametrize(
    "text", ["a: !!str 1", "a: !!map {}", "a: !new:torch.nn.Linear\n  in_features: 1", "a: !mine 1"]
)
def test_harmless_tags_are_quiet(text: str):
    assert rules("config.yaml", text + "\n") == set()


@pytest.mark.parametrize(
    "tree",
    [
        {"custom_pipelines": {"x": {"impl": "my_pipeline.Pipe", "pt": ["AutoModel"]}}},
        {
            "auto_mapping": {"base_model_class": "X", "parent_library": "my_code"},
            "peft_type": "LORA",
        },
        {"in_features": 1, "activation_function": "my_code.Act"},
        {"sbert_ce_default_activation_function": "my_code.Act"},
    ],
)
def test_other_ways_to_code_of_a_repository_are_found(tree: object):
    assert rules("config.json", json.dumps(tree)) == {"config-remote-code"}


@pytest.mark.parametrize(
    "tree",
    [
        {"auto_mapping": {"parent_library": "transformers.models.bert"}, "peft_type": "LORA"},
        {"in_features": 1, "activation_function": "torch.nn.modules.activation.Tanh"},
        {"activation_function": "gelu_new", "model_type": "gpt2"},
    ],
)
def test_settings_of_the_libraries_are_quiet(tree: object):
    assert rules("config.json", json.dumps(tree)) == set()


def test_an_expression_of_a_monai_bundle_is_read_as_code():
    tree = {"imports": ["$import os"], "run": "$__import__('os').system('true')"}

    assert "config-command" in rules("train.json", json.dumps(tree))


def archive(folder: Path, name: str) -> bytes:
    with zipfile.ZipFile(folder / name, "w") as out:
        out.writestr("a.txt", "words")
    return (folder / name).read_bytes()


@pytest.mark.parametrize(
    "name", ["model.safetensors", "model.onnx", "model.gguf", "notes.txt", "photo.jpg", "a.json"]
)
def test_a_pickle_under_another_name_is_found(name: str):
    data = pickle.dumps({"weights": [1.0, 2.0]})

    assert "name-content-mismatch" in rules(name, data)


def test_archives_and_programs_under_other_names_are_found(tmp_path: Path):
    assert "name-content-mismatch" in rules("photo.jpg", archive(tmp_path, "a.zip"))
    assert "name-content-mismatch" in rules("weights.bin", b"#!/bin/sh\ntrue\n")
    assert "name-content-mismatch" in rules("weights.bin", b"import os\n\ndef f():\n    pass\n")
    assert "name-content-mismatch" in rules("weights.bin", b"\x7fELF" + bytes(60))


@pytest.mark.parametrize("name", ["model.pkl", "model.pt", "model.bin", "model", "data.npy"])
def test_a_pickle_under_its_own_names_is_no_mismatch(name: str):
    assert "name-content-mismatch" not in rules(name, pickle.dumps([1]))


@pytest.mark.parametrize(
    ("name", "text", "package"),
    [
        (
            "config.json",
            {"model_type": "x", "transformers_version": "4.41.0"},
            ("transformers", "4.41.0"),
        ),
        (
            "model_index.json",
            {"_class_name": "X", "_diffusers_version": "0.31.0"},
            ("diffusers", "0.31.0"),
        ),
        ("meta.json", {"spacy_version": ">=3.7.2,<3.8", "pipeline": []}, ("spacy", "3.7.2")),
        (
            "config_sentence_transformers.json",
            {"__version__": {"sentence_transformers": "3.0.1"}},
            ("sentence-transformers", "3.0.1"),
        ),
    ],
)  # fmt: skip
def test_what_loading_needs_stands_in_the_inventory(
    name: str, text: object, package: tuple[str, str]
):
    found = [i for i in examined(name, json.dumps(text)).inventory if i.kind is ItemKind.PACKAGE]

    assert [(item.name, item.version) for item in found] == [package]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("sklearn.externals.joblib.numpy_pickle", ("scikit-learn", "0.23.2")),
        ("sklearn.tree.tree", ("scikit-learn", "0.24.2")),
        ("pandas.core.indexes.numeric", ("pandas", "2.0.3")),
        ("sklearn.tree._classes", None),
        ("numpy.core.multiarray", None),  # kept, with a warning, for old pickles
        ("sklearn", None),
        ("other.tree", None),
    ],
)
def test_modules_that_are_gone_are_known_with_the_release(
    module: str, expected: tuple[str, str] | None
):
    assert moved(module) == expected


@pytest.mark.parametrize("module", ["sklearn.tree.tree", "sklearn.externals.joblib"])
def test_the_installed_library_agrees(module: str):
    import importlib

    pytest.importorskip("sklearn")

    with pytest.raises(ImportError):
        importlib.import_module(module)
