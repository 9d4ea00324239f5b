"""What may be changed: bounds kept, the rest untouched, files that survive, in every attack."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.attacks import engine
from modelwarden.attacks.balls import Norm
from modelwarden.attacks.catalog import ATTACKS
from modelwarden.core import InputError
from modelwarden.redteam.faces import looks
from modelwarden.redteam.faces.changes import ball_for, delivered, frame
from modelwarden.redteam.faces.kind import _CHANGES
from modelwarden.redteam.faces.matching import CLASSES, verifier
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task
from redteam.faces.people import embed, pairs

X, Y = pairs()
VERIFY = verifier(embed, threshold=1.0)


def attacked(entry, ball, chosen, queries=150, seed=0):
    spec = TargetSpec(
        task=Task.BINARY,
        modality=Modality.IMAGE,
        classes=CLASSES,
        positive=1,
        tile=32,
    )
    y = np.array([CLASSES.index(str(one)) for one in Y[chosen]])
    target = function_target(VERIFY, spec, X[chosen])
    problem = engine.Problem(space=ball, y=y, rows=np.arange(len(y)), classes=2)
    return engine.run(entry.load(), target, problem, seed=seed, queries=queries), target


def test_the_matcher_is_right_about_people_it_sees():
    said = VERIFY(X).argmax(axis=1)

    assert [CLASSES[i] for i in said] == Y.tolist()


FACES = [entry for entry in ATTACKS if entry.inputs == "faces"]


def test_every_attack_on_faces_says_what_it_changes():
    assert {entry.name for entry in FACES} == set(_CHANGES)


@pytest.mark.parametrize("entry", FACES, ids=lambda entry: entry.name)
@pytest.mark.parametrize("label", ["same", "different"])
def test_wins_of_every_attack_are_8_bit_and_within_what_is_allowed(entry, label):
    chosen = np.flatnonzero(label == Y)
    change = _CHANGES[entry.name]
    ball = ball_for(change, X[chosen], **({"eps": 40.0} if change == "noise" else {}))

    outcome, _ = attacked(entry, ball, chosen)

    at = np.flatnonzero(outcome.success)
    if not len(at):  # a small spot or a random one need not be enough
        return
    won = ball.inputs(at, outcome.candidates[at])
    assert won.dtype == np.uint8
    assert np.array_equal(won[:, 1], X[chosen][at, 1])
    moved = np.abs(won[:, 0].astype(int) - X[chosen][at, 0].astype(int)).max(axis=1)
    if change == "noise":
        assert moved.max(initial=0) <= 40
    if change in ("sticker", "glasses"):
        outside = np.ones(X.shape[3:], bool)
        inner = outside[
            ball.top : ball.top + ball.mask.shape[0], ball.left : ball.left + ball.mask.shape[1]
        ]
        inner[ball.mask] = False
        assert not moved[:, outside].any()
    assert (VERIFY(won).argmax(axis=1) != np.array([CLASSES.index(label)])).all()


def test_strong_noise_dodges_and_impersonates():
    rates = {}
    entry = next(e for e in FACES if e.name == "face-noise")
    for label in CLASSES:
        chosen = np.flatnonzero(label == Y)
        ball = ball_for("noise", X[chosen], eps=60.0)
        outcome, _ = attacked(entry, ball, chosen, queries=400)
        rates[label] = outcome.success.mean()

    assert rates["same"] >= 0.8  # dodging: one person is no longer known
    assert rates["different"] >= 0.3  # impersonation: two people are taken for one


def test_noise_in_l2_stays_within_its_length():
    chosen = np.flatnonzero(Y == "same")
    ball = ball_for("noise", X[chosen], norm=Norm.L2, eps=4000.0)
    entry = next(e for e in FACES if e.name == "face-signs")

    outcome, _ = attacked(entry, ball, chosen, queries=300)

    at = np.flatnonzero(outcome.success)
    assert len(at)
    won = ball.inputs(at, outcome.candidates[at])
    moved = (won[:, 0].astype(float) - X[chosen][at, 0]).reshape(len(at), -1)
    assert (np.linalg.norm(moved, axis=1) <= 4000.0).all()


def test_a_win_through_jpeg_holds_in_the_file_that_is_delivered():
    chosen = np.flatnonzero(Y == "same")
    ball = ball_for("noise", X[chosen], eps=60.0, jpeg=75)
    entry = next(e for e in FACES if e.name == "face-noise")

    outcome, _ = attacked(entry, ball, chosen, queries=300)

    at = np.flatnonzero(outcome.success)
    assert len(at)
    won = ball.inputs(at, outcome.candidates[at])
    raw = ball_for("noise", X[chosen], eps=60.0).inputs(at, outcome.candidates[at])
    assert not np.array_equal(won, raw)
    assert (VERIFY(won).argmax(axis=1) == CLASSES.index("different")).all()


def test_jpeg_touches_the_first_picture_alone():
    made = delivered(X.copy(), 50)

    assert np.array_equal(made[:, 1], X[:, 1])
    assert not np.array_equal(made[:, 0], X[:, 0])


def test_no_look_changes_nothing_and_each_look_something():
    picture = X[0, 0].astype(float)

    assert np.allclose(looks.shown(picture, np.zeros(len(looks.NAMES))), picture)
    for place in range(len(looks.NAMES)):
        look = np.zeros(len(looks.NAMES))
        look[place] = 1.0
        changed = looks.shown(picture, look)
        assert np.abs(changed - picture).max() > 1
        assert changed.min() >= 0
        assert changed.max() <= 255


def test_a_frame_of_glasses_is_thin_and_the_same_on_both_sides():
    mask = frame(24, 80)

    assert 0.1 < mask.mean() < 0.6
    assert np.array_equal(mask, mask[:, ::-1])


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ("light", {"eps": 2.0}, "share"),
        ("sticker", {"eps": 9.0}, "freely"),
        ("glasses", {"norm": Norm.L2}, "freely"),
        ("sticker", {"region": (0.5, 0.5, 0.4, 0.9)}, "no rectangle"),
        ("sticker", {"region": (0.5, 0.5, 0.51, 0.9)}, "two by two"),
        ("noise", {"eps": 0.0}, "above 0"),
    ],
)
def test_options_that_do_not_go_with_a_change_are_one_line(change, options, said):
    with pytest.raises(InputError, match=said):
        ball_for(change, X, **options)
