"""Configurations whose parts are made by code of the repository."""

from __future__ import annotations

import json

import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source

MODULE = {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}
PIPELINE = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.31.0",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "safety_checker": [None, None],
}


def rules(tree: object) -> set[str]:
    with Source("config.json", json.dumps(tree).encode()) as source:
        return {finding.rule for finding in examine(source, Limits()).findings}


@pytest.mark.parametrize(
    "tree",
    [
        [MODULE, MODULE | {"idx": 1, "type": "custom_pooling.Pooling"}],
        PIPELINE | {"unet": ["my_unet", "MyUNet"]},
        PIPELINE | {"_class_name": ["pipeline", "MyPipeline"]},
        {"auto_map": {"AutoModel": "modeling.Model"}},
        {"auto_map": {"AutoTokenizer": ["other/repo--tokenization.Tokenizer", None]}},
        {"model": {"trust_remote_code": True}},
    ],
)
def test_code_of_a_repository_is_found(tree: object):
    assert rules(tree) == {"config-remote-code"}


@pytest.mark.parametrize(
    "tree", [[MODULE], PIPELINE, {"trust_remote_code": False}, {"layers": [{"type": "a.b"}]}]
)
def test_parts_of_the_libraries_are_quiet(tree: object):
    assert rules(tree) == set()
