"""A commented modelwarden.toml from what a folder holds: `modelwarden init`."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelwarden.core import InputError
from modelwarden.core.values import dataclass
from modelwarden.gate import guess
from modelwarden.gate.guess import Guess
from modelwarden.gate.look import Column, Model, Seen, Table, look
from modelwarden.gate.walk import printable

_MOST_FEATURES = 200
_SHOWN = 5


def draft(folder: Path) -> str:
    """Return the text of a modelwarden.toml for `folder`.

    Raises:
        InputError: there is no such folder, or no model in it.
        MissingExtraError: what reads data is not installed.
    """
    from modelwarden.metrics import require

    if not folder.is_dir():
        raise InputError(f"no such folder: {printable(str(folder))}")
    require()
    seen = look(folder)
    chosen = guess.model(seen)
    if chosen is None and not seen.entries:
        raise InputError(
            f"no model was found below {printable(str(folder))}",
            hint="Put the model's files there; `docs/check.md` shows how a served model is named.",
        )
    return "\n".join([*_head(seen), *_body(folder, seen, chosen)]) + "\n"


def _head(seen: Seen) -> Iterator[str]:
    yield "# What is tested, on which data, and what must be shown. Written by `modelwarden init`."
    yield "# Lines marked GUESS were guessed from names and values: look at each before you rely"
    yield "# on it. This file is your own code: never use one that came with somebody else's model."
    yield "# Then:  modelwarden check"
    for name, why in seen.unread[:_SHOWN]:
        yield f"# not read: {printable(name)}: {printable(why)}"
    yield ""


@dataclass(frozen=True, slots=True)
class _Guessed:
    """Everything that was guessed about the data.

    Attributes:
        table: that the rest was told from. taken: columns that are no features.
    """

    test: Guess[Table] | None
    train: Guess[Table] | None
    table: Table | None
    label: Guess[Column] | None
    ident: Guess[str] | None
    taken: tuple[str, ...]
    task: Guess[str]
    modality: Guess[str]


def _guessed(seen: Seen, *, frames: bool) -> _Guessed:
    test, train = guess.data_files(seen.tables)
    table = test.value if test else train.value if train else None
    label = guess.label(table) if table else None
    if label is not None and train is not None:
        label = Guess(guess.together(label.value, train.value), label.why)
    taken = [label.value.name] if label and table and not table.shape else []
    ident = guess.identifier(table, taken) if table else None
    taken += [ident.value] if ident else []
    return _Guessed(
        test=test,
        train=train,
        table=table,
        label=label,
        ident=ident,
        taken=tuple(taken),
        task=guess.task(label.value) if label else Guess("binary", "no label was found"),
        modality=guess.modality(table, taken, frames=frames)
        if table
        else Guess("tabular", "no data found"),
    )


def _body(folder: Path, seen: Seen, chosen: Guess[Model] | None) -> Iterator[str]:
    adapter = chosen.value.adapter if chosen is not None and not _entry(seen, chosen) else None
    known = _guessed(seen, frames=adapter in guess.OF_TABLES)
    yield "[project]"
    yield f"name = {_text(folder.resolve().name or 'model')}"
    yield f"task = {_text(known.task.value)}  # GUESS: {printable(known.task.why)}"
    yield f"modality = {_text(known.modality.value)}  # GUESS: {printable(known.modality.why)}"
    yield ""
    yield from _model(seen, chosen, known.task.value)
    yield ""
    yield from _data(known)
    if known.table is not None:
        yield from _columns(known, known.table)
        yield ""
        if not known.table.shape and known.modality.value == "tabular":
            yield from _features(known.table, known.taken)
    yield ""
    yield from _policy(known.task.value)


def _model(seen: Seen, chosen: Guess[Model] | None, task: str) -> Iterator[str]:
    entry = _entry(seen, chosen)
    yield "[model]"
    if chosen is not None:
        told = ", ".join(dict.fromkeys(filter(None, (chosen.value.format, chosen.value.producer))))
        yield f"# {chosen.why}: {printable(told)}. It is scanned first, always."
        yield f"path = {_text(_place(seen, chosen.value, entry))}"
        yield from _others(seen, chosen.value, entry)
    elif entry is not None:
        yield f"path = {_text(entry.rpartition(':')[0])}"
    if entry is not None:
        yield 'adapter = "callable"  # GUESS: there is a function of this name'
        yield "# a batch in (data frame, texts, or arrays), (n, k) scores or (n,) labels out"
        yield f"entry = {_text(entry)}"
    else:
        adapter = chosen.value.adapter if chosen and chosen.value.adapter else "sklearn"
        known = chosen is not None and chosen.value.adapter is not None
        why = "by the file's content" if known else "no adapter is known for this file: choose one"
        yield f"adapter = {_text(adapter)}  # GUESS: {why}"
        if adapter == "torch":
            yield '# entry = "net.py:build"         # a function that returns the module'
            yield '# weights = "model.safetensors"  # for it'
        yield '# entry = "predict.py:predict"   # with adapter = "callable": your own function'
        yield from _joining(seen, chosen)
    yield "# the most that an attacker is granted: labels, scores or gradients"
    yield 'access = "scores"'
    if task == "binary":
        yield "# threshold = 0.5        # on the score of the positive class"
    yield '# python = "…"           # interpreter of an environment that has what the model needs'
    for card in seen.cards[:1]:
        yield f"card = {_text(card)}  # its claims are verified on your data"


def _others(seen: Seen, chosen: Model, entry: str | None) -> Iterator[str]:
    """Yield what is said of the other models, and the key that shows them to a function."""
    others = [m for m in seen.models if m is not chosen][:_SHOWN]
    if others and entry is not None and _place(seen, chosen, entry) == chosen.path:
        yield "# GUESS: what the function below reads besides; it is scanned as well"
        yield f"files = [{', '.join(_text(m.path) for m in others)}]"
        return
    if chosen.beside:
        yield "# GUESS: the model says that it keeps tensors there; scanned as well"
        yield f"files = [{', '.join(map(_text, chosen.beside))}]"
    if others:
        yield f"# also there: {', '.join(printable(o.path) for o in others)}"


def _joining(seen: Seen, chosen: Guess[Model] | None) -> Iterator[str]:
    """Yield how a step and a model that were saved apart are put together."""
    steps = [m for m in seen.models if m.step is not None]
    if not steps or chosen is None or chosen.value.step is not None:
        return
    # Of several, the one whose name begins as the model's: `spam_words` and `spam_model`.
    own = chosen.value.path
    step = max(steps, key=lambda m: len(posixpath.commonprefix([m.path, own])))
    yield f"# {printable(step.path)} holds a {step.step}, a step before the model."
    yield "# To ask both, write predict.py, and run `modelwarden init --force` again:"
    yield "#     from pathlib import Path"
    yield "#     import joblib"
    yield "#     HERE = Path(__file__).parent"
    yield f"#     step = joblib.load(HERE / {_text(step.path)})"
    yield f"#     model = joblib.load(HERE / {_text(chosen.value.path)})"
    yield "#     def predict(rows):"
    yield "#         return model.predict_proba(step.transform(rows))"
    yield "#         # a model without predict_proba: model.predict(step.transform(rows))"


def _place(seen: Seen, chosen: Model, entry: str | None) -> str:
    """Return what is scanned: the folder that holds all models, when a function may read them."""
    folders = {posixpath.dirname(model.path) for model in seen.models}
    if entry is None or len(seen.models) < 2 or "" in folders:
        return chosen.path
    return posixpath.commonpath(folders) or chosen.path


def _entry(seen: Seen, chosen: Guess[Model] | None) -> str | None:
    """Return the function to ask: the folder's own, or any where no adapter opens the model."""
    own = [entry for entry in seen.entries if "/" not in entry]
    if own or (chosen is not None and chosen.value.adapter is not None):
        return own[0] if own else None
    return seen.entries[0] if seen.entries else None


def _data(known: _Guessed) -> Iterator[str]:
    test, train = known.test, known.train
    yield "[data]"
    if test is None:
        yield '# test = "test.parquet"  # rows that the model has never seen: none were found'
    else:
        yield f"test = {_text(test.value.path)}  # GUESS: {test.why}; {test.value.rows} rows"
    if train is None:
        yield '# train = "train.parquet"  # the rows it was trained on: finds rows in both'
    else:
        yield f"train = {_text(train.value.path)}  # GUESS: {train.why}; {train.value.rows} rows"


def _columns(known: _Guessed, table: Table) -> Iterator[str]:
    label = known.label
    if label is None:
        names = ", ".join(printable(c.name) for c in table.columns[:20])
        yield f'# label = "…"            # the column of the truth, one of: {names}'
    elif not table.shape:
        yield f"label = {_text(label.value.name)}  # GUESS: {label.why}"
    positive = guess.positive(label.value) if label and known.task.value == "binary" else None
    if positive is not None:
        yield f"positive = {_value(positive.value)}  # GUESS: {positive.why}"
    if known.ident is not None:
        why = f"{known.ident.why}; never given to the model"
        yield f"id = {_text(known.ident.value)}  # GUESS: {why}"
    column = guess.text_column(table, known.taken) if known.modality.value == "text" else None
    if column is not None:
        yield f"text = {_text(column)}  # GUESS: the column that the model reads"
    found = guess.protected(table, known.taken)
    if found:
        yield "# GUESS, by their names: attributes by which people must not be treated differently"
        yield f"protected = [{', '.join(_text(name) for name in found)}]"


def _features(table: Table, taken: Sequence[str]) -> Iterator[str]:
    """Yield what is possible, as comments: the data show it, only the user knows it."""
    columns = [c for c in table.columns if c.name not in taken][:_MOST_FEATURES]
    whole = [c.name for c in columns if c.kind == "integer"]
    numbers = [c for c in columns if c.low is not None and c.high is not None]
    yield "# What values are possible, in original units: used by attacks and broken inputs."
    yield "# Taken from the data; take the marks off and mend what the data do not show."
    yield "# [features]"
    if whole:
        yield f"# integer = [{', '.join(_text(name) for name in whole)}]"
    if numbers:
        yield "# [features.bounds]"
    for column in numbers:
        yield f"# {_text(column.name)} = [{_number(column.low)}, {_number(column.high)}]"


def _policy(task: str) -> Iterator[str]:
    yield "[policy]"
    yield 'fail_on = "high"'
    yield 'require = ["artifacts", "performance"]'
    yield "# Each is judged at the end of its interval that speaks against the model:"
    yield "# [policy.measure]"
    if task == "regression":
        yield '# "r2" = {min = 0.5}'
    else:
        yield '# "accuracy" = {min = 0.80}'
        yield '# "balanced_accuracy" = {min = 0.75}'


def _text(value: str) -> str:
    """Return a TOML string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else _number(value)


def _number(value: float | None) -> str:
    if value is None:
        return "0"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
