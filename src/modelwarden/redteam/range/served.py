"""The models of the range as they are served: what they take, how they answer, what is normal."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from modelwarden.core.values import dataclass
from modelwarden.protocols.oip import Field
from modelwarden.redteam.range import generate, learn
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels

SEED = 7
_TRAIN, _TEST = 1500, 400
# What an applicant says of themselves, and nobody verifies.
CLAIMED = ("income", "debt", "cards")
HARDENED_EPS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Served:
    """One model.

    Attributes:
        name: at the server.
        fields: its inputs, as the metadata of the Open Inference Protocol list them.
        classes: in the order of its scores.
        answer: scores (n, k) of inputs: texts, a frame, or pictures.
        accuracy: on inputs that it was not trained on.
    """

    name: str
    fields: tuple[Field, ...]
    classes: tuple[str, ...]
    answer: Callable[[Inputs], Floats]
    accuracy: float

    @property
    def table(self) -> bool:
        """Whether it takes columns by name."""
        return len(self.fields) > 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lineup:
    """The models of one exercise, and data like those that they were trained on.

    Attributes:
        plain: falls. hardened: was built with the attack in mind.
        normal: inputs as honest clients send them, for a firewall's profile.
        seeds: inputs that the plain model is right about, and that an attacker wants judged
            otherwise. y: (n,) their classes' positions.
        sample: what an attacker may have collected. sample_y: likewise.
    """

    plain: Served
    hardened: Served
    normal: Inputs
    seeds: Inputs
    y: Labels
    sample: Inputs
    sample_y: Labels


def spam() -> Lineup:
    """Train the spam filter and its hardened twin."""
    train = generate.texts(_TRAIN, seed=SEED, part="train")
    test = generate.texts(_TEST, seed=SEED, part="test")
    sample = generate.texts(300, seed=SEED, part="sample")
    fields = (Field(name="text", datatype="BYTES", shape=(1,)),)
    made = [
        Served(
            name=name,
            fields=fields,
            classes=("ham", "spam"),
            answer=partial(_of_texts, model),
            accuracy=_accuracy(model.scores(test.x.tolist()), test.y),
        )
        for name, model in (
            ("spam", learn.words_of(train.x, train.y)),
            ("spam-hardened", learn.careful_words(train.x.tolist(), train.y)),
        )
    ]
    at = _wanted(made, test.x, test.y, 1, 20)
    return Lineup(
        plain=made[0],
        hardened=made[1],
        normal=train.x,
        seeds=test.x[at],
        y=test.y[at],
        sample=sample.x,
        sample_y=sample.y,
    )


def loans() -> Lineup:
    """Train the credit scorer, and one that hangs on nothing that applicants merely claim."""
    frame, y = generate.applications(2 * _TRAIN, seed=SEED, part="train")
    test, test_y = generate.applications(_TEST, seed=SEED, part="test")
    sample, sample_y = generate.applications(300, seed=SEED, part="sample")
    kept = tuple(name for name in generate.COLUMNS if name not in CLAIMED)
    fields = tuple(
        Field(name=n, datatype="INT64" if c.dtype.kind == "i" else "FP64", shape=(1,))
        for n, c in zip(frame.names, frame.columns, strict=True)
    )
    made = []
    for name, columns in (("loans", generate.COLUMNS), ("loans-hardened", kept)):
        net = learn.net_of(_matrix(frame, columns), y, hidden=16, seed=SEED, epochs=15)
        scores = net.scores(_matrix(test, columns))
        made.append(
            Served(
                name=name,
                fields=fields,
                classes=("accept", "decline"),
                answer=partial(_of_frame, net, columns),
                accuracy=_accuracy(scores, test_y),
            )
        )
    at = _wanted(made, test, test_y, 1, 20)
    return Lineup(
        plain=made[0],
        hardened=made[1],
        normal=frame,
        seeds=test.take(at),
        y=test_y[at],
        sample=sample,
        sample_y=sample_y,
    )


def digits() -> Lineup:
    """Train the reader of digits, and one that was trained on attacked pictures."""
    x, y = generate.pictures(2 * _TRAIN, seed=SEED, part="train")
    test, test_y = generate.pictures(_TEST, seed=SEED, part="test")
    sample, sample_y = generate.pictures(300, seed=SEED, part="sample")
    side = generate.SIDE
    fields = (Field(name="image", datatype="FP32", shape=(1, side, side)),)
    made = []
    for name, eps in (("digits", 0.0), ("digits-hardened", HARDENED_EPS)):
        net = learn.net_of(_flat(x), y, hidden=48, seed=SEED, epochs=12, eps=eps, scale=False)
        made.append(
            Served(
                name=name,
                fields=fields,
                classes=tuple("0123456789"),
                answer=partial(_of_pictures, net),
                accuracy=_accuracy(net.scores(_flat(test)), test_y),
            )
        )
    at = _wanted(made, test, test_y, None, 20)
    return Lineup(
        plain=made[0],
        hardened=made[1],
        normal=x,
        seeds=test[at],
        y=test_y[at],
        sample=sample,
        sample_y=sample_y,
    )


def _of_texts(model: learn.Words, inputs: Inputs) -> Floats:
    if isinstance(inputs, Frame):
        inputs = inputs.columns[0]
    return model.scores([str(text) for text in inputs.ravel().tolist()])


def _of_frame(net: learn.Net, columns: tuple[str, ...], inputs: Inputs) -> Floats:
    if not isinstance(inputs, Frame):
        raise TypeError("a scorer of tables is given a frame")
    return net.scores(_matrix(inputs, columns))


def _of_pictures(net: learn.Net, inputs: Inputs) -> Floats:
    if isinstance(inputs, Frame):
        raise TypeError("a reader of pictures is given an array")
    return net.scores(_flat(inputs))


def _matrix(frame: Frame, columns: tuple[str, ...]) -> Floats:
    return np.column_stack([frame[name].astype(np.float64) for name in columns])


def _flat(x: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Floats:
    return x.reshape(len(x), -1).astype(np.float64)


def _accuracy(scores: Floats, y: Labels) -> float:
    return float((scores.argmax(axis=1) == y).mean())


def _wanted(made: list[Served], inputs: Inputs, y: Labels, only: int | None, most: int) -> Labels:
    """Return the first inputs that both models are right about, of one class or of any."""
    right = np.ones(len(y), np.bool_) if only is None else y == only
    for one in made:
        right &= one.answer(inputs).argmax(axis=1) == y
    return np.flatnonzero(right)[:most]
