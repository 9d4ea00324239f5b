"""The lists of names, asked about names of any length."""

from __future__ import annotations

import pytest

from modelwarden.artifacts.known import danger
from modelwarden.artifacts.known.danger import danger_of
from modelwarden.artifacts.known.danger_libraries import LIBRARY_DANGERS
from modelwarden.artifacts.known.danger_stdlib import STDLIB_DANGERS
from modelwarden.artifacts.known.rot import moved


def test_every_entry_is_shorter_than_what_is_looked_up():
    deepest = max(path.count(".") + 1 for path in (*STDLIB_DANGERS, *LIBRARY_DANGERS))

    assert deepest < danger._DEEPEST // 2


@pytest.mark.parametrize("path", ["os.system", "np.memmap", "webbrowser.open", "runpy.run_path"])
@pytest.mark.parametrize("length", [1, 10, 15, 16, 17, 1_000])
def test_a_long_walk_before_or_behind_a_name_hides_nothing(path, length):
    filler = ["ab"] * length

    for name in ([*filler, path], [path, *filler], [*filler, path, *filler]):
        assert danger_of([("x", ".".join(name))]) is not None
    assert danger_of([("x", ".".join(filler))]) is None


def test_an_entry_stands_for_all_that_is_below_it_however_long():
    name = ".".join(["system", *["ab"] * 1_000])

    assert danger_of([("os", name)]) == danger_of([("os", "system.ab")])


def test_what_a_name_of_many_parts_costs_grows_with_its_length_alone(monkeypatch):
    looked: list[int] = []
    listed = danger._listed
    monkeypatch.setattr(
        danger, "_listed", lambda m, n: looked.append(len(m) + len(n)) or listed(m, n)
    )

    danger_of([("numpy", ".".join(["ab", "np"] * 5_000))])

    assert sum(looked) < 20 * len("ab.np.") * 10_000


def test_a_module_of_many_parts_is_held_against_what_has_moved_by_its_first_ones():
    long = "." + ".".join(["ab"] * 100_000)

    assert moved("sklearn.ensemble.gradient_boosting" + long) == (
        moved("sklearn.ensemble.gradient_boosting")
    )
    assert moved("sklearn" + long) is None
