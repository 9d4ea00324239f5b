"""What a model needs: the software that manifests and models name, held against advisories."""

from modelwarden.dependencies.index import AdvisoryIndexError, Count, Index, place_of
from modelwarden.dependencies.stage import Audited, audit

__all__ = ["AdvisoryIndexError", "Audited", "Count", "Index", "audit", "place_of"]
