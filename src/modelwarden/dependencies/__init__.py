"""What a model needs: the software that manifests and models name, held against advisories."""

from importlib import import_module
from typing import TYPE_CHECKING

from modelwarden.dependencies.place import named_place, place_of
from modelwarden.dependencies.stage import Audited, audit

if TYPE_CHECKING:
    from modelwarden.dependencies.fleet import Reevaluated, Stored, reevaluate, stored

__all__ = [
    "Audited",
    "Reevaluated",
    "Stored",
    "audit",
    "named_place",
    "place_of",
    "reevaluate",
    "stored",
]

_LATER = {"Reevaluated", "Stored", "reevaluate", "stored"}  # a scan needs none of them


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module("modelwarden.dependencies.fleet"), name)
    raise AttributeError(name)
