"""What an MLflow model and a Bento say of the software that they need.

Source: https://mlflow.org/docs/latest/ml/model/ (MLmodel, python_env.yaml).
"""

from __future__ import annotations

import re

from modelwarden.dependencies.manifests.conda import conda_spec
from modelwarden.dependencies.manifests.requirements import named, requirements
from modelwarden.dependencies.manifests.text import table, texts
from modelwarden.dependencies.packages import Manifest
from modelwarden.formats import yamltree

# Flavour keys that end in `_version`, and the package that each is the version of.
_FLAVOURS = {
    "sklearn_version": "scikit-learn",
    "pytorch_version": "torch",
    "torch_version": "torch",
    "xgb_version": "xgboost",
    "lgb_version": "lightgbm",
    "catboost_version": "catboost",
    "keras_version": "keras",
    "tensorflow_version": "tensorflow",
    "transformers_version": "transformers",
    "sentence_transformers_version": "sentence-transformers",
    "onnx_version": "onnx",
    "statsmodels_version": "statsmodels",
    "prophet_version": "prophet",
    "pmdarima_version": "pmdarima",
    "spacy_version": "spacy",
    "shap_version": "shap",
    "paddle_version": "paddlepaddle",
    "pyspark_version": "pyspark",
    "openai_version": "openai",
    "langchain_version": "langchain",
    "fastai_version": "fastai",
    "h2o_version": "h2o",
    "dspy_version": "dspy",
    "haystack_version": "haystack-ai",
}
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!-]*")


def mlmodel(text: str, manifest: Manifest) -> None:
    """Read an MLmodel file: the version of MLflow, and of the library of each flavour."""
    document = table(yamltree.parse(text))
    found = {"mlflow": str(document.get("mlflow_version", ""))}
    for flavour in table(document.get("flavors")).values():
        for key, value in table(flavour).items():
            if key in _FLAVOURS and isinstance(value, str):
                found[_FLAVOURS[key]] = value
    for name, version in found.items():
        if _VERSION.fullmatch(version):
            named(name, version, manifest)


def python_env(text: str, manifest: Manifest) -> None:
    """Read python_env.yaml: lines of requirements."""
    document = table(yamltree.parse(text))
    for key in ("build_dependencies", "dependencies"):
        requirements("\n".join(texts(document.get(key))), manifest)


def bentofile(text: str, manifest: Manifest) -> None:
    """Read bentofile.yaml: packages, wheels, a requirements file, and the same of conda."""
    document = table(yamltree.parse(text))
    python = table(document.get("python"))
    conda = table(document.get("conda"))
    for key in ("packages", "wheels"):
        requirements("\n".join(texts(python.get(key))), manifest)
    for spec in texts(conda.get("dependencies")):
        conda_spec(spec, manifest)
    requirements("\n".join(texts(conda.get("pip"))), manifest)
    for place in (python.get("requirements_txt"), conda.get("environment_yml")):
        if isinstance(place, str):
            manifest.refers.append(place)
