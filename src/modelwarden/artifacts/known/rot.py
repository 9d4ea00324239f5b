"""Modules that libraries had once and have no longer, looked up in the table made of them."""

from __future__ import annotations

from functools import cache

# Top-level packages, and the name on the package index.
_PACKAGES = {
    "gensim": "gensim",
    "imblearn": "imbalanced-learn",
    "keras": "keras",
    "numpy": "numpy",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
}


@cache
def _table() -> dict[str, str]:
    from modelwarden.artifacts.known.rot_table import GONE

    return {
        f"{top}.{module}": release
        for top, releases in GONE.items()
        for release, modules in releases.items()
        for module in modules.split()
    }


def moved(module: str) -> tuple[str, str] | None:
    """Return the package that `module` belonged to and the first known release without it.

    >>> moved("sklearn.ensemble.gradient_boosting")
    ('scikit-learn', '0.24.2')
    """
    top = module.partition(".")[0]
    if top not in _PACKAGES or top == module:
        return None
    # What stands beyond the longest entry decides nothing; a stranger's name may be endless.
    table, at = _table(), ".".join(module.split(".", 16)[:16])
    while at != top:
        if at in table:
            return _PACKAGES[top], table[at]
        at = at.rpartition(".")[0]
    return None
