"""White box: what a known model lets through is found, whatever the scale of its logits."""

from __future__ import annotations

import numpy as np
import pytest

from attacks.victims import Linear, spec
from modelwarden.attacks.apgd import Apgd, saturated
from modelwarden.attacks.balls import Ball, Norm, onto_l2
from modelwarden.attacks.engine import Problem, Proposal, Told, run
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access
from modelwarden.testing import check_attack


@pytest.mark.parametrize(
    ("norm", "eps"), [(Norm.LINF, 0.15), (Norm.L2, 0.5), (Norm.L1, 1.0)], ids=str
)
@pytest.mark.parametrize("scale", [1.0, 1e4, 1e-4])
def test_a_linear_model_is_beaten_exactly_where_it_can_be(norm, eps, scale):
    victim = Linear(d=24, seed=3, scale=scale)
    near, far = victim.distance(norm) < eps * 0.97, victim.distance(norm) > eps * 1.001

    found = run(Apgd(), victim.target, victim.problem(norm, eps), queries=100)

    assert 0.2 < near.mean() < 0.9
    assert found.success[near].all()
    assert not found.success[far].any()


class Network:
    """Two layers with random weights, three classes; gradients by hand."""

    def __init__(self, scale=1.0, flat=False, soft=False):
        rng = np.random.default_rng(0)
        self.a, self.b = rng.normal(size=(10, 32)) / 3, rng.normal(size=(32, 3))
        self.scale, self.flat, self.soft = scale, flat, soft
        self.x = rng.uniform(0, 1, (40, 10)).astype(np.float32)
        self.target = function_target(
            self.scores, spec(3, tile=32), self.x, gradients=self.gradients
        )
        self.y = self.scores(self.x).argmax(axis=1)

    def scores(self, x):
        z = np.tanh(np.asarray(x, float) @ self.a) @ self.b * self.scale
        if self.soft:
            z = np.exp(z - z.max(axis=1, keepdims=True))
            z /= z.sum(axis=1, keepdims=True)
        return z

    def gradients(self, x, weights):
        z = self.scores(x)
        if self.flat:
            return z, np.zeros(np.shape(x))
        if self.soft:
            weights = z * (weights - (weights * z).sum(axis=1, keepdims=True))
        hidden = np.tanh(np.asarray(x, float) @ self.a)
        return z, ((weights @ self.b.T * self.scale) * (1 - hidden**2)) @ self.a.T

    def problem(self, eps=0.15, rows=None, goal=None):
        rows = np.arange(40) if rows is None else np.asarray(rows)
        ball = Ball(x=self.x[rows], norm=Norm.LINF, eps=eps, low=0, high=1)
        return Problem(
            space=ball,
            y=self.y[rows],
            rows=rows,
            classes=3,
            goal=goal,
            clean=self.scores(self.x[rows]),
        )


def test_what_the_classes_are_multiplied_by_changes_nothing():
    honest, loud = Network(), Network(scale=1e4)

    first = run(Apgd(), honest.target, honest.problem(), queries=200)
    second = run(Apgd(), loud.target, loud.problem(), queries=200)

    assert 0.1 < first.success.mean() < 0.95
    assert (first.success == second.success).all()
    assert first.signs["saturated_loss"] < 0.1
    assert second.signs["saturated_loss"] > 0.9


def test_a_module_that_answers_with_probabilities_falls_as_often():
    honest, soft = Network(), Network(soft=True)

    first = run(Apgd(), honest.target, honest.problem(), queries=200)
    second = run(Apgd(), soft.target, soft.problem(), queries=200)

    assert second.success.sum() >= first.success.sum() - 1


def test_gradients_that_are_zero_are_noticed():
    flat = Network(flat=True)

    found = run(Apgd(), flat.target, flat.problem(), queries=100)

    assert found.signs["zero_gradients"] == 1.0
    assert found.queries.max() <= 100


def test_it_keeps_what_attacks_keep():
    victim = Network()

    check_attack(
        Apgd(),
        victim.target,
        victim.problem(),
        alone=[victim.problem(rows=[row]) for row in (0, 13, 39)],
        queries=120,
    )


def test_a_goal_is_reached():
    victim = Network()
    goal = (victim.y + 1) % 3

    found = run(Apgd(), victim.target, victim.problem(eps=0.5, goal=goal), queries=100)

    assert found.success.mean() > 0.5
    assert (victim.scores(found.candidates[found.success]).argmax(1) == goal[found.success]).all()


def test_scores_that_all_inputs_have_alike_are_saturated():
    z = np.random.default_rng(0).normal(size=(40, 3))
    hard = np.where(z == z.max(axis=1, keepdims=True), 0.98, 0.01)
    sure = np.exp(200 * z) / np.exp(200 * z).sum(axis=1, keepdims=True)
    mild = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    def share(clean):
        x = np.zeros((40, 2), np.float32)
        ball = Ball(x=x, norm=Norm.LINF, eps=1.0, low=-1, high=1)
        y = z.argmax(axis=1)
        return saturated(
            Problem(space=ball, y=y, rows=np.arange(40), classes=3, clean=clean)
        ).mean()

    assert share(hard) == 1
    assert share(sure.astype(np.float32).astype(np.float64)) > 0.5
    assert share(mild) == share(z) == 0
    assert share(200 * z) > 0.5


class Steered:
    """A linear model of ten classes, and what the chains of a search on one input steer to."""

    def __init__(self, norm, eps=None):
        rng = np.random.default_rng(4)
        self.w = rng.normal(size=(30, 10))
        x = rng.uniform(0.2, 0.8, (1, 30)).astype(np.float32)
        clean = x.astype(float) @ self.w
        self.ranked = (-clean[0]).argsort()
        y = self.ranked[0]
        self.gaps = clean[0, y] - clean[0]
        self.slopes = np.linalg.norm(self.w - self.w[:, [y]], axis=0)
        others = self.ranked[1:]
        # By default the nearest class is nearly reached in l2.
        near = (self.gaps[others] / self.slopes[others]).min()
        self.eps = 0.95 * near if eps is None else eps
        self.ball = Ball(x=x, norm=norm, eps=self.eps, low=0, high=1)
        rows = np.arange(1)
        problem = Problem(space=self.ball, y=y[None], rows=rows, classes=10, clean=clean)
        self.search = Apgd().search(problem, 0, 1000)

    def aims(self, rounds):
        """Go on, and return the classes that the chains of each round steer to."""
        at, aims = np.zeros(1, np.int64), []
        for _ in range(rounds):
            proposal = self.search.propose(at, self.search.width(at))
            points, _ = self.ball.fit(proposal.at, proposal.candidates, free=proposal.free)
            scores, seen = points.astype(float) @ self.w, np.ones(len(points), bool)
            self.search.learn(
                Told(
                    at=proposal.at,
                    candidates=points,
                    answered=seen,
                    labels=scores.argmax(axis=1),
                    scores=scores,
                    gradients=proposal.weights @ self.w.T,
                    won=~seen,
                    known=~seen,
                )
            )
            aims.append(proposal.weights.argmax(axis=1).tolist())
        return aims


def test_in_l1_the_nearest_class_is_steered_to_at_two_rhythms_and_others_have_their_turn():
    steered = Steered(Norm.L1, eps=0.01)

    aims = steered.aims(22)
    lengths = steered.search._length[0].copy()
    aims += steered.aims(198)

    assert aims[20] == steered.ranked[[1, 2, 3, 4, 1]].tolist()
    assert lengths[4] < 1 == lengths[0]
    # One chain of five is dropped before they turn to the classes that are left.
    assert len({c for each in aims for c in each}) >= 8


def test_chains_that_ended_far_from_a_win_begin_anew_towards_the_class_that_came_nearest():
    steered = Steered(Norm.L2)
    left = steered.gaps - steered.eps * steered.slopes
    left[steered.ranked[0]] = np.inf

    aims = steered.aims(274)

    # No other class comes nearer than seven times as far.
    assert len(set(aims[20])) == 9
    assert np.sort(left)[1] > 7 * left.min()
    assert {c for each in aims[90:] for c in each} == {int(left.argmin())}


def test_in_l2_what_lies_in_ball_and_box_is_reached_in_a_few_steps():
    rng = np.random.default_rng(6)
    # Most numbers stand at an end of the box, as in pictures.
    x = np.clip(rng.normal(0.5, 0.8, (40, 60)), 0, 1).astype(np.float32)
    w, eps = rng.normal(size=60) * rng.exponential(size=60) ** 2, 1.0
    low, high = -x.astype(np.float64), 1 - x.astype(np.float64)
    farthest = (onto_l2(np.tile(1e6 * w, (40, 1)), low, high, eps) * w).sum(axis=1)
    bias = -(x.astype(np.float64) @ w + 0.998 * farthest)

    def scores(z):
        # Each input has a bias of its own, found by what it may be.
        near = np.abs(np.asarray(z, float)[:, None] - x).sum(axis=2).argmin(axis=1)
        margin = np.asarray(z, float) @ w + bias[near]
        return np.stack([-margin, margin], axis=1)

    def gradients(z, weights):
        return scores(z), weights @ np.stack([-w, w])

    target = function_target(scores, spec(2), x, gradients=gradients)
    ball = Ball(x=x, norm=Norm.L2, eps=eps, low=0, high=1)
    y, rows = np.zeros(40, np.int64), np.arange(40)
    problem = Problem(space=ball, y=y, rows=rows, classes=2, clean=scores(x))

    found = run(Apgd(), target, problem, queries=25)

    assert (scores(x)[:, 1] < 0).all()
    assert found.success.mean() >= 0.95


class Hills:
    """One hill beside each input that is too low to win, and steeper ones that win farther off."""

    def __init__(self, d=8, n=20):
        rng = np.random.default_rng(2)
        self.x = np.full((n, d), 0.5, np.float32)
        ways = np.stack([np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(n)])
        far = np.concatenate((0.2 * ways[:, :1], 0.35 * ways[:, 1:]), axis=1)
        # Each input is moved to a place of its own, which tells its hills from those of others.
        self.x += rng.uniform(-3, 3, (n, d)).astype(np.float32)
        self.tops = (self.x[:, None] + far).reshape(-1, d)
        self.heights = np.tile([0.9] + [1.4] * (d - 1), n)
        self.widths = np.tile([0.6] + [0.3] * (d - 1), n)
        self.target = function_target(self.scores, spec(5), self.x, gradients=self.gradients)

    def hills(self, x):
        away = np.asarray(x, float)[:, None] - self.tops
        return away, self.heights * np.exp(-(away**2).sum(axis=2) / (2 * self.widths**2))

    def scores(self, x):
        hills = self.hills(x)[1].max(axis=1)
        return np.column_stack([np.ones(len(x)), hills, np.full((len(x), 3), -5.0)])

    def gradients(self, x, weights):
        away, hills = self.hills(x)
        rows, top = np.arange(len(x)), hills.argmax(axis=1)
        slope = -away[rows, top] * (hills[rows, top] / self.widths[top] ** 2)[:, None]
        return self.scores(x), weights[:, 1:2] * slope


def test_in_l2_a_hill_beside_the_input_that_is_too_low_does_not_keep_it_from_higher_ones():
    victim, rows = Hills(), np.arange(20)
    ball = Ball(x=victim.x, norm=Norm.L2, eps=0.4, low=-9, high=9)
    clean, y = victim.scores(victim.x), np.zeros(20, np.int64)
    problem = Problem(space=ball, y=y, rows=rows, classes=5, clean=clean)

    found = run(Apgd(), victim.target, problem, queries=300)

    assert (clean[:, 1] > 0.8).all()
    assert found.success.mean() >= 0.95


def test_gradients_at_one_point_are_asked_for_every_weight():
    victim = Network()
    problem = victim.problem(rows=[0])
    told = []

    class Twice:
        name, access = "twice", Access.GRADIENTS

        def search(self, problem, seed, queries):
            return self

        def width(self, at):
            return np.full(len(at), 0 if told else 2)

        def propose(self, at, widths):
            weights = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
            twice = np.repeat(victim.x[:1], 2, axis=0)
            return Proposal(at=np.repeat(at, 2), candidates=twice, weights=weights)

        def learn(self, heard):
            told.append(heard)

    run(Twice(), victim.target, problem, queries=9)

    assert told[0].answered.all()
    assert (told[0].gradients[0] != told[0].gradients[1]).any()
