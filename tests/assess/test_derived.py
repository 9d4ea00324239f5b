"""What is read off texts, images and vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assess.fakes import table, vectors
from modelwarden.assess.derived import derived, derived_column
from modelwarden.assess.slicing import rows_of


def texts(*values):
    return replace(vectors(np.zeros((len(values), 1))), inputs=np.array(values, object))


def test_texts_have_length_script_language_and_words():
    data = texts(
        *["the cat and the dog are in the house"] * 30,
        *["der Hund und die Katze sind nicht das Haus"] * 30,
        *["собака и кошка"] * 30,
        *["SEE http://a.example 123!"] * 30,
        "",
        None,
    )

    frame = derived(data)

    assert frame["text.language"][[0, 30, 60]].tolist() == ["english", "german", "unknown"]
    assert frame["text.script"][[0, 60, 120]].tolist() == ["latin", "cyrillic", "none"]
    assert frame["text.has_link"].sum() == 30
    assert frame["text.length"][[0, 120, 121]].tolist() == [36, 0, 0]
    assert frame["text.contains:katze"].sum() == 30
    assert rows_of(data, [{"column": "text.contains:katze", "value": True}]).sum() == 30
    assert derived_column(data, "text.contains:never").sum() == 0
    assert derived_column(data, "nothing") is None


def test_images_have_brightness_sharpness_and_clusters_and_the_order_does_not_matter():
    rng = np.random.default_rng(0)
    plain = np.full((40, 3, 20, 12), 0.2)
    noisy = rng.random((40, 3, 20, 12))
    data = replace(vectors(np.zeros((80, 1))), inputs=np.concatenate([plain, noisy]))

    frame = derived(data)

    assert (frame["image.sharpness"][:40] < 1e-9).all()
    assert (frame["image.sharpness"][40:] > 0.1).all()
    assert frame["image.brightness"][0] == pytest.approx(0.2)
    assert len(set(frame["image.cluster"][:40])) == 1
    one = derived(replace(data, inputs=data.inputs[:1]))
    assert len(one) == 1


def test_a_vector_has_its_places_and_a_table_needs_none():
    data = vectors(np.stack([np.zeros(50), np.arange(50.0)], axis=1))

    assert derived(data).names == ("x[0]", "x[1]")
    assert derived(table({"a": np.zeros(3)})).names == ()
    assert rows_of(data, [{"column": "x[1]", "op": ">=", "value": 40}]).sum() == 10
