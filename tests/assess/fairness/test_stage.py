"""The stage `fairness`: gaps between groups are found and measured, honest models pass."""

from __future__ import annotations

from dataclasses import replace

import fairlearn.metrics as fair
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from assess.fakes import Labels, Scores, Values, context, rules, spec, table, vectors
from modelwarden.assess.fairness.stage import run
from modelwarden.core import GapKind, Severity
from modelwarden.targets.config import ProjectConfig
from modelwarden.targets.spec import Modality, Task


def sigmoid(raw):
    return 1 / (1 + np.exp(-raw))


def people(n, seed=0, *, bias=0.0, protected=("sex",), task=Task.BINARY, uses=True, **more):
    """People of two sexes and six origins; `bias` is what the model takes from women, in logits."""
    rng = np.random.default_rng(seed)
    sex = np.array(["f", "m"], object)[rng.integers(0, 2, n)]
    columns = {
        "x": rng.normal(size=n),
        "height": rng.normal(size=n) + 1.5 * (sex == "m"),
        "sex": sex,
        "origin": np.array(list("abcdef"), object)[
            rng.choice(6, n, p=[0.4, 0.2, 0.2, 0.1, 0.06, 0.04])
        ],
        "age": rng.integers(18, 90, n),
        **more,
    }

    def raw(x):
        return 2 * x["x"] - bias * (x["sex"] == "f")

    truth = 2 * columns["x"]
    if task is Task.REGRESSION:
        target = Values(spec(task), lambda x: raw(x))
        made = context(target, table(columns, truth + rng.normal(size=n)))
    else:
        y = (rng.random(n) < sigmoid(truth)).astype(int)
        kind = Scores if uses else Labels

        def answer(x):
            p = sigmoid(raw(x))
            return np.stack([1 - p, p], axis=1) if uses else (p > 0.5).astype(int)

        made = context(kind(spec(), answer), table(columns, y))
    return replace(made, data=replace(made.data, protected=protected))


def metrics_of(result):
    return {f.location.terms["metric"]: f for f in result.findings if f.rule == "group-gap"}


def single(result, name, protected):
    return next(
        m
        for m in result.measurements
        if m.name == name and m.group is None and m.conditions["protected"] == [protected]
    )


def test_a_model_that_takes_from_one_group_is_found_in_every_rate_that_shows_it():
    made = people(4000, bias=1.5)

    result = run(made)

    found = metrics_of(result)
    assert set(found) == {"equal_opportunity_difference", "counterfactual_change_rate"}
    gap = found["equal_opportunity_difference"]
    assert gap.location.terms["protected"] == ["sex"]
    assert gap.location.terms["group"] == "f"
    assert gap.severity is Severity.HIGH
    assert set(gap.location.terms["metrics"]) >= {
        "equal_opportunity_difference",
        "demographic_parity_difference",
        "false_positive_rate_difference",
        "equalized_odds_difference",
    }
    also = {one["metric"]: one for one in gap.evidence["also"]}
    assert also["false_positive_rate_difference"]["group"] == "m"
    assert [f.location.terms["group"] for f in result.findings if f.rule == "miscalibrated"] == [
        {"sex": "f"}
    ]


def test_gaps_are_those_of_scikit_learns_rates_and_so_of_fairlearn():
    made = people(3000, bias=0.7)
    seen = made.judged()
    female = made.test.inputs["sex"] == "f"

    result = run(made)

    both = [(seen.y[g], seen.said[g]) for g in (female, ~female)]
    rates = {
        "demographic_parity_difference": [said.mean() for _, said in both],
        "equal_opportunity_difference": [sk.recall_score(y, said) for y, said in both],
        "false_positive_rate_difference": [said[y == 0].mean() for y, said in both],
        "predictive_parity_difference": [sk.precision_score(y, said) for y, said in both],
        "accuracy_score_difference": [sk.accuracy_score(y, said) for y, said in both],
        "roc_auc_score_difference": [
            sk.roc_auc_score(seen.y[g], seen.scores[g, 1]) for g in (female, ~female)
        ],
    }
    for name, values in rates.items():
        got = single(result, name, "sex")
        assert got.value == pytest.approx(abs(values[0] - values[1])), name
        assert got.low <= got.value <= got.high
        assert got.stage == "fairness"
    odds = single(result, "equalized_odds_difference", "sex").value
    assert odds == pytest.approx(
        max(
            abs(np.subtract(*rates[n]))
            for n in ("equal_opportunity_difference", "false_positive_rate_difference")
        )
    )


def test_the_names_and_values_are_fairlearns_own():
    fairlearn = pytest.importorskip("fairlearn.metrics")
    made = people(3000, bias=0.7, protected=("sex", "origin"))
    seen = made.judged()

    result = run(made)

    for column in ("sex", "origin"):
        groups = made.test.inputs[column]
        for name in (
            "demographic_parity_difference",
            "equal_opportunity_difference",
            "equalized_odds_difference",
        ):
            theirs = getattr(fairlearn, name)(seen.y, seen.said, sensitive_features=groups)
            assert single(result, name, column).value == pytest.approx(theirs), name
        rates = fairlearn.MetricFrame(
            metrics={
                "false_positive_rate_difference": fairlearn.false_positive_rate,
                "predictive_parity_difference": sk.precision_score,
                "accuracy_score_difference": sk.accuracy_score,
            },
            y_true=seen.y,
            y_pred=seen.said,
            sensitive_features=groups,
        ).difference()
        for name, theirs in rates.items():
            assert single(result, name, column).value == pytest.approx(theirs), name


@pytest.mark.parametrize("seed", range(5))
def test_a_fair_model_raises_no_alarm_over_many_groups(seed):
    result = run(people(2000, seed, protected=("sex", "origin", "age")))

    assert rules(result) == []


def test_the_largest_gap_of_many_small_groups_is_drawn_together():
    rng = np.random.default_rng(0)
    made = people(
        2000, protected=("town",), town=rng.integers(0, 30, 2000).astype(str).astype(object)
    )

    result = run(made)

    gap = single(result, "demographic_parity_difference", "town")
    assert gap.value > 0.2
    assert gap.conditions["shrunken"] < 0.05
    assert gap.low == 0
    assert rules(result) == []
    assert any("too wide" in g.why for g in result.gaps)


@pytest.mark.parametrize(("cases", "rate"), [(0.02, "true_positive_rate"), (0.5, "")])
def test_the_rates_that_a_gap_shows_are_those_that_it_lies_between(cases, rate):
    # Women are called positive a little more often, beyond doubt; of few cases many more are found.
    rng = np.random.default_rng(4)
    n = 40_000
    sex = np.array(["f", "m"], object)[rng.integers(0, 2, n)]
    y = (rng.random(n) < cases).astype(int)
    share = np.where(y == 1, np.where(sex == "f", 0.9, 0.6), np.where(sex == "f", 0.35, 0.15))
    said = (rng.random(n) < share).astype(int)
    made = context(Labels(spec(), lambda x: x["said"]), table({"said": said, "sex": sex}, y))
    made = replace(made, data=replace(made.data, protected=("sex",)))

    (finding,) = [f for f in run(made).findings if f.rule == "group-gap"]

    facts = finding.evidence
    shown = {one["metric"]: one for one in (facts, *facts["also"])}
    assert set(shown) > {"equal_opportunity_difference", "equalized_odds_difference"}
    for one in shown.values():
        assert one["gap"] == pytest.approx(abs(one["here"] - one["there"]), abs=1e-12)
        assert one["low"] <= one["gap"] <= one["high"]
    odds, found = shown["equalized_odds_difference"], shown["equal_opportunity_difference"]
    assert odds["gap"] == max(found["gap"], shown["false_positive_rate_difference"]["gap"])
    assert odds["rate"] == (rate or odds["rate"])


@pytest.mark.parametrize("seed", range(3))
def test_a_gap_that_is_too_wide_quotes_the_interval_of_the_measurement(seed):
    result = run(people(150, seed, protected=("sex",)))

    said = next(g.why for g in result.gaps if "too wide" in g.why)
    told = said.split("needed: ")[1].split("; ")
    assert len(told) > 1
    for one in told:
        m = single(result, one.split()[0], "sex")
        assert one == f"{m.name} {m.value:.3g} ({m.low:.3g} to {m.high:.3g})"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.full(2000, "only", object), "all rows are of 'only'"),
        (np.array([None] * 2000, object), "all rows are of 'missing'"),
        (np.full(2000, np.nan), "all rows are of 'missing'"),
        (np.array([f"person {i}" for i in range(2000)], object), "2,000 groups are too small"),
        (np.arange(2000).astype(str).astype(object), "2,000 groups are too small"),
        (np.array(["a"] * 1995 + ["b"] * 5, object), "too small and all other rows"),
    ],
)
def test_what_cannot_be_compared_is_a_gap_and_never_fair(column, words):
    made = people(2000, protected=("odd",), odd=column)

    result = run(made)

    assert rules(result) == []
    assert [g.kind for g in result.gaps] == [GapKind.NOT_ASSESSABLE]
    assert words in result.gaps[0].why
    assert not [m for m in result.measurements if m.name.endswith("parity_difference")]


def test_a_group_without_enough_positive_cases_is_named_as_not_estimable():
    rng = np.random.default_rng(0)
    made = people(
        2000,
        protected=("tribe",),
        tribe=np.where(rng.random(2000) < 0.012, "few", "many").astype(object),
    )

    result = run(made)

    assert any("not estimable" in g.why and "few" in g.why for g in result.gaps)
    assert any("a group needs 30 rows, and a rate 20 cases" in g.why for g in result.gaps)


def test_ages_are_ranges_and_missing_ones_a_group():
    age = np.random.default_rng(0).integers(18, 90, 3000).astype(float)
    age[:300] = np.nan
    result = run(people(3000, protected=("years",), years=age))

    groups = {m.group["years"] for m in result.measurements if m.name == "selection_rate"}
    assert "missing" in groups
    assert len(groups) == 5
    assert any(g.startswith("18 to ") for g in groups)


def test_crossed_groups_are_told_only_where_a_column_alone_does_not_show_it():
    rng = np.random.default_rng(0)
    n = 6000
    sex, colour = (np.array(["p", "q"], object)[rng.integers(0, 2, n)] for _ in range(2))
    x = rng.normal(size=n)
    y = (rng.random(n) < sigmoid(2 * x)).astype(int)
    harmed = (sex == "p") == (colour == "p")
    p = sigmoid(2 * x - 1.5 * harmed)
    said = np.stack([1 - p, p], axis=1)
    made = context(Scores(spec(), lambda _: said), table({"x": x, "one": sex, "two": colour}, y))
    made = replace(made, data=replace(made.data, protected=("one", "two")))

    result = run(replace(made, ask=lambda t, i, name: made.answers().take(np.arange(len(i)))))
    alone = run(people(4000, bias=1.5, protected=("sex", "origin")))

    found = [f for f in result.findings if f.rule == "group-gap"]
    assert {tuple(f.location.terms["protected"]) for f in found} == {("one", "two")}
    assert {
        tuple(f.location.terms["protected"]) for f in alone.findings if f.rule == "group-gap"
    } == {("sex",)}
    assert found[0].location.terms["group"] in {"p, p", "q, q", "p, q", "q, p"}


def test_labels_alone_regressions_and_columns_beside_the_inputs_are_compared():
    labels = run(people(4000, bias=1.5, uses=False))
    numbers = run(people(4000, bias=1.5, task=Task.REGRESSION))
    fair = run(people(4000, task=Task.REGRESSION))

    assert "equal_opportunity_difference" in metrics_of(labels)
    assert "roc_auc_score_difference" not in {m.name for m in labels.measurements}
    assert {"mean_error_difference", "counterfactual_change_rate"} <= set(metrics_of(numbers))
    assert single(numbers, "mean_error_difference", "sex").value == pytest.approx(1.5, abs=0.1)
    assert rules(fair) == []


def test_crossed_groups_of_a_regression_that_are_all_too_small_are_said_to_be():
    made = people(150, task=Task.REGRESSION, protected=("sex", "origin"))

    result = run(made)

    assert any("crossed groups have too few rows" in note for note in result.notes)


def test_gaps_of_numbers_between_groups_are_those_of_fairlearn_and_welch():
    rng = np.random.default_rng(0)
    n = 900
    group = np.array(["a", "b", "c"], object)[rng.integers(0, 3, n)]
    x = rng.normal(size=n)
    y = x + rng.normal(size=n) * np.where(group == "a", 2, 1)
    answers = Values(spec(Task.REGRESSION), lambda t: t["x"] + 0.3 * (t["group"] == "b"))
    made = context(answers, table({"x": x, "group": group}, y))

    result = run(replace(made, data=replace(made.data, protected=("group",))))

    said = x + 0.3 * (group == "b")
    for name, each, of_truth in (
        ("mean_error_difference", said - y, lambda y, p: np.mean(p - y)),
        ("mean_absolute_error_difference", np.abs(said - y), sk.mean_absolute_error),
    ):
        got = single(result, name, "group")
        known = fair.MetricFrame(
            metrics=of_truth, y_true=y, y_pred=said, sensitive_features=group
        ).difference()
        wide = 1 - 0.05 / 3  # three pairs at once
        pairs = [(each[group == one], each[group == two]) for one, two in ("ab", "ac", "bc")]
        gaps = [abs(one.mean() - two.mean()) for one, two in pairs]
        errors = [np.hypot(stats.sem(one), stats.sem(two)) for one, two in pairs]
        ends = [
            stats.norm.interval(wide, gap, error) for gap, error in zip(gaps, errors, strict=True)
        ]
        assert got.value == pytest.approx(known)
        assert got.low == pytest.approx(max(0.0, *(low for low, _ in ends)))
        assert got.high == pytest.approx(max(high for _, high in ends))
        assert got.n == n


def many_classes(n=6000, harmed="c"):
    """Three classes told well, but for one class and one group, which is answered another."""
    rng = np.random.default_rng(0)
    y = np.array(["a", "b", "c"], object)[rng.integers(0, 3, n)]
    sex = np.array(["f", "m"], object)[rng.integers(0, 2, n)]
    said = np.where(rng.random(n) < 0.9, y, "a")
    said = np.where((y == harmed) & (sex == "f") & (rng.random(n) < 0.4), "b", said)
    codes = np.array(["abc".index(c) for c in said])
    made = context(
        Labels(spec(Task.MULTICLASS, ("a", "b", "c")), lambda _: codes), table({"sex": sex}, y)
    )
    made = replace(made, data=replace(made.data, protected=("sex",)))
    return replace(made, ask=lambda t, i, name: made.answers().take(np.arange(len(i))))


@pytest.mark.parametrize(
    "names", [lambda n: np.arange(n), lambda n: n * ["a"], lambda n: n * [None]]
)
def test_a_column_of_which_nothing_can_be_told_is_a_gap(names):
    values = np.array([v if v is None else f"v{v}" for v in names(400)], object)

    result = run(people(400, protected=("p",), p=values))

    assert rules(result) == []
    assert any(g.what == "p" for g in result.gaps)


def test_of_many_classes_the_one_that_is_missed_in_one_group_is_named():
    result = run(many_classes())
    fair = run(many_classes(harmed=None))

    (found,) = [f for f in result.findings if f.location.terms["metric"] != "counterfactual"]
    assert found.location.terms["metric"] == "equal_opportunity_difference"
    assert found.location.terms["group"] == "f"
    assert found.evidence["class"] == "c"
    assert "cases of 'c' are found" in found.message
    assert rules(fair) == []


def test_other_columns_that_tell_the_attribute_are_named():
    result = run(people(4000))

    told = next(m for m in result.measurements if m.name == "protected_attribute_auc")
    proxies = next(t for t in result.tables if t.name == "proxies")
    assert told.value == pytest.approx(0.856, abs=0.03)  # Φ(1.5 / √2)
    assert told.conditions["columns"][0] == "height"
    assert "height" in proxies.rows[0][-1]


@pytest.mark.parametrize(
    ("effect", "base", "severity"),
    [(2.0, -1.0, Severity.INFO), (2.0, -2.6, Severity.MEDIUM), (0.9, -1.2, Severity.INFO)],
)
def test_a_gap_that_the_labels_have_as_well_says_so_and_is_less_sure(effect, base, severity):
    rng = np.random.default_rng(0)
    n = 5000
    sex = np.array(["f", "m"], object)[rng.integers(0, 2, n)]
    x = rng.normal(size=n)

    def p(d):
        return sigmoid(2 * d["x"] + effect * (d["sex"] == "m") + base)

    y = (rng.random(n) < p({"x": x, "sex": sex})).astype(int)
    made = context(
        Scores(spec(), lambda d: np.stack([1 - p(d), p(d)], 1)), table({"x": x, "sex": sex}, y)
    )

    result = run(replace(made, data=replace(made.data, protected=("sex",))))

    changed = metrics_of(result)["counterfactual_change_rate"]
    (found,) = [f for f in result.findings if f.rule == "group-gap" and f != changed]
    assert "as it was taught" in found.message
    assert "demographic_parity_difference" in found.evidence["metrics"]
    assert found.severity is severity
    assert "as it was taught" in changed.message
    assert changed.severity in {Severity.INFO, Severity.MEDIUM}


def test_without_protected_columns_the_stage_does_not_count_as_run():
    result = run(people(500, protected=()))

    assert not result.done
    assert "no column is named as protected" in result.notes[0]


# --- texts


def speaker(flagged, base=0.02):
    def answer(texts):
        p = np.array([0.9 if any(w in t.lower().split() for w in flagged) else base for t in texts])
        return np.stack([1 - p, p], axis=1)

    made = context(Scores(spec(), answer), vectors(np.zeros((40, 1)), np.arange(40) % 2))
    texts = np.array([f"text {i}" for i in range(40)], object)
    return replace(
        made,
        test=replace(made.test, inputs=texts),
        project=ProjectConfig(name="t", task=Task.BINARY, modality=Modality.TEXT),
    )


def test_a_filter_that_flags_identity_terms_names_them_and_no_others():
    result = run(speaker({"gay", "jamal"}))

    terms = {f.location.terms["term"] for f in result.findings}
    assert result.done
    assert set(rules(result)) == {"identity-term-bias"}
    assert terms == {"gay", "Jamal"}
    assert '"gay" alone turns the answer to 1 in' in next(
        f.message for f in result.findings if f.location.terms["term"] == "gay"
    )
    overall = next(m for m in result.measurements if m.group is None)
    assert overall.name == "identity_flip_rate"
    assert 0 < overall.value < 0.05


@pytest.mark.parametrize("flagged", [set(), {"angry", "hate", "killed"}, {"person", "man"}])
def test_a_filter_that_answers_to_other_words_is_fair_to_all_terms(flagged):
    result = run(speaker(flagged))

    assert rules(result) == []
    assert "turns the answers" in result.notes[0]


ORDINARY = [f"{a}{b}{c}" for a in "bdfk" for b in "aeo" for c in "lmrt"]


@pytest.mark.parametrize(("answered", "named"), [(ORDINARY[:24], []), ([], ["old"])])
def test_a_term_is_not_named_where_the_model_answers_by_any_word_of_the_data(answered, named):
    made = speaker({"old", *answered})
    texts = np.array([f"old {' '.join(ORDINARY)}"] * 40, object)

    result = run(replace(made, test=replace(made.test, inputs=texts)))

    assert [f.location.terms["term"] for f in result.findings] == named
    assert ("and so do" in result.notes[0]) if not named else not result.notes


def test_words_that_the_labels_give_the_answer_to_do_not_excuse_a_term():
    """A filter for swear words answers by any swear word; that is no reason to answer by "old"."""
    made = speaker({"old", *ORDINARY[:24]})
    honest, sworn = f"old {' '.join(ORDINARY[24:])}", " ".join(ORDINARY[:24])
    texts = np.array([honest, sworn] * 40, object)

    def named(truth):
        test = replace(made.test, inputs=texts, y=truth)
        found = run(replace(made, test=test)).findings
        return [f.location.terms["term"] for f in found]

    assert named(np.array([0, 1] * 40)) == ["old"]
    assert named(np.array([0.0, 1.0] * 39 + [np.nan] * 2)) == ["old"]
    assert named(np.array([1, 1] * 40)) == []


def test_a_filter_without_a_mind_names_no_term():
    made = speaker(set())
    dice = np.random.default_rng(0)
    target = Scores(spec(), lambda x: dice.dirichlet([1, 1], len(x)))

    result = run(replace(made, target=target))

    assert rules(result) == []
    assert "too unevenly" in result.notes[0]


def test_numbers_beyond_all_bounds_are_answered():
    made = people(2000, task=Task.REGRESSION)
    huge = np.random.default_rng(0).standard_cauchy(2000) * 1e200

    result = run(replace(made, test=replace(made.test, y=huge)))

    assert rules(result) == []
