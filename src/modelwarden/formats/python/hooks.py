"""Names under which loaders of models call functions and methods of Python files."""

from __future__ import annotations

import re

# Modules that a serving program imports and calls: MLflow, SageMaker, Azure ML, TorchServe, KServe,
# BentoML, Triton, Hugging Face endpoints.
FUNCTIONS = frozenset(
    "_load_pyfunc load_pyfunc load_context load_model get_model build_model create_model model_fn "
    "input_fn predict_fn output_fn transform_fn init initialize handle inference preprocess "
    "postprocess entry_point".split()
)
METHODS = frozenset(
    "from_pretrained _from_pretrained from_config _from_config load_context initialize handle "
    "load_model _load_pyfunc post_init _init_weights init_weights load_state_dict "
    "_load_from_state_dict build from_dict load preprocess postprocess inference "
    "_info _split_generators _generate_examples _generate_tables setup execute predict".split()
)
# Of any class: unpickling calls them.
PICKLE = frozenset(
    "__setstate__ __reduce__ __reduce_ex__ __getnewargs__ __getnewargs_ex__ __getstate__ "
    "__set_name__ __init_subclass__ __del__".split()
)
_MADE = frozenset("__init__ __new__ __post_init__ __call__ __getattr__ __getattribute__".split())
_MODEL = re.compile(
    r"(?:Model|Module|Handler|Config|Tokenizer|TokenizerFast|Processor|Pipeline|Estimator"
    r"|Transformer|Layer|FeatureExtractor|Scheduler|ModelMixin|ConfigMixin|Predictor|PythonModel"
    r"|GeneratorBasedBuilder|ArrowBasedBuilder|BasePredictor|ForCausalLM|Classifier|Regressor|Encoder|Embeddings?|ForConditionalGeneration)$"
)


def is_model(name: str, bases: tuple[str, ...]) -> bool:
    """Tell whether a class is one that loaders of models make objects of."""
    return any(_MODEL.search(one) is not None for one in (name, *bases))


def on_load(method: str, *, model: bool) -> bool:
    """Tell whether loading a model calls this method of a class."""
    return method in PICKLE or (model and (method in METHODS or method in _MADE))
