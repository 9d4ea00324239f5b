"""Balls: what is fitted lies inside, on the grid, and fitting it again changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.attacks.balls import Ball, Ends, Norm, onto_l2, size_of
from modelwarden.core import InputError

AT = np.arange(20)


def made(norm, kind, eps, grid=0.0, seed=0, shape=(20, 3, 5)):
    rng = np.random.default_rng(seed)
    whole = np.dtype(kind).kind in "iu"
    x = rng.integers(0, 256, shape) if whole else rng.integers(0, 256, shape) / 255
    high = 255 if whole else 1.0
    ball = Ball(x=x.astype(kind), norm=norm, eps=eps, low=0, high=high, grid=grid)
    return ball, rng.normal(0.5, 2, shape) * high


@pytest.mark.parametrize("norm", list(Norm))
@pytest.mark.parametrize(
    ("kind", "eps", "grid"),
    [("float32", 0.1, 0), ("float64", 0.1, 0), ("float32", 0.1, 1 / 255), ("uint8", 8, 0)],
)
def test_what_is_fitted_keeps_ball_box_and_grid(norm, kind, eps, grid):
    eps = 4 if norm is Norm.L0 else eps
    ball, wild = made(norm, kind, eps, grid)

    fitted, allowed = ball.fit(AT, wild)

    assert allowed.all()
    assert fitted.dtype == ball.x.dtype
    assert ball.inside(AT, fitted).all()
    moved = fitted.astype(np.float64) - ball.x.astype(np.float64)
    slack = 0 if norm is Norm.LINF else eps * 1e-6
    assert size_of(moved, norm).max() <= eps + slack + 1e-12
    assert fitted.min() >= 0
    assert fitted.max() <= (255 if kind == "uint8" else 1)
    if grid:
        levels = fitted.astype(np.float64) * 255
        assert np.abs(levels - np.rint(levels)).max() < 1e-3
    assert (ball.fit(AT, fitted)[0] == fitted).all()


@pytest.mark.parametrize("norm", [Norm.LINF, Norm.L2])
def test_what_is_free_keeps_the_box_alone(norm):
    ball, wild = made(norm, "float32", 0.1)

    fitted, _ = ball.fit(AT, wild, free=True)

    assert fitted == pytest.approx(np.clip(wild, 0, 1), abs=1e-6)
    assert not ball.inside(AT, fitted).any()


def test_an_input_outside_the_box_widens_it_for_itself():
    ball = Ball(x=np.array([[2.0], [0.5]]), norm=Norm.LINF, eps=0.7, low=0.0, high=1.0)

    high, _ = ball.fit(np.arange(2), np.full((2, 1), 9.0))
    low, _ = ball.fit(np.arange(2), np.full((2, 1), -9.0))

    assert high.tolist() == [[2.0], [1.0]]
    assert low == pytest.approx(np.array([[1.3], [0.0]]))


def test_8_bit_pixels_use_all_of_eps_that_the_grid_allows():
    ball = Ball(
        x=np.full((1, 4), np.float32(100 / 255)),
        norm=Norm.LINF,
        eps=8 / 255,
        low=0,
        high=1,
        grid=1 / 255,
    )

    fitted, _ = ball.fit(np.zeros(1, np.int64), np.ones((1, 4)))

    assert fitted * 255 == pytest.approx(np.full((1, 4), 108.0))


@given(st.integers(0, 10_000), st.floats(1e-4, 2), st.sampled_from([Norm.LINF, Norm.L2, Norm.L1]))
def test_eps_is_never_exceeded_in_float32(seed, eps, norm):
    ball, wild = made(norm, "float32", eps, seed=seed, shape=(20, 6))

    fitted, _ = ball.fit(AT, wild)

    moved = fitted.astype(np.float64) - ball.x.astype(np.float64)
    assert size_of(moved, norm).max() <= eps * (1 + 1e-6)


@pytest.mark.parametrize("eps", [0.0, -1.0, float("nan")])
def test_no_ball_without_an_eps(eps):
    with pytest.raises(InputError, match="eps must be above 0"):
        Ball(x=np.zeros((1, 1)), norm=Norm.LINF, eps=eps, low=0, high=1)


def test_an_input_with_nan_is_not_attacked():
    with pytest.raises(InputError, match="NaN"):
        Ball(x=np.array([[np.nan]]), norm=Norm.LINF, eps=1, low=0, high=1)


def test_conditions_say_what_was_allowed():
    ball, _ = made(Norm.L2, "uint8", 8)

    assert ball.conditions() == {"norm": "l2", "eps": 8, "low": 0, "high": 255, "grid": 1}


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", "int64", "float16"])
def test_an_end_of_each_number_is_chosen_as_it_stands(kind):
    chance = np.random.default_rng(3)
    low = chance.integers(0, 100, (5, 2, 7)).astype(kind)
    high = low + chance.integers(0, 9, low.shape).astype(kind)
    at = np.array([4, 0, 4, 2])
    ups = chance.random((4, 2, 7)) > 0.5
    ends = Ends(low, high)

    chosen = ends.chosen(at, ups)

    assert chosen.dtype == low.dtype
    assert (chosen == np.where(ups, high[at], low[at])).all()
    beyond = ends.within(at, np.where(ups, high[at] + 1, 0).astype(kind))
    assert (beyond == chosen).all()


@given(st.integers(0, 2**31), st.floats(0.01, 3))
def test_no_change_in_ball_and_box_is_nearer_than_the_nearest_in_l2(seed, eps):
    rng = np.random.default_rng(seed)
    low, high = -rng.uniform(0, 0.5, (5, 12)), rng.uniform(0, 0.5, (5, 12))
    wild = rng.normal(size=(5, 12)) * rng.choice([0.1, 1.0, 10.0])

    nearest = onto_l2(wild, low, high, eps)

    assert ((low <= nearest) & (nearest <= high)).all()
    assert (np.linalg.norm(nearest, axis=1) <= eps * (1 + 1e-12)).all()
    # Independently: the factor by halving.
    least, most = np.zeros(5), np.ones(5)
    for _ in range(60):
        middle = (least + most) / 2
        over = np.linalg.norm(np.clip(middle[:, None] * wild, low, high), axis=1) > eps
        least, most = np.where(over, least, middle), np.where(over, middle, most)
    expected = np.clip(least[:, None] * wild, low, high)
    far, known = (np.linalg.norm(wild - z, axis=1) for z in (nearest, expected))
    assert (far <= known * (1 + 1e-6) + 1e-9).all()
