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
}


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
