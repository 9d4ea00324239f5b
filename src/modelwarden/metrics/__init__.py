"""Pure functions from arrays to measurements; the one room that computes with numpy and scipy.

Counting first: `counts` turns rows into one contingency table, and `rates`, `classification` and
`groups` work on that table alone. `ranking`, `probabilities` and `regression` read scores.
`intervals` and `bootstrap` are the uncertainty of all of them. `catalog` says what each
measurement means; it needs no numpy, and neither does importing this package.
"""

from importlib.util import find_spec

from modelwarden.core import MissingExtraError
from modelwarden.metrics.catalog import MEASURES, Measure, measure

__all__ = ["MEASURES", "Measure", "measure", "require"]


def require() -> None:
    """Make sure that the modules of this room can be imported.

    Raises:
        MissingExtraError: numpy or scipy is not installed.
    """
    for name in ("numpy", "scipy"):
        if find_spec(name) is None:
            raise MissingExtraError(name, "assess")
