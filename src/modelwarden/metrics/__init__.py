"""Pure functions from arrays to measurements; the one room that computes with numpy and scipy.

Counting first: `counts` turns rows into one contingency table, and `rates`, `classification` and
`groups` work on that table alone. `ranking`, `probabilities` and `regression` read scores.
`intervals` and `bootstrap` are the uncertainty of all of them. `catalog` says what each
measurement means; it needs no numpy, and neither does importing this package.
"""

import os
from importlib.util import find_spec

from modelwarden.core import InputError, MissingExtraError
from modelwarden.metrics.catalog import MEASURES, Measure, measure

__all__ = ["MEASURES", "Measure", "measure", "require"]


_LEAST_SPACE = 480 << 20  # bytes of address space: a small check ends well in 488 MiB, not in 342
_WIDE_SPACE = 4 << 30


def require() -> None:
    """Make sure that the modules of this room can be imported.

    OpenBLAS, in numpy and scipy, reserves memory for a thread a processor as it is loaded; where it
    gets none it interrupts, ends or holds the whole process. So that is looked at before.

    Raises:
        MissingExtraError: numpy or scipy is not installed.
        InputError: the address space is limited to less than they need.
    """
    for name in ("numpy", "scipy"):
        if find_spec(name) is None:
            raise MissingExtraError(name, "assess")
    space = _address_space()
    if space is not None and space < _LEAST_SPACE:
        raise InputError(
            f"the address space of this process is limited to {space >> 20} MiB, and numerical "
            f"libraries need {_LEAST_SPACE >> 20} MiB",
            hint="Raise the limit (ulimit -v), or limit memory by a container instead.",
        )
    if space is not None and space < _WIDE_SPACE:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _address_space() -> int | None:
    """Return the limit of the address space in bytes; None where there is none."""
    try:
        import resource
    except ImportError:  # not on every system
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit
