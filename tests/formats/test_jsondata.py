import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.jsondata import DIALECTS, JsonText, read, sniff


def look(content: object, name: str = "file.json") -> JsonText:
    source = Source(name, content if isinstance(content, bytes) else json.dumps(content).encode())
    assert sniff(source)
    return read(source, Limits())


SAMPLES: dict[str, tuple[object, tuple[str, str | None] | None]] = {
    "xgboost-json": ({"learner": {"objective": {}}, "version": [2, 1, 0]}, ("xgboost", "2.1.0")),
    "catboost-json": ({"features_info": {}, "oblivious_trees": []}, ("catboost", None)),
    "lightgbm-json": ({"name": "tree", "version": "v4", "tree_info": []}, ("lightgbm", None)),
    "hf-tokenizer": (
        {"version": "1.0", "added_tokens": [], "model": {"vocab": {"a": 0}}},
        ("tokenizers", None),
    ),
    "tfjs-model": (
        {"convertedBy": "TensorFlow.js Converter v4.10.0", "weightsManifest": []},
        ("tensorflowjs", "4.10.0"),
    ),
    "tfjs-weights-manifest": ([{"paths": ["a"], "weights": []}], ("tensorflowjs", None)),
    "paddle-pir": (
        {"base_code": {"magic": "pir", "version": 1}, "program": {"regions": []}},
        None,
    ),
    "notebook": ({"cells": [], "nbformat": 4}, None),
    "safetensors-index": ({"metadata": {}, "weight_map": {"w": "model-1.safetensors"}}, None),
    "hf-tokenizer-config": ({"tokenizer_class": "BertTokenizer"}, ("transformers", None)),
    "diffusers-config": (
        {"_class_name": "UNet", "_diffusers_version": "0.30.1"},
        ("diffusers", "0.30.1"),
    ),
    "peft-config": ({"peft_type": "LORA"}, ("peft", None)),
    "hf-processor-config": ({"image_processor_type": "X"}, ("transformers", None)),
    "hf-config": (
        {"model_type": "bert", "transformers_version": "4.40.2"},
        ("transformers", "4.40.2"),
    ),
    "sentence-transformers-modules": (
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}],
        ("sentence-transformers", None),
    ),
    "sentence-transformers-config": (
        {"__version__": {"sentence_transformers": "3.0.1", "transformers": "4.41.2"}},
        ("sentence-transformers", "3.0.1"),
    ),
    "spacy-meta": ({"spacy_version": ">=3.7.2,<3.8.0", "pipeline": []}, ("spacy", "3.7.2")),
    "torchserve-manifest": (
        {"archiverVersion": "0.9.0", "model": {"serializedFile": "m.pt", "handler": "h"}},
        ("torch-model-archiver", "0.9.0"),
    ),
    "hydra-config": ({"_target_": "torch.nn.Linear"}, None),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_kind_is_told_by_its_keys_with_its_producer(name: str):
    content, producer = SAMPLES[name]

    view = look(content)

    assert view.format == name
    assert (view.producer and (view.producer.name, view.producer.version)) == producer


def test_every_kind_has_a_sample():
    ids = {dialect.id for dialect in DIALECTS}
    with_readers = {dialect.id for dialect in DIALECTS if dialect.reader}

    # Those with readers of their own may have their samples where those are tested.
    assert ids - with_readers <= set(SAMPLES) <= ids


@pytest.mark.parametrize("name", [d.id for d in DIALECTS if d.title])
def test_a_model_is_a_gap_wherever_its_keys_stand(name: str):
    content = SAMPLES[name][0]
    if isinstance(content, dict):
        content = {f"filler {n}": [n, {"a": n}] for n in range(3000)} | content

    view = look(content)

    assert view.format == name
    (gap,) = view.gaps
    assert gap.kind in (GapKind.UNSUPPORTED, GapKind.UNEXAMINED_CODE)


@pytest.mark.parametrize(
    ("content", "kind", "values"),
    [
        ({"a": [1, 2]}, "json", 1),
        ([1, 2, 3], "json", 1),
        (b'{"a": 1}\n{"a": 2}\n', "jsonl", 2),
        (b'\xef\xbb\xbf{"a": 1}', "json", 1),
    ],
)
def test_other_json_is_data_and_passes(content: object, kind: str, values: int):
    view = look(content)

    assert (view.format, view.values, view.gaps) == (kind, values, ())


def test_json_that_breaks_off_is_a_gap_with_its_place():
    data = json.dumps({"learner": {}, "version": [1, 2, 3], "z": list(range(2000))}).encode()[:-5]

    view = look(data)

    assert view.format == "xgboost-json"
    assert view.gaps[0].what == f"file.json@{len(data)}"


@pytest.mark.parametrize("data", [b"{% if x %}", b"[section]\na = 1\n", b"{not json}", b"plain"])
def test_what_only_begins_alike_is_not_claimed(data: bytes):
    assert not sniff(Source("file", data))


@given(st.binary(max_size=200), st.sampled_from([b"{", b"[", b'{"learner":', b'[{"paths":']))
def test_any_bytes_are_read_without_an_exception(data: bytes, start: bytes):
    read(Source("file.json", start + data), Limits())
