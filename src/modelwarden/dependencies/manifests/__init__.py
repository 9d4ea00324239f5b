"""Readers of everything that names the packages a model needs: bytes → `Manifest`.

A reader never raises on what it reads: what came before the damage is kept, what could not be
audited is a gap that names it. Nothing is resolved, fetched or run.
"""

from modelwarden.dependencies.manifests.catalog import MANIFESTS, Kind, kind_of, read

__all__ = ["MANIFESTS", "Kind", "kind_of", "read"]
