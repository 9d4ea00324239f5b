"""What is attacked, in which space, by which attacks: settled before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from modelwarden.assess.config import RobustnessConfig
from modelwarden.assess.context import Context
from modelwarden.assess.robustness.spaces import (
    pages_for,
    rules_for,
    table_for,
    texts_for,
)
from modelwarden.assess.truth import Judged
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.catalog import Entry, entry_of, fitting
from modelwarden.attacks.images.space import PictureSpace
from modelwarden.attacks.problem import Mask, Problem, Space
from modelwarden.attacks.spaces.rules import Rules
from modelwarden.core import InputError, seed_for
from modelwarden.targets.access import GradientTarget, LabelTarget, ScoreTarget
from modelwarden.targets.accompanied import accompanied
from modelwarden.targets.frames import Frame, Labels
from modelwarden.targets.spec import Access, Modality, Task
from modelwarden.targets.tiled import limited

_LEVELS = 255.0
_IMAGE_EPS = 8 / 255
_LEAST_EPS = 1e-6  # of the range of valid inputs: below it, all would look robust
_VOTES = 31  # answers of a model that answers at random
_DIFFERENTIABLE = ("torch", "mlflow")  # adapters; of the second, where it holds a torch module
_BLIND = 0.5  # of the inputs
_OUTSIDE = 0.5  # of all numbers: then the box is in other units than the inputs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An assessment of robustness, before its first question.

    Attributes:
        config: with its gaps filled.
        target: the model as the attacker sees it. access: how much that is.
        rows: (s,) test rows of the sample, in order. right: (s,) answered right as they are.
        problem: those that are right; position i is the i-th of them.
        entries: attacks, cheap ones first.
        beyond: attacks that are no part of the worst case: on pictures beyond norms, and those that
            look for one change for all inputs.
        sampled: rows of the sample, before any was left out because the question was answered.
        notes: what was assumed.
    """

    config: RobustnessConfig
    target: LabelTarget
    access: Access
    rows: Labels
    right: npt.NDArray[np.bool_]
    problem: Problem
    entries: tuple[Entry, ...]
    sampled: int
    beyond: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()

    def narrowed(self, at: Labels) -> Plan:
        """Return the plan of some rows of the sample, by their places in order."""
        place = np.cumsum(self.right) - 1
        kept = place[at[self.right[at]]]
        return replace(
            self, rows=self.rows[at], right=self.right[at], problem=self.problem.take(kept)
        )


def plan(context: Context, config: RobustnessConfig) -> Plan:
    """Settle what is attacked and how.

    Raises:
        InputError: it cannot be attacked as it is asked for; one line says why.
        TargetError: the model failed, or answered something that is no answer.
    """
    if context.target.spec.task is Task.REGRESSION:
        raise InputError("robustness is measured on decisions: a regression makes none")
    target, access, told = _granted(context)
    kind = "images" if pictures_only(config) else _kind(context)
    entries = _entries(config, kind, access)
    beyond = _beyond(context, config, kind, access)
    rules: Rules | None = None
    keeps, notes = np.ones(len(context.test), np.bool_), tuple[str, ...]()
    if kind == "tables":
        rules, keeps, notes = rules_for(context)
    seen = context.judged()
    _check_answers(context, seen)
    chosen = _chosen(context.seed, seen, config.samples, keeps)
    rows, y, said = seen.rows[chosen], seen.y, seen.said
    if y is None or said is None:
        raise InputError("robustness is measured on decisions, and the model made none")
    right = y[chosen] == said[chosen]
    if config.rows is not None and config.rows < 2 * int(right.sum()):
        raise InputError(
            f"rows = {config.rows} is a budget of less than two rows for each of the "
            f"{int(right.sum())} inputs",
            hint="Raise rows, or lower samples, in [assess.robustness].",
        )
    space, assumed = space_for(context, config, rules, seen, rows[right])
    target, confirmations, apart, how = _steadied(context, target)
    scores = context.answers().scores
    problem = Problem(
        space=space,
        y=y[chosen][right],
        rows=rows[right],
        classes=len(context.target.spec.classes),
        clean=None if scores is None or access is Access.LABELS else scores[rows[right]],
        confirmations=confirmations,
        apart=apart,
    )
    entries, blind = _seeing(config, kind, entries, problem)
    return Plan(
        config=config,
        target=target,
        access=access,
        rows=rows,
        right=right,
        problem=problem,
        entries=entries,
        beyond=beyond,
        sampled=len(rows),
        notes=(*told, *how, *notes, *assumed, *blind),
    )


def check_settings(context: Context) -> None:
    """Refuse what cannot be attacked as it is asked for, as far as data and settings tell.

    The target of `context` is not looked at: nothing was opened yet.

    Raises:
        InputError: one line says why.
    """
    config = context.assess.robustness
    if config is None:
        return
    if context.project.task is Task.REGRESSION:
        raise InputError("robustness is measured on decisions: a regression makes none")
    kind = _kind(context)
    if kind == "pages":
        return
    access = context.model.access
    if access is Access.GRADIENTS and context.model.adapter not in _DIFFERENTIABLE:
        access = Access.SCORES
    _entries(config, kind, access)
    inputs = context.test.inputs
    if kind == "tables":
        rules_for(context)
    elif kind == "arrays" and not isinstance(inputs, Frame) and inputs.dtype.kind in "iuf":
        whole = np.isfinite(inputs.reshape(len(inputs), -1).astype(np.float64)).all(axis=1)
        if whole.any():
            ball_for(context, config, np.flatnonzero(whole))
    elif kind == "texts" and config.eps is not None and not config.eps >= 1:
        raise InputError(
            f"eps counts edited words of a text: it must be at least 1, not {config.eps:g}"
        )


def space_for(
    context: Context,
    config: RobustnessConfig,
    rules: Rules | None,
    seen: Judged,
    rows: Labels,
) -> tuple[Space, tuple[str, ...]]:
    """Return what may be changed of some test rows, and what was assumed.

    Raises:
        InputError: the settings do not go with the inputs.
    """
    if rules is not None:
        return table_for(context, config, rules, seen, rows)
    if pictures_only(config):
        return pictures_for(context, config, rows)
    if _kind(context) == "texts":
        return texts_for(context, config, seen, rows)
    if _kind(context) == "pages":
        return pages_for(context, config, rows)
    return ball_for(context, config, rows)


def _granted(context: Context) -> tuple[LabelTarget, Access, tuple[str, ...]]:
    """Return the model as the attacker sees it: no more than is granted, no more than it gives."""
    target, granted = context.target, context.model.access
    if not isinstance(target, LabelTarget):
        raise InputError("the model gives no decisions that an attack could change")
    gives = Access.LABELS
    if isinstance(target, GradientTarget):
        gives = Access.GRADIENTS
    elif isinstance(target, ScoreTarget):
        gives = Access.SCORES
    access = min(granted, gives, key=lambda level: level.rank)
    told: tuple[str, ...] = ()
    if access is not granted:
        told = (
            f"the attacker is granted {granted.value}, and the model gives {gives.value} only: "
            f"attacks see {access.value}",
        )
    return limited(target, access), access, told


def _steadied(
    context: Context, target: LabelTarget
) -> tuple[LabelTarget, int, bool, tuple[str, ...]]:
    """Return the target in steady company, how often and whether apart wins are judged, and why."""
    how = {finding.location.terms.get("how") for finding in context.unsteady()}
    notes: list[str] = []
    if "batch" in how:
        target = accompanied(target, context.test.inputs)
        notes.append(
            "answers depend on the batch: rows are asked among the same test rows always, and what "
            "counts as a win is asked alone among them"
        )
    if "repeat" in how:
        notes.append(
            f"answers change at random: of {_VOTES} answers a win must hold in more than luck gives"
        )
    return target, _VOTES if "repeat" in how else 1, "batch" in how, tuple(notes)


def _kind(context: Context) -> str:
    inputs = context.test.inputs
    if isinstance(inputs, Frame):
        return "tables"
    if inputs.dtype.kind != "O":
        return "arrays"
    return "texts" if context.project.modality is Modality.TEXT else "pages"


def _entries(config: RobustnessConfig, kind: str, access: Access) -> tuple[Entry, ...]:
    """Return the attacks that are named, or all that fit; the floor always comes with them."""
    norm = config.norm if kind not in ("texts", "pages", "images") else None
    fit = fitting(kind, norm, access)
    if not any(not entry.floor for entry in fit) and not config.attacks:
        if not fit:
            raise InputError(f"this version of Modelwarden has no attacks on {kind} yet")
        return fit
    for name in config.attacks:
        entry = entry_of(name)
        # Pictures may be changed within a norm and beyond it in one run.
        _check_entry(entry, "images" if entry.inputs == "images" == _twin(kind) else kind, access)
        if norm is not None and entry.norms and norm not in entry.norms:
            raise InputError(
                f"the attack {entry.name} does not work in {norm}",
                hint=f"It works in {', '.join(entry.norms)}.",
            )
    if not config.attacks:
        every = access is Access.LABELS or config.profile == "thorough"
        return tuple(entry for entry in fit if every or not entry.spare)
    return tuple(entry for entry in fit if entry.floor or entry.name in config.attacks)


def _seeing(
    config: RobustnessConfig, kind: str, entries: tuple[Entry, ...], problem: Problem
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Add attacks that go by labels where scores say no more than they do, and say so."""
    clean = problem.clean
    scored = any(entry.access is not Access.LABELS for entry in entries)
    if config.attacks or clean is None or not len(clean) or kind != "arrays" or not scored:
        return entries, ()
    flat = float(((clean == 0) | (clean == 1)).all(axis=1).mean())
    if flat < _BLIND:
        return entries, ()
    spare = fitting(kind, config.norm, Access.LABELS)
    told = (
        f"the scores of {flat:.0%} of the inputs are 0 and 1 and nothing between: attacks that "
        "follow scores see little more than labels, so those that need no scores run as well"
    )
    return tuple(dict.fromkeys((*spare, *entries))), (told,)


def _twin(kind: str) -> str:
    return "images" if kind == "arrays" else kind


def pictures_only(config: RobustnessConfig) -> bool:
    """Tell whether all attacks that are named change pictures beyond norms."""
    return bool(config.attacks) and all(
        entry_of(name).inputs == "images" for name in config.attacks
    )


def _beyond(
    context: Context, config: RobustnessConfig, kind: str, access: Access
) -> tuple[Entry, ...]:
    """Return the attacks that run beside the worst case: those that are named, or in `thorough`."""
    inputs = context.test.inputs
    pictures = not isinstance(inputs, Frame) and inputs.ndim == 4 and kind == "arrays"
    named = [entry_of(name) for name in config.attacks]
    if named:
        if kind == "arrays" and not pictures and any(e.inputs == "images" for e in named):
            raise InputError(
                "attacks on pictures need inputs of four axes: rows, channels, height, width"
            )
        return tuple(e for e in named if e.together or (pictures and e.inputs == "images"))
    if config.profile != "thorough":
        return ()
    norm = config.norm if kind == "arrays" else None
    found = fitting("images", None, access) if pictures else ()
    return (*(e for e in found if not e.floor), *fitting(kind, norm, access, together=True))


def _check_entry(entry: Entry, kind: str, access: Access) -> None:
    if entry.inputs != kind:
        raise InputError(f"the attack {entry.name} works on {entry.inputs}, not on {kind}")
    if entry.access.rank > access.rank:
        raise InputError(
            f"the attack {entry.name} needs {entry.access.value}, and it sees {access.value} only",
            hint="Set [model] access to what the attacker is granted, or choose another attack.",
        )


def _check_answers(context: Context, seen: Judged) -> None:
    answers = context.answers()
    said = answers.labels
    if said is None or len(said) < 2 or len(np.unique(said)) > 1:
        return
    steady = answers.scores is None or np.ptp(answers.scores, axis=0).max(initial=0.0) == 0
    if steady:
        name = seen.classes[int(said[0])] if len(seen.classes) > int(said[0]) else said[0]
        raise InputError(
            f"the model answers {name!r} to every row: there is no decision to change",
            hint="Mend the model, or how its inputs are prepared; `performance` tells more.",
        )


def _chosen(seed: int, seen: Judged, samples: int, keeps: Mask) -> Labels:
    """Return places of sampled rows, of those that keep the rules of their table."""
    rng = np.random.default_rng(seed_for(seed, "robustness", "sample"))
    order = rng.permutation(seen.n)
    order = order[keeps[seen.rows[order]]]
    if not len(order):
        raise InputError("no labelled test row keeps the rules of [features]: none is attacked")
    return np.sort(order[:samples])


def ball_for(
    context: Context, config: RobustnessConfig, rows: Labels
) -> tuple[Ball, tuple[str, ...]]:
    """Return the space of images and vectors, and what was assumed for it.

    Raises:
        InputError: eps, box or grid do not go with the inputs.
    """
    inputs = context.test.inputs
    if isinstance(inputs, Frame) or inputs.dtype.kind not in "iuf":
        raise InputError("attacks within a norm need images or vectors of numbers")
    images = context.project.modality is Modality.IMAGE
    eps = config.eps
    if eps is None and not images:
        raise InputError(
            "assess.robustness.eps is missing", hint="Say how far an input may be changed."
        )
    notes: list[str] = []
    low, high, whence = _box(context, inputs, images=images)
    low = low if config.low is None else np.asarray(config.low, np.float64)
    high = high if config.high is None else np.asarray(config.high, np.float64)
    if config.low is None or config.high is None:
        notes.append(f"valid inputs: {whence}")
    if not np.isfinite(np.asarray(inputs[rows], np.float64)).all():
        raise InputError(
            "an input of the sample holds NaN or infinity: it cannot be attacked",
            hint="Leave such rows out of the test set, or fill them as the model's users do.",
        )
    if not (low < high).any() or (low > high).any():
        raise InputError("assess.robustness: no valid input lies between low and high")
    if eps is None:
        eps = _IMAGE_EPS * float(np.max(high - low))
        notes.append(f"no eps is set: 8/255 of the range of pixels is taken, {eps:.4g}")
    grid = _grid(inputs, config, float(np.max(high)), eps, images=images)
    if grid:
        notes.append(f"inputs lie on a grid of {grid:.6g}: changed ones are rounded to it")
    _check_box(inputs[rows], low, high)
    _check_eps(config, eps, max(grid, 1.0 if inputs.dtype.kind in "iu" else 0.0))
    if config.norm != "l0" and eps < _LEAST_EPS * float(np.max(high - low)):
        raise InputError(
            f"eps {eps:g} changes nothing: it is below a millionth of the range of valid inputs",
            hint="eps is in the model's own input units.",
        )
    ball = Ball(x=inputs[rows], norm=Norm(config.norm), eps=eps, low=low, high=high, grid=grid)
    if len(rows) and not (ball.most > ball.least).any():
        raise InputError(
            f"eps {eps:g} changes nothing: inputs of type {inputs.dtype} have no value so near",
            hint="eps is in the model's own input units.",
        )
    return ball, tuple(notes)


def pictures_for(
    context: Context, config: RobustnessConfig, rows: Labels
) -> tuple[PictureSpace, tuple[str, ...]]:
    """Return the space of pictures beyond norms, and what was assumed for it.

    Raises:
        InputError: the inputs are no pictures.
    """
    inputs = context.test.inputs
    if isinstance(inputs, Frame) or inputs.dtype.kind not in "iuf":
        raise InputError("attacks on pictures need pictures of numbers")
    low, high, whence = _box(context, inputs, images=True)
    least = float(low if config.low is None else config.low)
    most = float(high if config.high is None else config.high)
    if not least < most:
        raise InputError("assess.robustness: no valid pixel lies between low and high")
    space = PictureSpace(
        x=inputs[rows],
        rows=rows,
        eps=config.severity,
        low=least,
        high=most,
        grid=_grid(inputs, config, most, most - least, images=True),
    )
    return space, (f"pixels of pictures: {whence}; severity {config.severity:g} of 5",)


def _check_box(
    x: npt.NDArray[np.generic], low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> None:
    """Refuse a box that holds none of the inputs: it is in other units than they are.

    Raises:
        InputError: it is one.
    """
    slack = 1e-6 * np.maximum(1.0, np.abs(high - low))
    values = x.astype(np.float64)
    outside = (values < low - slack) | (values > high + slack)
    touched = outside.reshape(len(x), -1).any(axis=1) if len(x) else np.zeros(0, np.bool_)
    if len(x) and touched.all() and outside.mean() > _OUTSIDE:
        raise InputError(
            "none of the inputs lies between low and high of [assess.robustness]",
            hint="low and high are in the model's own input units.",
        )


def _check_eps(config: RobustnessConfig, eps: float, step: float) -> None:
    """Refuse a budget that cannot change anything: all would look robust.

    Raises:
        InputError: it is one.
    """
    if config.norm == "l0" and eps < 1:
        raise InputError(f"eps {eps:g} changes no number: in l0 it counts them, and is at least 1")
    if config.norm != "l0" and eps < step:
        raise InputError(
            f"eps {eps:g} is smaller than the distance {step:g} of neighbouring values: "
            "nothing could be changed",
            hint="eps is in the model's own input units: 8, not 8/255, for pixels of 0–255.",
        )


def _box(
    context: Context, inputs: npt.NDArray[np.generic], *, images: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], str]:
    """Return the ends of what is valid, and where they come from."""
    train = None if context.train is None else context.train.inputs
    known = inputs if train is None or isinstance(train, Frame) or not len(train) else train
    name = "test" if known is inputs else "training"
    if images:
        if inputs.dtype == np.uint8:
            return np.asarray(0.0), np.asarray(255.0), "0 to 255, the range of their type"
        least = min(float(known.min()), float(inputs.min()))
        most = max(float(known.max()), float(inputs.max()))
        for low, high in ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)):
            if least >= low and most <= high:
                return np.asarray(low), np.asarray(high), f"{low:g} to {high:g}, by the pixels"
        return np.asarray(least), np.asarray(most), f"the range of the {name} data"
    values = known.astype(np.float64)
    told = f"the range of the {name} data, number by number"
    there = np.isfinite(values)  # an input with NaN is refused later; training rows may have some
    low = np.min(values, axis=0, where=there, initial=np.inf)
    high = np.max(values, axis=0, where=there, initial=-np.inf)
    return np.where(low <= high, low, 0.0), np.where(low <= high, high, 0.0), told


def _grid(
    inputs: npt.NDArray[np.generic],
    config: RobustnessConfig,
    high: float,
    eps: float,
    *,
    images: bool,
) -> float:
    """Return the distance of neighbouring values: as set, of whole numbers, of 8-bit pixels."""
    if config.grid is not None:
        return config.grid
    if inputs.dtype.kind in "iu":
        return 1.0
    if not images:
        return 0.0
    for step in (1.0, 1 / _LEVELS):
        if (step == 1.0) == (high > 1.0) and eps >= step:
            levels = np.asarray(inputs, np.float64) / step
            if np.abs(levels - np.rint(levels)).max(initial=0.0) < 1e-3:
                return step
    return 0.0
