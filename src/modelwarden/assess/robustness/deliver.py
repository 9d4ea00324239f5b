"""The attacked inputs as a file, so that anyone can ask them again."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

from modelwarden.assess.stage import Attachment

if TYPE_CHECKING:
    from modelwarden.assess.context import Context
    from modelwarden.assess.robustness.plan import Plan
    from modelwarden.assess.robustness.stage import Attacked

NPZ = "adversarial.npz"


def adversarial(context: Context, made: Plan, attacked: Attacked) -> Attachment:
    """Return all sampled rows as `adversarial.npz`, in the model's own units.

    Rows that were wrong as they are were not attacked: they stand as they are, with no queries and
    no attack. `queries` of one that held is what the most patient attack asked.
    """
    best = attacked.winners()
    n = len(made.rows)
    at = np.flatnonzero(made.right)
    x = np.asarray(context.test.inputs)[made.rows]
    changed = x.copy()
    success = np.zeros(n, np.bool_)
    queries = np.zeros(n, np.int64)
    names = [entry.name for entry in attacked.entries]
    attack = np.full(n, "", f"<U{max(len(name) for name in names)}")
    most = np.max([o.queries for o in attacked.outcomes], axis=0)
    queries[at] = most
    for number, outcome in enumerate(attacked.outcomes):
        mine = np.flatnonzero(best == number)
        changed[at[mine]] = outcome.candidates[mine]
        queries[at[mine]] = outcome.queries[mine]
        attack[at[mine]] = names[number]
    success[at] = best >= 0
    y = context.test.y
    truth = np.zeros(n) if y is None else y[made.rows]
    if truth.dtype.kind == "O":
        truth = truth.astype(str)
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        index=made.rows,
        x=x,
        x_adv=changed,
        y=truth,
        success=success,
        queries=queries,
        attack=attack,
    )
    return Attachment(name=NPZ, data=base64.b64encode(stream.getvalue()).decode("ascii"))
