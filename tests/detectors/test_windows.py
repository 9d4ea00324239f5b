import numpy as np
import pytest

from modelwarden.detectors.coding import Coder, counts_of
from modelwarden.detectors.profile import Input, Kind
from modelwarden.detectors.relations import relations_of
from modelwarden.detectors.windows import Windows, chi_deviates, counted

WORDS = ("red", "green", "blue")
INPUTS = (
    *(Input(name=name, kind=Kind.NUMBER) for name in "abc"),
    Input(name="word", kind=Kind.CATEGORY, categories=WORDS),
)


def rows(n, seed):
    rng = np.random.default_rng(seed)
    words = np.empty(n, object)
    words[:] = rng.choice(WORDS, n, p=[0.6, 0.3, 0.1])
    a = rng.normal(size=n)
    missing = np.where(rng.random(n) < 0.05, np.nan, rng.normal(size=n))
    return {"a": a, "b": missing, "c": rng.lognormal(size=n), "word": words}


def windows():
    reference = rows(1000, 0)
    coder = Coder(INPUTS, counts_of(INPUTS, reference))
    return Windows(coder, relations_of(coder.names, coder.numbers(reference, 1000)))


def fed(watch, values, clients=None, size=7):
    n = len(values["a"])
    clients = clients or [f"c{i % 5}" for i in range(n)]
    found = []
    for at in range(0, n, size):
        part = {name: v[at : at + size] for name, v in values.items()}
        found += watch.add(part, clients[at : at + size])
    return found


def changed(kind, n=600, seed=2):
    made = rows(n, seed)
    rng = np.random.default_rng(seed + 1)
    if kind == "mean":
        made["a"] += 0.6
    elif kind == "spread":
        made["a"] *= 1.8
    elif kind == "two modes":
        made["a"] = np.where(rng.random(n) < 0.5, -1, 1) + 0.3 * made["a"]
    elif kind == "missing":
        made["b"][rng.random(n) < 0.25] = np.nan
    elif kind == "mix":
        made["word"][:] = rng.choice(WORDS, n, p=[0.3, 0.3, 0.4])
    elif kind == "together":
        made["b"] = 0.7 * made["a"] + 0.7 * made["b"]
    return made


@pytest.mark.parametrize(
    ("kind", "rule", "feature"),
    [
        ("mean", "feature-drift", "a"),
        ("spread", "feature-drift", "a"),
        ("two modes", "feature-drift", "a"),
        ("missing", "missingness-change", "b"),
        ("mix", "feature-drift", "word"),
        ("together", "joint-drift", "a"),
    ],
)
def test_what_changes_in_traffic_is_told_once_within_600_rows(kind, rule, feature):
    watch = windows()

    before, after = fed(watch, rows(400, 1)), fed(watch, changed(kind))

    assert before == []
    assert [d.rule for d in after] == [rule]
    assert feature in after[0].features


@pytest.mark.parametrize("seed", range(3, 9))
def test_traffic_like_the_reference_raises_nothing(seed):
    assert fed(windows(), rows(1500, seed)) == []


def test_repeated_rows_are_one_row():
    few = {name: np.tile(v[:20], 60) for name, v in rows(20, 5).items()}
    watch = windows()

    assert fed(watch, few) == []
    assert watch.rows == 20


def test_neighbours_that_are_alike_count_less():
    values = rows(1000, 6)
    for i in range(1, 1000):
        values["a"][i] = 0.97 * values["a"][i - 1] + np.sqrt(1 - 0.97**2) * values["a"][i]

    assert [d for d in fed(windows(), values) if "a" in d.features] == []


def test_what_one_client_alone_does_is_no_drift():
    watch = windows()
    fed(watch, rows(400, 1))
    n = 600
    clients = ["loud" if i % 3 else f"c{i % 5}" for i in range(n)]
    loud = np.array([c == "loud" for c in clients])
    values, other = rows(n, 7), changed("mean", n, 8)
    for name in values:
        values[name][loud] = other[name][loud]

    assert fed(watch, values, clients) == []


def test_the_only_client_there_is_can_drift():
    watch = windows()
    fed(watch, rows(400, 1), ["gateway"] * 400)

    assert [d.rule for d in fed(watch, changed("mean"), ["gateway"] * 600)] == ["feature-drift"]


def test_a_client_that_attacks_is_forgotten():
    watch = windows()
    fed(watch, rows(100, 1))
    fed(watch, changed("mean", 100), ["mallory"] * 100)
    watch.forget("mallory")

    assert fed(watch, rows(400, 9)) == []


def test_counts_of_parts_add_up_to_those_of_the_whole():
    coder = Coder(INPUTS, counts_of(INPUTS, rows(500, 0)))
    values = rows(300, 1)
    whole = counted(coder.codes(values, 300), coder.width)
    parts = [{k: v[a:b] for k, v in values.items()} for a, b in ((0, 120), (120, 300))]

    added = sum(counted(coder.codes(p, len(p["a"])), coder.width) for p in parts)

    assert (whole == added).all()


def test_the_reference_counted_again_is_as_it_was_counted():
    values = rows(500, 0)
    coder = Coder(INPUTS, counts_of(INPUTS, values))

    assert (counted(coder.codes(values, 500), coder.width) == coder.table).all()


def test_deviates_are_those_of_the_chi_square_distribution():
    from scipy import stats

    one, two = np.array([[120, 300, 80]]), np.array([[60, 90, 50]])
    statistic = stats.chi2_contingency(np.concatenate([one, two]), correction=False)[0]

    z, _ = chi_deviates(one, two, np.ones(1))

    assert z[0] == pytest.approx(stats.norm.isf(stats.chi2.sf(statistic, 2)), abs=0.05)


def test_what_has_no_number_and_no_word_cannot_drift():
    texts = np.empty(400, object)
    texts[:] = [f"text {i}" for i in range(400)]
    inputs = (Input(name="t", kind=Kind.TEXT, longest=100),)
    watch = Windows(Coder(inputs, counts_of(inputs, {"t": texts})))

    assert watch.add({"t": texts}, ["c"] * 400) == []


def test_what_was_saved_goes_on_where_it_stopped():
    values, moved = rows(400, 1), changed("mean")
    first = windows()
    fed(first, values)
    second = windows()
    second.restore(first.saved())
    part = {name: v[:200] for name, v in moved.items()}

    assert second.rows == first.rows
    assert [d.rule for d in fed(second, part)] == [d.rule for d in fed(first, part)]
