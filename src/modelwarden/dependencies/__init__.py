"""What a model needs: the software that manifests and models name, held against advisories."""

from modelwarden.dependencies.place import place_of
from modelwarden.dependencies.stage import Audited, audit

__all__ = ["Audited", "audit", "place_of"]
