"""Whether what hung together in a reference still does."""

from __future__ import annotations

import numpy as np

from modelwarden.detectors.relations import Related, _correlations, relations_of

NAMES = tuple("abcdefgh")


def test_pairs_that_moved_are_those_of_all_products():
    """Only pairs whose correlation moved far enough are looked at closely: the same as all."""
    rng = np.random.default_rng(2)
    mixing = rng.normal(size=(3, 8))
    relations = relations_of(NAMES, rng.normal(size=(900, 3)) @ mixing + rng.normal(size=(900, 8)))
    assert relations is not None
    related = Related(relations, NAMES)
    now = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 8)) + rng.normal(size=(400, 8))
    z = related.standardised(now)

    moved = list(related.moved(z, 350.0, 3.0, 0.2))

    correlation, noise = _correlations(z)
    upper = np.triu_indices(8, 1)
    known = np.array(relations.noise)
    gap = np.abs(correlation[upper] - np.array(relations.correlation))
    sure = gap / np.sqrt(np.maximum(noise[upper], known) / 350 + known / 900)
    wanted = {
        (NAMES[a], NAMES[b]): float(s)
        for a, b, s, g in zip(*upper, sure, gap, strict=True)
        if s > 3 and g >= 0.2
    }
    assert len(wanted) > 3
    assert {(m.first, m.second) for m in moved} == set(wanted)
    np.testing.assert_allclose([m.z for m in moved], sorted(wanted.values())[::-1], rtol=1e-4)
