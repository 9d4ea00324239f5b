"""What a model needs: the software that manifests and models name, held against advisories."""

from modelwarden.dependencies.build import build
from modelwarden.dependencies.feeds import records
from modelwarden.dependencies.fetch import fetched
from modelwarden.dependencies.index import AdvisoryIndexError, Count, Index, place_of

__all__ = ["AdvisoryIndexError", "Count", "Index", "build", "fetched", "place_of", "records"]
