"""Corruptions change nothing at 0, more at more, keep the range, and draw the same again."""

from __future__ import annotations

import numpy as np
import pytest

from modelwarden.attacks.images.corruptions import BY_NAME, CORRUPTIONS, corrupted
from tests.attacks.images.victims import pictures

NAMES = [one.name for one in CORRUPTIONS]


def picture(channels=1):
    x = pictures(2, np.float32)[0][1].astype(np.float64) * 0.8 + 0.1
    ramp = np.linspace(0.6, 1, channels)[:, None, None]
    return np.repeat(x, channels, axis=0) * ramp


def rng():
    return np.random.default_rng(4)


def test_there_are_many_kinds_with_names_of_their_own():
    assert len(CORRUPTIONS) >= 12
    assert len(BY_NAME) == len(CORRUPTIONS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_none_changes_anything_at_severity_0(name, channels):
    x = picture(channels)

    assert np.abs(corrupted(name, x, 0.0, rng()) - x).max() < 1e-9


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_keeps_shape_and_range_and_changes_more_at_5_than_at_1(name, channels):
    x = picture(channels)

    weak, strong = (corrupted(name, x, level, rng()) for level in (1.0, 5.0))

    assert weak.shape == strong.shape == x.shape
    assert strong.min() >= 0
    assert strong.max() <= 1
    assert np.isfinite(strong).all()
    assert np.abs(strong - x).mean() > np.abs(weak - x).mean()


@pytest.mark.parametrize("name", NAMES)
def test_each_draws_the_same_again_and_only_random_ones_draw_otherwise(name):
    x = picture()

    first, again = corrupted(name, x, 4.0, rng()), corrupted(name, x, 4.0, rng())
    other = corrupted(name, x, 4.0, np.random.default_rng(5))

    assert (first == again).all()
    assert (first != other).any() == BY_NAME[name].random


def test_odd_shapes_are_taken():
    x = np.random.default_rng(0).random((3, 13, 22))

    for name in NAMES:
        assert corrupted(name, x, 3.0, rng()).shape == x.shape


def test_jpeg_rounds_as_pillow_does_within_a_few_levels():
    image = pytest.importorskip("PIL.Image")
    import io

    ramp = np.linspace(0, 1, 64)
    x = (0.5 + 0.4 * np.sin(6 * ramp)[:, None] * np.cos(4 * ramp)[None, :])[None]
    stream = io.BytesIO()
    image.fromarray(np.rint(x[0] * 255).astype(np.uint8)).save(stream, "JPEG", quality=37)
    theirs = np.asarray(image.open(stream), np.float64) / 255

    ours = corrupted("jpeg", x, 3.0, rng())[0]

    assert np.abs(ours - theirs).mean() < 2 / 255
