"""dill and cloudpickle: what in their files makes plain values.

What makes functions, classes or code from the file itself is not here: those files carry code,
and `pickle-code-object` says so.
"""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "dill._dill dill.dill",
        "_create_array _create_ftype _create_namedtuple_",
        "makes an array from bytes in the pickle",
        STORED,
    ),
    Allow(
        "cloudpickle.cloudpickle cloudpickle",
        "_make_cell _make_empty_cell _empty_cell_value _builtin_type",
        "makes a cell for a closure, or finds a built-in type by its name",
    ),
    Allow("dill._dill dill.dill", "_create_cell", "makes a cell for a closure"),
)
