"""Names of ecosystems and packages, so that one package has one name."""

from __future__ import annotations

import re
from functools import lru_cache

_RUNS = re.compile(r"[-_.]+")


def ecosystem_of(name: str) -> str:
    """Return the ecosystem without its release: `Debian:12` is `Debian`."""
    return name.partition(":")[0].strip()


@lru_cache(1 << 16)
def normal_name(name: str, ecosystem: str = "PyPI") -> str:
    """Return the one spelling of a package's name.

    >>> normal_name("Scikit_Learn")
    'scikit-learn'

    Source: PEP 503. Other ecosystems tell names apart by their letters.
    """
    name = name.strip()
    return _RUNS.sub("-", name).lower() if ecosystem == "PyPI" else name
