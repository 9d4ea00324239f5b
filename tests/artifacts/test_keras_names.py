"""Names in Keras configurations: Keras's own, foreign ones, and gadgets."""

from __future__ import annotations

import json

import pytest

from modelwarden.artifacts import examine
from modelwarden.artifacts.keras_names import Origin, origin_of
from modelwarden.formats import Limits, Source
from modelwarden.formats.keras.config import KerasObject, objects_in


def origin(**parts: object) -> Origin:
    (thing,) = objects_in({"config": {}, **parts}, Limits())[:1]
    return origin_of(thing)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (None, "Dense"),
        (None, "Functional"),
        (None, "GlorotUniform"),
        (None, "TFOpLambda"),
        (None, "Relu"),
        (None, "__numpy__"),
        ("keras", "Sequential"),
        ("keras.layers", "Dense"),
        ("keras.src.models.functional", "Functional"),
        ("keras.initializers", "Zeros"),
        ("keras.src.ops.numpy", "GetItem"),
        ("tf_keras.src.engine.training", "Model"),
        ("keras_nlp.models", "BertBackbone"),
        ("keras_hub.src.models.gemma.gemma_backbone", "GemmaBackbone"),
        ("builtins", "NoneType"),
    ],
)
def test_names_of_keras_are_its_own(module: str | None, name: str):
    assert origin(module=module, class_name=name) is Origin.KERAS


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (None, "MyLayer"),
        (None, "my_package>MyLayer"),
        ("my_model.layers", "MyLayer"),
        ("sklearn.svm", "SVC"),
    ],
)
def test_names_from_elsewhere_are_foreign(module: str | None, name: str):
    assert origin(module=module, class_name=name) is Origin.FOREIGN


def test_a_function_of_a_part_that_builds_models_is_foreign():
    made = {"module": "keras.src.layers", "class_name": "function"}

    assert origin(**made, config="anything") is Origin.FOREIGN
    assert origin(**made | {"module": "keras.activations"}, config="relu") is Origin.KERAS


def test_a_registered_name_of_another_package_is_foreign():
    thing = {"module": "keras.layers", "class_name": "Dense", "registered_name": "mine>Dense"}

    assert origin(**thing) is Origin.FOREIGN


@pytest.mark.parametrize(
    ("module", "name", "config"),
    [
        ("os", "function", "system"),
        ("posix", "function", "system"),
        ("subprocess", "function", "check_output"),
        ("subprocess", "Popen", {}),
        ("builtins", "function", "eval"),
        ("builtins", "exec", {}),
        ("keras.utils", "function", "get_file"),
        ("keras.src.utils.file_utils", "function", "get_file"),
        ("keras.config", "function", "enable_unsafe_deserialization"),
        ("keras.src.saving.serialization_lib", "function", "enable_unsafe_deserialization"),
        ("keras.saving", "function", "load_model"),
        ("keras.models", "function", "load_model"),
        ("keras.src.models.cloning", "function", "from_config"),
        ("keras.layers", "TorchModuleWrapper", {}),
        (None, "TorchModuleWrapper", {}),
        ("keras.layers", "TFSMLayer", {}),
        ("keras.export", "TFSMLayer", {}),
        ("keras.src.legacy.saving.legacy_h5_format", "load_model_from_hdf5", {"filepath": "x"}),
        ("keras.src.utils.file_utils", "extract_archive", {"file_path": "x"}),
    ],
)
def test_gadgets_are_dangerous(module: str | None, name: str, config: object):
    assert origin(module=module, class_name=name, config=config) is Origin.DANGEROUS


def test_a_gadget_deep_in_a_model_is_found():
    thing: object = {"class_name": "function", "module": "os", "config": "system"}
    for _ in range(40):
        thing = {"class_name": "Bidirectional", "module": "keras.layers", "config": {"x": [thing]}}
    data = json.dumps(thing).encode()

    found = examine(Source("config.json", data), Limits()).findings

    assert "keras-unsafe-reference" in {f.rule for f in found}


def test_a_bare_object_is_judged_by_its_class():
    assert origin_of(KerasObject("", "Dense")) is Origin.KERAS
