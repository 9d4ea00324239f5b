"""What may be changed of the inputs of a project: arrays in a ball, rows of a table, texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelwarden.assess.config import RobustnessConfig
from modelwarden.assess.context import Context
from modelwarden.assess.truth import Judged, plain, same
from modelwarden.attacks.balls import Norm
from modelwarden.attacks.engine import Mask, Space
from modelwarden.attacks.html.space import PageSpace
from modelwarden.attacks.images.space import PictureSpace
from modelwarden.attacks.minimal import Shrink
from modelwarden.attacks.spaces.guide import guide_of
from modelwarden.attacks.spaces.rules import Rules, check_data, rules_of
from modelwarden.attacks.spaces.table import TableSpace
from modelwarden.attacks.text.guide import guide_of as text_guide_of
from modelwarden.attacks.text.space import LEAST, SHARE, TextSpace
from modelwarden.core import InputError, seed_for
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame, Labels


def rules_for(context: Context) -> tuple[Rules, Mask, tuple[str, ...]]:
    """Return what is allowed of a table's rows, which test rows keep it, and a line on the others.

    Raises:
        InputError: the rules do not go with the table, with each other or with the data.
    """
    frame = context.test.inputs
    if not isinstance(frame, Frame):
        raise InputError("[features] speaks of columns, and the inputs have none")
    train = None if context.train is None else context.train.inputs
    known = train if isinstance(train, Frame) and len(train) else None
    rules = rules_of(context.features, frame, known)
    if (rules.fixed | (rules.low >= rules.high)).all():
        raise InputError(
            "[features] leaves no column that could be changed: every model would look robust",
            hint="Take what an attacker can change out of features.immutable and features.bounds.",
        )
    keeps, notes = check_data(rules, rules.columns.encoded(frame), "test")
    return rules, keeps, notes


def table_for(
    context: Context, config: RobustnessConfig, rules: Rules, seen: Judged, rows: Labels
) -> tuple[TableSpace, tuple[str, ...]]:
    """Return the feasible rows around some test rows, and what was assumed.

    Raises:
        InputError: eps is missing for the norm that is set, or none can be kept.
    """
    frame = context.test.inputs
    if not isinstance(frame, Frame):
        raise InputError("attacks on tables need a table")
    notes = []
    if config.eps is None:
        notes.append("no eps is set: rows may change as far as [features] and the data's ranges go")
    if config.low is not None or config.high is not None:
        notes.append("low and high are for images and vectors: [features] bounds are a table's")
    source = context.train if context.train is not None else context.test
    y = positions(source, seen)
    known = source.inputs
    encoded = rules.columns.encoded(known.only(frame.names) if isinstance(known, Frame) else frame)
    if context.train is None:
        notes.append("no training set was given: the attacker knows the rows of the test set")
    guide = guide_of(rules, encoded, y, seed_for(context.seed, "robustness", "guide"))
    space = TableSpace(frame=frame.take(rows), rules=rules, guide=guide)
    if config.eps is not None:
        space = replace(space, norm=Norm(config.norm), eps=config.eps)
    return space, tuple(notes)


def texts_for(
    context: Context, config: RobustnessConfig, seen: Judged, rows: Labels
) -> tuple[TextSpace, tuple[str, ...]]:
    """Return the texts a few words away from some test rows, and what was assumed.

    Raises:
        InputError: eps is no number of words.
    """
    source = context.train if context.train is not None else context.test
    known, inputs = source.inputs, context.test.inputs
    if isinstance(known, Frame) or isinstance(inputs, Frame):
        raise InputError("attacks on texts need texts")
    notes = []
    if context.train is None:
        notes.append("no training set was given: the attacker knows the texts of the test set")
    if config.eps is None:
        notes.append(
            f"no eps is set: {SHARE:.0%} of a text's words may be edited, at least {LEAST}"
        )
    guide = text_guide_of((str(t) for t in known.tolist()), positions(source, seen).tolist())
    return TextSpace(x=inputs[rows], eps=config.eps, guide=guide), tuple(notes)


def pages_for(
    context: Context, config: RobustnessConfig, rows: Labels
) -> tuple[PageSpace, tuple[str, ...]]:
    """Return the pages that look and act as some test rows, and what was assumed.

    Raises:
        InputError: eps is no number of edits.
    """
    inputs = context.test.inputs
    if isinstance(inputs, Frame):
        raise InputError("attacks on pages need pages")
    if config.eps is not None and config.eps < 1:
        raise InputError(f"eps counts edits of a page: it must be at least 1, not {config.eps:g}")
    notes = (
        () if config.eps is not None else ("no eps is set: a page may take any number of edits",)
    )
    pages = inputs[rows]
    space = PageSpace(
        x=pages,
        urls=("",) * len(pages),
        eps=config.eps,
        seed=seed_for(context.seed, "robustness", "pages"),
    )
    return space, notes


def shrink_for(space: Space) -> Shrink | None:
    """Return how wins in a space are made small; None of arrays, where that is by halves."""
    if isinstance(space, TableSpace):
        from modelwarden.attacks.tables import shrunk as of_rows

        return of_rows
    if isinstance(space, TextSpace):
        from modelwarden.attacks.text.search import shrunk as of_texts

        return of_texts
    if isinstance(space, PageSpace):
        from modelwarden.attacks.html.search import shrunk as of_pages

        return of_pages
    if isinstance(space, PictureSpace):
        from modelwarden.attacks.images.search import shrunk as of_pictures

        return of_pictures
    return None


def positions(data: DataSet, seen: Judged) -> Labels:
    """Return the classes of a data set's rows by position; −1 where there is none that is known."""
    if data.y is None:
        return np.full(len(data), -1, np.int64)
    at = {same(name): i for i, name in enumerate(seen.classes)}
    return np.array([at.get(same(plain(v)), -1) for v in data.y.tolist()], np.int64)
