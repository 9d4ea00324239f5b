"""What model files reveal: the library that wrote them, and the modules that they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwarden.core import InventoryItem, ItemKind
from modelwarden.dependencies.names import normal_name
from modelwarden.dependencies.packages import How, Package
from modelwarden.dependencies.versions import version_of

# Names that files give their producer, or modules their package, where PyPI has another.
_PACKAGES = {
    "sklearn": "scikit-learn",
    "pytorch": "torch",
    "tf": "tensorflow",
    "tf2onnx": "tf2onnx",
    "skl2onnx": "skl2onnx",
    "cv2": "opencv-python",
    "pil": "pillow",
    "yaml": "pyyaml",
    "pytorch-lightning-version": "pytorch-lightning",
    "sentence_transformers": "sentence-transformers",
    "umap": "umap-learn",
    "imblearn": "imbalanced-learn",
    "skimage": "scikit-image",
    "paddle": "paddlepaddle",
    "pytorch_tabnet": "pytorch-tabnet",
    "bs4": "beautifulsoup4",
    "jwt": "pyjwt",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "multipart": "python-multipart",
    "openssl": "pyopenssl",
    "crypto": "pycryptodome",
    "google": "protobuf",
    "attr": "attrs",
    "zmq": "pyzmq",
    "lightning_fabric": "lightning",
}


# What PyPI has under the name that files and modules use, and what is therefore safe to give an
# address; a name alone is none: `R` and a stranger's module are no packages of PyPI.
_PUBLISHED = frozenset(
    "accelerate albumentations autogluon.core catboost category-encoders cloudpickle coremltools"
    " dask diffusers dill fairlearn fastai feature-engine flair flax gensim gluonts h2o"
    " huggingface-hub imbalanced-learn jax joblib keras kornia langchain lightgbm lightning lime"
    " mlflow mxnet ngboost nltk numba numpy onnx onnxruntime opencv-python openvino optuna"
    " paddlepaddle pandas peft pillow pmdarima polars prophet pyod pyarrow pytorch-lightning"
    " pyspark pytorch-tabnet pyyaml ray safetensors scikit-image scikit-learn scipy"
    " sentence-transformers sentencepiece shap sktime skl2onnx skops spacy statsmodels"
    " stable-baselines3 sympy tensorflow tensorflow-hub tensorflowjs tf2onnx thinc timm tokenizers"
    " torch torchaudio torchmetrics torchtext torchvision transformers tslearn ultralytics"
    " umap-learn xgboost".split()
)


def published(name: str) -> str | None:
    """Return the package on PyPI that a producer or module is of; None when that is not sure.

    >>> published("sklearn"), published("some_module")
    ('scikit-learn', None)
    """
    package = package_named(name)
    return package if package in _PUBLISHED else None


def package_named(name: str) -> str:
    """Return the normalised package name of a producer or a top-level module."""
    return _PACKAGES.get(name.lower(), normal_name(name))


def revealed(inventory: Sequence[InventoryItem]) -> Iterator[Package]:
    """Yield the packages that model files name with a version, once for each file."""
    seen: set[tuple[str, str, str]] = set()
    for item in inventory:
        version, path = item.version, item.path
        if item.kind is ItemKind.IMPORT or version is None or path is None:
            continue
        name = package_named(item.name)
        if version_of(version) is None or (name, version, path) in seen:
            continue
        seen.add((name, version, path))
        yield Package(name=name, version=version, how=How.REVEALED, path=path, member=item.member)


def importers(inventory: Sequence[InventoryItem]) -> dict[str, str]:
    """Return for each package a model file that imports from it."""
    users: dict[str, str] = {}
    for item in inventory:
        if item.kind is ItemKind.IMPORT and item.path is not None:
            users.setdefault(package_named(item.name.partition(".")[0]), item.path)
    return users
