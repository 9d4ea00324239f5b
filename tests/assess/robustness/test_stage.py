"""The stage `robustness`: what falls is counted, what cannot be attacked is said, nothing lies."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import duckdb
import numpy as np
import pandas
import pytest

from assess.fakes import Labels, Scores, Values, context, named, rules, spec, table, vectors
from modelwarden.assess.config import AssessConfig, RobustnessConfig
from modelwarden.assess.robustness.stage import run
from modelwarden.assess.stage import StageResult
from modelwarden.core import GapKind, InputError
from modelwarden.core.decode import decode
from modelwarden.core.encode import encode
from modelwarden.metrics.intervals import of_share
from modelwarden.targets.config import FeaturesConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Access, Modality, Task

W = np.array([1.0, -0.5, 0.25, 2.0])


def margin(x):
    return np.asarray(x, np.float64).reshape(len(x), -1) @ W


def linear(x):
    z = margin(x)
    return np.stack([-z, z], axis=1)


def rows(n=120, wrong=0, seed=0):
    x = np.random.default_rng(seed).uniform(-1, 1, (n, 4)).astype(np.float32)
    y = (margin(x) > 0).astype(np.int64)
    y[:wrong] = 1 - y[:wrong]
    return x, y


def attacked(target=None, *, data=None, wrong=0, modality=None, access=None, seed=0, **config):
    x, y = rows(wrong=wrong) if data is None else data
    target = target or Scores(spec(), linear)
    settings = {"eps": 0.1, "low": -1.0, "high": 1.0, "queries": 60, "samples": 120, **config}
    made = context(
        target,
        vectors(x, y),
        seed=seed,
        assess=AssessConfig(robustness=RobustnessConfig(**settings)),
    )
    if data is None or x.dtype != np.float64:
        made = replace(made, test=replace(made.test, inputs=x))
    if modality is not None:
        made = replace(made, project=replace(made.project, modality=modality))
    if access is not None:
        made = replace(made, model=replace(made.model, access=access))
    return run(made)


def archive(result):
    (file,) = result.attachments
    assert file.name == "adversarial.npz"
    return np.load(io.BytesIO(base64.b64decode(file.data)), allow_pickle=False)


def reach(x, eps):
    """(n,) whether a change of eps in l∞ reaches the boundary of the linear model."""
    return np.abs(margin(x)) < eps * np.abs(W).sum()


def test_robust_accuracy_of_a_linear_model_is_what_its_margins_say():
    x, y = rows(wrong=12)

    result = attacked(wrong=12, eps=0.2)

    found = named(result)
    exact = ~reach(x, 0.2)
    exact[:12] = False
    assert found["clean_accuracy"].value == pytest.approx(108 / 120)
    assert found["robust_accuracy"].value == pytest.approx(exact.sum() / 120, abs=2 / 120)
    assert found["robust_accuracy"].value >= exact.sum() / 120
    held = round(found["robust_accuracy"].value * 120)
    assert (found["robust_accuracy"].low, found["robust_accuracy"].high) == of_share(held, 120)
    assert found["attack_success_rate"].value == pytest.approx((108 - held) / 108)
    assert found["attack_success_rate"].n == 108
    assert y.shape == (120,)


def test_each_attack_stands_by_itself_beside_the_worst_case():
    result = attacked(eps=0.2)

    worst = named(result)["robust_accuracy"]
    each = {
        m.conditions["attack"]: m.value
        for m in result.measurements
        if m.name == "robust_accuracy" and m.group is not None
    }
    assert set(each) == {"corners", "signs", "square"} == set(worst.conditions["attacks"])
    assert worst.value <= min(each.values())
    assert worst.group is None
    known = {"norm": "linf", "eps": 0.2, "low": -1.0, "high": 1.0, "queries": 60, "grid": None}
    assert known.items() <= worst.conditions.items()
    assert worst.stage == "robustness"


def test_wins_are_delivered_and_hold_when_they_are_asked_again():
    x, y = rows(wrong=12)

    found = archive(attacked(wrong=12, eps=0.2))

    won = found["success"]
    assert found["index"].tolist() == list(range(120))
    assert (found["x"] == x).all()
    assert (found["y"] == y).all()
    assert found["x_adv"].dtype == np.float32
    assert (linear(found["x_adv"][won]).argmax(axis=1) != y[won]).all()
    moved = np.abs(found["x_adv"].astype(float) - x).max(axis=1)
    assert moved.max() <= 0.2
    assert (moved[~won] == 0).all()
    assert not won[:12].any()
    assert (found["queries"][:12] == 0).all()
    assert found["queries"].max() <= 60
    assert set(found["attack"][won]) <= {"corners", "signs", "square"}
    assert set(found["attack"][~won]) == {""}


def test_the_same_seed_gives_the_same_bytes():
    first, second = attacked(eps=0.2, seed=5), attacked(eps=0.2, seed=5)

    assert encode(first) == encode(second)
    assert encode(first) != encode(attacked(eps=0.2, seed=6))


def test_a_result_survives_being_kept():
    result = attacked(eps=0.2)

    assert decode(StageResult, encode(result)).attachments == result.attachments


def test_the_target_is_asked_no_more_rows_than_its_budget():
    target = Scores(spec(), linear)

    result = attacked(target, eps=0.05, queries=20, attacks=("square",))

    clean, floor_and_square = 120, 2 * 120 * 20
    steady = 3 * 120 + 16
    assert target.rows <= clean + floor_and_square + steady
    assert result.done


def test_rows_bound_all_attacks_together():
    target = Scores(spec(), linear)

    result = attacked(target, eps=1e-4, rows=2400, queries=15)

    assert target.rows <= 120 + 2400 + 3 * 120 + 16
    assert [(g.what, g.kind) for g in result.gaps] == [("square", GapKind.BUDGET)]
    names = named(result)["robust_accuracy"].conditions["attacks"]
    assert names == ["corners", "signs"]


def test_a_model_that_falls_is_flagged_and_one_that_holds_is_not():
    assert rules(attacked(eps=0.9)) == ["not-robust"]
    assert rules(attacked(eps=0.01)) == []


def test_the_curve_falls_from_clean_to_robust_accuracy():
    result = attacked(wrong=12, eps=0.2)

    curve = next(t for t in result.tables if t.name == "robustness_curve")
    values = [row[1] for row in curve.rows]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(0.9)
    assert values[-1] == pytest.approx(named(result)["robust_accuracy"].value)
    x, _ = rows(wrong=12)
    for eps, value in zip(np.linspace(0, 0.2, 11), values, strict=True):
        exact = ~reach(x, eps)
        exact[:12] = False
        assert exact.mean() - 1e-9 <= value <= exact.mean() + 0.25


@pytest.mark.parametrize("norm", ["l2", "l1", "l0"])
def test_other_norms_are_kept(norm):
    eps = {"l2": 0.3, "l1": 0.4, "l0": 2}[norm]

    found = archive(attacked(eps=eps, norm=norm))

    moved = found["x_adv"].astype(float) - found["x"]
    size = {
        "l2": np.sqrt((moved**2).sum(axis=1)),
        "l1": np.abs(moved).sum(axis=1),
        "l0": (moved != 0).sum(axis=1),
    }[norm]
    assert 0 < size.max() <= eps * (1 + 1e-6)
    assert found["success"].any()


def test_pixels_stay_pixels():
    rng = np.random.default_rng(0)
    x = (rng.integers(100, 156, (40, 1, 6, 6)) / 255).astype(np.float32)
    w = rng.normal(size=36)

    def scores(images):
        z = (np.asarray(images, float).reshape(len(images), -1) - 0.5) @ w
        return np.stack([-z, z], axis=1)

    y = scores(x).argmax(axis=1)
    result = attacked(
        Scores(spec(), scores),
        data=(x, y),
        modality=Modality.IMAGE,
        eps=8 / 255,
        low=None,
        high=None,
    )

    found = archive(result)
    levels = found["x_adv"].astype(float) * 255
    assert np.abs(levels - np.rint(levels)).max() < 1e-3
    conditions = named(result)["robust_accuracy"].conditions
    assert conditions["grid"] == pytest.approx(1 / 255)
    assert (conditions["low"], conditions["high"]) == (0.0, 1.0)
    assert found["success"].any()


def test_who_sees_labels_only_attacks_by_labels():
    labels = Labels(spec(), lambda x: linear(x).argmax(axis=1))

    result = attacked(labels, eps=0.2)

    assert "corners" in named(result)["robust_accuracy"].conditions["attacks"]
    assert named(result)["robust_accuracy"].conditions["access"] == "labels"
    assert any("labels only" in note for note in result.notes)


def test_scores_that_are_not_granted_are_not_used():
    result = attacked(access=Access.LABELS)

    assert "square" not in named(result)["robust_accuracy"].conditions["attacks"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"attacks": ("square",), "access": Access.LABELS}, "square needs scores"),
        ({"attacks": ("square",), "norm": "l2"}, "square does not work in l2"),
        ({"attacks": ("squares",)}, "unknown attack 'squares'"),
        ({"rows": 100}, "less than two rows for each of the 120"),
        ({"eps": None}, "eps is missing"),
        ({"low": 2.0, "high": -2.0}, "no valid input"),
        ({"low": 20.0, "high": 30.0}, "none of the inputs lies between low and high"),
        (
            {"target": Scores(spec(), lambda x: np.tile([0.7, 0.3], (len(x), 1)))},
            "answers 0 to every row",
        ),
        ({"data": (np.full((4, 2), np.nan), np.zeros(4, int))}, "NaN"),
    ],
)
def test_what_cannot_be_attacked_is_said_in_one_line(more, told):
    if "data" in more:
        more["target"] = Scores(spec(), lambda x: np.tile([0.7, 0.3], (len(x), 1)) + x[:, :1] * 0)
        more["target"].function = lambda x: np.eye(2)[np.arange(len(x)) % 2]

    with pytest.raises(InputError, match=told):
        attacked(**more)


def test_eps_below_the_distance_of_whole_numbers_is_refused():
    x = np.random.default_rng(0).integers(0, 17, (30, 4))
    y = (margin(x) > 0).astype(int)

    with pytest.raises(InputError, match="smaller than the distance 1 of neighbouring values"):
        attacked(data=(x, y), eps=0.3, low=None, high=None)


def test_a_model_that_is_wrong_everywhere_is_said_to_be():
    x, y = rows()

    result = attacked(data=(x, 1 - y))

    assert named(result)["robust_accuracy"].value == 0
    assert [gap.why for gap in result.gaps] == [
        "the model answers all 120 sampled rows wrong as they are: no attack was run"
    ]


def test_a_regression_makes_no_decisions():
    target = Values(spec(Task.REGRESSION), lambda x: margin(x))

    with pytest.raises(InputError, match="a regression makes none"):
        attacked(target)


def test_without_its_section_the_stage_says_that_it_did_not_run():
    x, y = rows()

    result = run(context(Scores(spec(), linear), vectors(x, y)))

    assert not result.done
    assert "no [assess.robustness]" in result.notes[0]


def tabled(**more):
    """A table of four numbers and a whole one, attacked under the rules that are given."""
    rng = np.random.default_rng(0)
    columns = {c: rng.uniform(-1, 1, 300) for c in "abcd"}
    columns["count"] = rng.integers(0, 10, 300)
    truth = columns["a"] - 0.5 * columns["b"] + 2 * columns["d"]

    def scores(frame):
        z = frame["a"] - 0.5 * frame["b"] + 2 * frame["d"]
        return np.stack([-z, z], axis=1)

    y = (truth > 0).astype(np.int64)
    test = table({n: c[200:] for n, c in columns.items()}, y[200:])
    train = table({n: c[:200] for n, c in columns.items()}, y[:200], name="train")
    features = FeaturesConfig(**more.pop("features", {}))
    settings = {"eps": 0.3, "queries": 60, "samples": 40, **more}
    made = context(
        Scores(spec(columns=tuple(columns)), scores),
        test,
        train,
        features=features,
        assess=AssessConfig(robustness=RobustnessConfig(**settings)),
    )
    return made, run(made), scores


def test_rows_of_a_table_are_attacked_within_their_rules(tmp_path):
    made, result, scores = tabled(features={"immutable": ("d",), "relations": ("a <= 1",)})

    (file,) = result.attachments
    place = tmp_path / file.name
    place.write_bytes(base64.b64decode(file.data))
    found = duckdb.connect().execute(f"FROM '{place}'").df()
    assert file.name == "adversarial.parquet"
    assert list(found) == ["index", "x", "x_adv", "y", "success", "queries", "attack"]
    x, changed = (pandas.DataFrame(found[c].tolist()) for c in ("x", "x_adv"))
    won = found["success"].to_numpy()
    assert 0 < won.sum() < len(won)
    assert (changed["d"] == x["d"]).all()
    assert np.abs(changed - x).to_numpy().max() <= 0.3 + 1e-9
    again = scores(changed).argmax(axis=1)
    assert (again[won] != found["y"][won]).all()
    assert (x["a"].to_numpy() == made.test.inputs["a"][found["index"]]).all()


def test_a_table_says_which_features_carry_the_attacks():
    _, result, _ = tabled(features={"immutable": ("a", "b")})

    bars = next(t for t in result.tables if t.name == "changed_features")
    assert dict(bars.rows)["d"] > 0.9
    assert not {"a", "b"} & {row[0] for row in bars.rows}
    worst = named(result)["robust_accuracy"]
    assert "random-rows" in worst.conditions["attacks"]
    assert worst.conditions["rules"]["immutable"] == 2


def test_rules_that_the_data_break_are_said_before_anything_is_asked():
    with pytest.raises(InputError, match="is broken by"):
        tabled(features={"relations": ("a <= b",)})


def worded(text, **config):
    """Messages that are spam when they say `prize`; the model knows the word alone."""
    rng = np.random.default_rng(0)
    common = "the a we you see meet home soon train call work tea rain book lamp road".split()
    y = np.arange(80) % 2
    made_up = [
        " ".join([*rng.choice(common, 8), *(["prize", "winner"] if one else ["friend"])])
        for one in y
    ]
    inputs = np.array(made_up, object)

    def scores(texts):
        hit = np.array([t.count("prize") - 0.5 for t in texts])
        return np.stack([-hit, hit], axis=1)

    test = DataSet("test", inputs, y, Frame((), ()), source="test.jsonl")
    made = context(
        Scores(spec(), scores),
        test,
        assess=AssessConfig(robustness=RobustnessConfig(queries=60, samples=30, **config)),
    )
    return replace(made, project=replace(made.project, modality=text))


def test_texts_are_edited_and_delivered(tmp_path):
    made = worded(Modality.TEXT, eps=2)

    result = run(made)

    (file,) = result.attachments
    place = tmp_path / file.name
    place.write_bytes(base64.b64decode(file.data))
    found = duckdb.connect().execute(f"FROM '{place}'").df()
    spam = found["y"] == 1
    assert found["success"][spam].all()
    assert all("prize" not in text for text in found["x_adv"][spam])
    assert all(
        a == b
        for a, b in zip(
            found["x"][~found["success"]], found["x_adv"][~found["success"]], strict=True
        )
    )
    assert named(result)["robust_accuracy"].conditions["norm"] == "edited words"


@pytest.mark.parametrize(
    ("more", "told"),
    [({"eps": 1e-12}, "changes nothing"), ({"eps": 0.5, "norm": "l0"}, "changes no number")],
)
def test_an_eps_that_could_change_nothing_would_look_like_robustness(more, told):
    with pytest.raises(InputError, match=told):
        attacked(**more)


def test_scores_that_say_no_more_than_labels_bring_in_an_attack_by_labels():
    def hard(x):
        return (linear(x) > 0).astype(np.float64)

    def ran(result):
        return {str(m.conditions["attack"]) for m in result.measurements if m.group is not None}

    plain = attacked(samples=30)
    blind = attacked(Scores(spec(), hard), samples=30)

    assert ran(plain) == {"corners", "signs", "square"}
    assert ran(blind) == {"corners", "signs", "square", "boundary"}
    assert any("0 and 1 and nothing between" in note for note in blind.notes)
    assert not any("nothing between" in note for note in plain.notes)


def _turning(after, otherwise):
    """Answer as the linear model, and otherwise once so many rows were asked."""
    asked = [0]

    def function(x):
        asked[0] += len(x)
        return linear(x) if asked[0] <= after else otherwise(x)

    return Scores(spec(), function)


def _remembered(x):
    """Answer whatever lies near a known row as that row is answered: no attack gets through."""
    known, _ = rows()
    far = ((np.asarray(x, np.float64)[:, None] - known[None]) ** 2).sum(axis=2)
    return linear(known[far.argmin(axis=1)])


@pytest.mark.parametrize(
    ("otherwise", "told"),
    [(lambda x: -linear(x), "inputs as they are and"), (_remembered, "wins otherwise")],
    ids=["another", "hides"],
)
def test_a_model_that_changes_while_it_is_attacked_is_not_measured(otherwise, told):
    result = attacked(_turning(2500, otherwise), eps=0.2)

    (gap,) = result.gaps
    assert gap.kind is GapKind.NOT_ASSESSABLE
    assert told in gap.why
    assert "changed while it was attacked" in gap.why
