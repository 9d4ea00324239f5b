"""How many threads numpy takes: it is asked for before numpy is imported."""

from __future__ import annotations

import os


def one_thread() -> None:
    """Take one thread, unless the environment says otherwise: small matrices are slower on many."""
    for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(key, "1")
