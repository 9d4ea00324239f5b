"""Robust accuracy of this model and of an earlier one on the same samples, sample by sample.

Two intervals of the same samples overlap long before the difference is in doubt: most samples hold
or fall for both. What tells the two apart are those that only one of them holds. The earlier run
left them beside its report: adversarial.npz, or adversarial.parquet.
"""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind, Measurement, Report
from modelwarden.core.stages import Attachment
from modelwarden.core.values import dataclass
from modelwarden.gate.compare import CHANGE, same_settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FILES = ("adversarial.npz", "adversarial.parquet")
_LARGEST = 4 << 30
_NAME = "robust_accuracy"
_SAME = 1e-6  # of two shares of as many samples


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Which samples a model held: rows of the test set, and (n,) right under every attack."""

    rows: npt.NDArray[np.int64]
    held: npt.NDArray[np.bool_]


def paired(
    report: Report, attachments: Iterable[Attachment], earlier: Report, place: Path
) -> Report:
    """Return a compared report in which robust accuracy is judged sample by sample.

    Args:
        report: compared already.
        attachments: of this run.
        earlier: the baseline.
        place: of its file; the attacked samples stand beside it.
    """
    now = _worst(report)
    before = _worst(earlier)
    if now is None or before is None or not same_settings(now, before):
        return report
    ours, theirs = _ours(attachments), _theirs(place)
    if isinstance(theirs, Gap):  # it was to be compared with, and could not be read
        return replace(report, gaps=(*report.gaps, theirs))
    if ours is None or theirs is None:
        why = f"no {' or '.join(_FILES)} beside {place.name}; keep the whole folder of that run"
        return _alone(report, place, why)
    if len(theirs.rows) != before.n or abs(float(theirs.held.mean()) - before.value) > _SAME:
        why = "the attacked samples beside the earlier report are of another run"
        return replace(report, gaps=(*report.gaps, _not_paired(place.name, why)))
    change = _measured(ours, theirs, now)
    if not change.n:
        return _alone(report, place, "the two runs attacked no sample in common")
    if change.n < len(ours.rows):
        note = (
            f"robust accuracy was paired on {change.n} of {len(ours.rows)} samples: the earlier "
            "run did not attack the others (set sequential = false in [assess.robustness] for both)"
        )
        report = replace(report, run=replace(report.run, notes=(*report.run.notes, note)))
    return _with(report, change)


def _alone(report: Report, place: Path, why: str) -> Report:
    """Leave robust accuracy to the two intervals: where those overlap, a loss may hide."""
    comparison = report.comparison
    changes = comparison.changes if comparison is not None else ()
    if any(c.name == _NAME and c.group is None and c.how != "unclear" for c in changes):
        note = f"robust accuracy was not paired with the earlier one: {why}"
        return replace(report, run=replace(report.run, notes=(*report.run.notes, note)))
    why += "; the two intervals overlap, and do not tell whether fewer samples hold than before"
    return replace(report, gaps=(*report.gaps, _not_paired(place.name, why)))


def _worst(report: Report) -> Measurement | None:
    """Return robust accuracy over all attacks."""
    for m in report.measurements:
        if m.name == _NAME and m.group is None:
            return m
    return None


def _measured(ours: Held, theirs: Held, now: Measurement) -> Measurement:
    import numpy as np

    from modelwarden.metrics.intervals import paired as interval_of
    from modelwarden.metrics.values import measured

    _, here, there = np.intersect1d(ours.rows, theirs.rows, return_indices=True)
    mine, other = ours.held[here], theirs.held[there]
    gained, lost, n = int((mine & ~other).sum()), int((other & ~mine).sum()), len(here)
    return measured(
        _NAME + CHANGE,
        (gained - lost) / n if n else 0.0,
        interval_of(gained, lost, n),
        n,
        conditions={**now.conditions, "only_now": gained, "only_before": lost},
    )


def _with(report: Report, change: Measurement) -> Report:
    """Return the report with the measurement, and with what it says of the change."""
    comparison = report.comparison
    if comparison is None or change.low is None or change.high is None:
        return report
    how = "worse" if change.high < 0 else "better" if change.low > 0 else "unclear"
    changes = tuple(
        replace(c, how=how) if c.name == _NAME and c.group is None else c
        for c in comparison.changes
    )
    told = (
        f"robust accuracy on the same {change.n} samples: {change.value:+.3f} "
        f"({change.low:+.3f} to {change.high:+.3f}) beside the earlier report"
    )
    return replace(
        report,
        measurements=(*report.measurements, change),
        comparison=replace(comparison, changes=changes),
        run=replace(report.run, notes=(*report.run.notes, told)),
    )


def _ours(attachments: Iterable[Attachment]) -> Held | None:
    for one in attachments:
        if one.name in _FILES:
            return _held(one.name, base64.b64decode(one.data))
    return None


def _theirs(place: Path) -> Held | Gap | None:
    """Return what the earlier run left; None where it left nothing, a gap where that is broken."""
    for name in _FILES:
        path = place.with_name(name)
        if not path.exists():
            continue
        why = f"it is larger than {_LARGEST} bytes"
        try:
            if path.stat().st_size <= _LARGEST:
                held = _held(name, path.read_bytes())
                if held is not None:
                    return held
                why = "it does not hold the attacked samples of a check"
        except OSError as error:
            why = (error.strerror or str(error)).lower()
        return _not_paired(name, why, GapKind.UNREADABLE)
    return None


def _not_paired(what: str, why: str, kind: GapKind = GapKind.NOT_ASSESSABLE) -> Gap:
    why = f"robust accuracy was not paired with the earlier one: {why}"
    return Gap(what=what, why=why, kind=kind, stage="robustness")


def _held(name: str, data: bytes) -> Held | None:
    """Return which samples were held; None where the bytes are none of ours: the caller says so."""
    try:
        columns = _of_npz(data) if name.endswith(".npz") else _of_parquet(data)
    except Exception:  # noqa: BLE001 -- whatever a file of others does, it is none of ours
        return None
    if columns is None:
        return None
    rows, success, queries = columns
    # What was wrong as it is was not attacked: no row was asked for it.
    return Held(rows.astype("int64"), ~success.astype(bool) & (queries > 0))


Columns = tuple["npt.NDArray[np.generic]", "npt.NDArray[np.generic]", "npt.NDArray[np.int64]"]


def _of_npz(data: bytes) -> Columns | None:
    import numpy as np

    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return _sound(arrays["index"], arrays["success"], arrays["queries"])


def _of_parquet(data: bytes) -> Columns | None:
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        place = Path(folder) / "a.parquet"
        place.write_bytes(data)
        asked = connection.execute(
            'SELECT "index", success, queries FROM read_parquet(?)', [str(place)]
        )
        found = asked.fetchnumpy()
    return _sound(found["index"], found["success"], found["queries"])


def _sound(
    rows: npt.NDArray[np.generic], success: npt.NDArray[np.generic], queries: npt.NDArray[np.int64]
) -> Columns | None:
    whole = rows.ndim == 1 and rows.shape == success.shape == queries.shape
    kinds = rows.dtype.kind + success.dtype.kind + queries.dtype.kind
    return (rows, success, queries) if whole and kinds in ("ibi", "ubi") else None


__all__ = ["Held", "paired"]
