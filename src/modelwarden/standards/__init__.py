"""What outside catalogues call a weakness: ids, official titles, and which of them a rule serves.

The data is `catalogues.json`, built by `tools/build_standards.py`; it names each catalogue's
version, source and licence. It holds ids and titles only, and is read when first asked for.
"""

from modelwarden.standards.catalogues import (
    Catalogue,
    UnknownWeaknessError,
    catalogues,
    controls_for,
    is_known,
    link_of,
    title_of,
    weaknesses,
)
from modelwarden.standards.describe import describe

__all__ = [
    "Catalogue",
    "UnknownWeaknessError",
    "catalogues",
    "controls_for",
    "describe",
    "is_known",
    "link_of",
    "title_of",
    "weaknesses",
]
