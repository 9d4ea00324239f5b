import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from modelwarden.ledger import Writer
from modelwarden.monitor.drift import compare
from modelwarden.monitor.reading import Roles, read_sample
from modelwarden.targets.reading.raw import DataError

N = 1500


def rows(seed, n=N):
    """Columns of unlike kinds, with labels that hang on the first two."""
    rng = np.random.default_rng(seed)
    made = {"a": rng.normal(size=n), "b": rng.normal(size=n), "c": rng.normal(size=n)}
    made["gap"] = np.where(rng.random(n) < 0.05, np.nan, rng.normal(size=n))
    made["kind"] = rng.choice(["x", "y", "z"], n, p=[0.5, 0.3, 0.2])
    made["label"] = (rng.random(n) < 1 / (1 + np.exp(-2 * made["a"] - made["b"]))).astype(int)
    made["prediction"] = (2 * made["a"] + made["b"] > 0).astype(int)
    return made


def written(path, columns):
    names = list(columns)
    lines = [",".join(names)]
    lines += [
        ",".join("" if v != v else str(v) for v in values)
        for values in zip(*columns.values(), strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def compared(folder, before, after):
    roles = Roles()
    here = read_sample("reference", written(folder / "before.csv", before), roles)
    there = read_sample("current", written(folder / "after.csv", after), roles)
    return compare(here, there, seed=0, version="0")


def found(report):
    return sorted({(f.rule, f.location.feature or "") for f in report.findings})


def planted(kind):
    made = rows(2)
    rng = np.random.default_rng(3)
    n = len(made["a"])
    if kind == "shift":
        made["c"] = made["c"] + 0.3
    elif kind == "missing":
        made["gap"] = np.where(rng.random(n) < 0.2, np.nan, made["gap"])
    elif kind == "mix":
        made["kind"] = rng.choice(["x", "y", "z"], n, p=[0.3, 0.3, 0.4])
    elif kind == "together":
        made["c"] = 0.6 * made["b"] + 0.8 * made["c"]
    elif kind == "rule":
        made["label"] = np.where(made["kind"] == "x", 1 - made["label"], made["label"])
    elif kind == "gone":
        del made["b"]
    return made


@pytest.mark.parametrize(
    ("kind", "finding"),
    [
        ("shift", ("feature-drift", "c")),
        ("missing", ("missingness-change", "gap")),
        ("mix", ("feature-drift", "kind")),
        ("together", ("joint-drift", "")),
        ("rule", ("concept-drift", "")),
        ("gone", ("schema-break", "b")),
    ],
)
def test_what_was_planted_is_found_and_nothing_else(tmp_path, kind, finding):
    report = compared(tmp_path, rows(1), planted(kind))

    assert found(report) == [finding]


def test_rows_of_the_same_world_raise_nothing(tmp_path):
    report = compared(tmp_path, rows(1), rows(2))

    assert found(report) == []
    assert report.gaps == ()
    assert report.stages == ("data",)


def test_more_positive_cases_are_drift_of_labels_and_answers(tmp_path):
    many = rows(2, 6 * N)
    positive = np.flatnonzero(many["label"] == 1)[: int(0.65 * N)]
    negative = np.flatnonzero(many["label"] == 0)[: N - len(positive)]
    kept = np.sort(np.concatenate([positive, negative]))

    report = compared(tmp_path, rows(1), {name: v[kept] for name, v in many.items()})

    assert {"label-drift", "prediction-drift"} <= {f.rule for f in report.findings}


def test_a_rule_that_changed_is_found_without_answers_of_the_model(tmp_path):
    before, after = rows(1), planted("rule")
    del before["prediction"], after["prediction"]

    assert found(compared(tmp_path, before, after)) == [("concept-drift", "")]


def test_other_rows_alone_are_no_other_rule(tmp_path):
    before, after = rows(1), rows(2, 4 * N)
    del before["prediction"], after["prediction"]
    # Rows near the border are hard for any learner: more of them make more errors.
    near = np.flatnonzero(np.abs(2 * after["a"] + after["b"]) < 1.5)[:N]
    after = {name: values[near] for name, values in after.items()}

    rules = {f.rule for f in compared(tmp_path, before, after).findings}

    assert "feature-drift" in rules
    assert "concept-drift" not in rules


def test_effects_are_measured_with_their_interval_and_rows(tmp_path):
    report = compared(tmp_path, rows(1), planted("shift"))

    (moved,) = [
        m for m in report.measurements if m.name == "mean_shift" and m.group == {"feature": "c"}
    ]
    assert moved.low < 0.3 < moved.high
    assert moved.low < moved.value < moved.high
    assert moved.n == N
    assert moved.conditions["reference_rows"] == N


def measured(report, name, feature=None):
    group = None if feature is None else {"feature": feature}
    (one,) = [m for m in report.measurements if m.name == name and m.group == group]
    return one


def newcombe(before, after):
    """The interval of a difference of shares of two sets of flags, from scipy's of each share."""
    one, two = (
        stats.binomtest(int(v.sum()), len(v)).proportion_ci(method="wilson")
        for v in (before, after)
    )
    p, q = before.mean(), after.mean()
    return q - p - np.hypot(q - two.low, one.high - p), q - p + np.hypot(two.high - q, p - one.low)


def total_variation(before, after):
    """Half the distance of the shares of words, less what chance alone moves; and its interval."""
    words = np.unique(before)
    (n, m), counts = (
        (len(before), len(after)),
        [np.array([(side == word).sum() for word in words]) for side in (before, after)],
    )
    moved = distance.cityblock(counts[0] / n, counts[1] / m) / 2
    share = (counts[0] + counts[1]) / (n + m)
    error = np.sqrt(share * (1 - share) * (1 / n + 1 / m))
    noise = stats.halfnorm.mean(scale=error).sum() / 2
    value = np.sqrt(max(0.0, moved**2 - noise**2))
    half = stats.norm.ppf(0.975) / 2 * np.sqrt((error**2).sum())
    return value, max(0.0, value - half), moved + half


def test_sizes_of_changes_and_their_intervals_are_those_of_scipy(tmp_path):
    before = rows(1)
    after = planted("mix") | {"gap": planted("missing")["gap"][:1200].repeat(2)[:N]}
    after["prediction"] = np.where(after["a"] > 1, 1, after["prediction"])

    report = compared(tmp_path, before, after)

    for name, feature, column in (
        ("mix_shift", "kind", "kind"),
        ("prediction_shift", None, "prediction"),
    ):
        got = measured(report, name, feature)
        known = total_variation(before[column], after[column])
        assert (got.value, got.low, got.high) == pytest.approx(known)
    got = measured(report, "missing_share_change", "gap")
    gone = [np.isnan(side["gap"]) for side in (before, after)]
    assert got.value == pytest.approx(gone[1].mean() - gone[0].mean())
    assert (got.low, got.high) == pytest.approx(newcombe(*gone))
    assert got.n == N


def test_answers_that_are_amounts_move_as_far_as_scipy_has_it(tmp_path):
    before, after = rows(1), rows(2)
    rng = np.random.default_rng(4)
    before["prediction"], after["prediction"] = rng.poisson(40, N), rng.poisson(43, N)

    got = measured(compared(tmp_path, before, after), "prediction_shift")

    known = stats.ks_2samp(before["prediction"], after["prediction"])
    flags = [side["prediction"] > known.statistic_location for side in (before, after)]
    assert got.value == pytest.approx(known.statistic)
    assert (got.low, got.high) == pytest.approx(newcombe(*flags))


def test_no_row_is_a_gap_and_no_clean_result(tmp_path):
    report = compared(tmp_path, rows(1), {name: v[:0] for name, v in rows(1).items()})

    assert [g.kind.value for g in report.gaps] == ["not-assessable"]
    assert report.stages == ()


def test_arrays_are_compared_by_position(tmp_path):
    rng = np.random.default_rng(0)
    x, other = rng.normal(size=(800, 3)), rng.normal(size=(800, 3))
    other[:, 1] *= 1.6
    np.savez(tmp_path / "a.npz", x=x, y=rng.integers(0, 2, 800))
    np.savez(tmp_path / "b.npz", x=other, y=rng.integers(0, 2, 800))

    here = read_sample("reference", tmp_path / "a.npz", Roles())
    there = read_sample("current", tmp_path / "b.npz", Roles())

    assert ("feature-drift", "x[1]") in found(compare(here, there, seed=0, version="0"))


def test_pictures_are_compared_by_what_they_look_like(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 200, (600, 12, 12)).astype(np.uint8)
    other = rng.integers(0, 200, (600, 12, 12)).astype(np.uint8)
    np.savez(tmp_path / "a.npz", x=x)
    np.savez(tmp_path / "b.npz", x=other)
    np.savez(tmp_path / "c.npz", x=(other * 0.8).astype(np.uint8))
    here, same, darker = (
        read_sample("any", tmp_path / f"{name}.npz", Roles()) for name in ("a", "b", "c")
    )

    assert found(compare(here, same, seed=0, version="0")) == []
    assert ("feature-drift", "brightness") in found(compare(here, darker, seed=0, version="0"))


def test_records_of_a_ledger_are_a_table(tmp_path):
    rng = np.random.default_rng(0)
    for name, share in (("before", 0.05), ("after", 0.4)):
        with Writer(tmp_path / name) as ledger:
            ledger.extend(
                {
                    "time": "2030-01-01T00:00:00Z",
                    "client": f"c{i}",
                    "score": float(rng.normal()),
                    "decision": "refuse" if rng.random() < share else "allow",
                }
                for i in range(400)
            )

    here = read_sample("reference", tmp_path / "before", Roles())
    there = read_sample("current", tmp_path / "after", Roles())

    assert here.data.inputs.names == ("score", "decision")
    assert found(compare(here, there, seed=0, version="0")) == [("feature-drift", "decision")]


def test_a_named_column_that_is_not_there_is_an_error_that_names_the_nearest(tmp_path):
    path = written(tmp_path / "a.csv", rows(1))

    with pytest.raises(DataError, match="no column 'labell'") as raised:
        read_sample("reference", path, Roles(label="labell"))

    assert "label" in raised.value.hint


def test_columns_that_were_taken_by_their_name_are_told(tmp_path):
    sample = read_sample("current", written(tmp_path / "a.csv", rows(1)), Roles())

    assert sample.roles.label == "label"
    assert any("is taken as the label" in note for note in sample.data.notes)


def test_a_column_to_leave_out_is_left_out_and_told_where_it_is_not_there(tmp_path):
    path = written(tmp_path / "a.csv", rows(1))
    left = read_sample("current", path, Roles()).data.inputs.names[0]

    sample = read_sample("current", path, Roles(drop=(left, "nowhere")))

    assert left not in sample.data.inputs.names
    assert [note for note in sample.data.notes if "--drop" in note] == [
        "there is no column 'nowhere', which --drop names"
    ]


def test_a_table_and_an_array_are_not_held_against_each_other_in_silence(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.random.default_rng(0).normal(size=(N, 4)))
    array = read_sample("current", tmp_path / "a.npz", Roles())
    table = read_sample("reference", written(tmp_path / "b.csv", rows(1)), Roles())

    there = compare(table, array, seed=0, version="0")
    back = compare(array, table, seed=0, version="0")

    assert found(there) == found(back) == [("schema-break", "x")]
    assert (
        "is an array of shape (1500, 4), a table of 5 columns before" in there.findings[0].message
    )


def test_a_few_rows_do_not_tell_another_form_of_dates(tmp_path):
    days = rows(1) | {"day": np.array(["2026-03-01", "2026-03-02", "2026-03-03"] * (N // 3))}

    report = compared(tmp_path, days, {name: values[:2] for name, values in days.items()})

    assert found(report) == []
    assert "2 rows: too few" in report.gaps[0].why


@pytest.mark.parametrize("new", [0, N // 2])
def test_rows_that_stand_on_both_sides_do_not_look_like_another_rule(tmp_path, new):
    rng = np.random.default_rng(4)
    noise = {"a": rng.normal(size=2 * N), "b": rng.normal(size=2 * N)}
    noise["label"] = rng.integers(0, 2, 2 * N)  # nothing to learn: only known rows are answered
    before = {name: values[:N] for name, values in noise.items()}
    after = {name: values[new : N + new] for name, values in noise.items()}

    report = compared(tmp_path, before, after)

    assert found(report) == []
    assert any("not in the reference" in note for note in report.run.notes) == (new == 0)


def test_what_of_a_ledger_was_not_read_is_a_gap(tmp_path, monkeypatch):
    monkeypatch.setattr("modelwarden.monitor.reading._MOST_RECORDS", 300)
    for name, count in (("before", 300), ("after", 301)):
        with Writer(tmp_path / name) as ledger:
            ledger.extend({"score": i % 7 / 7} for i in range(count))

    sides = [read_sample("any", tmp_path / name, Roles()) for name in ("before", "after")]
    report = compare(*sides, seed=0, version="0")

    assert [(g.kind.value, g.why) for g in report.gaps] == [
        ("over-limit", "only the first 300 records were read")
    ]


@pytest.mark.parametrize("cluster", [None, "w"])
def test_rows_of_other_machines_are_judged_by_machines(tmp_path, cluster):
    """Several rows of each: the column is named, or it is plain that `machine` names them."""
    sides = []
    for seed, first in ((1, 0), (2, 900)):
        rng = np.random.default_rng(seed)
        who = np.repeat(np.arange(60), 12)
        own = rng.normal(size=(2, 60))[:, who] + rng.normal(size=(2, 720)) * 0.3
        made = {"machine" if cluster is None else cluster: first + who, "heat": own[0]}
        made["label"] = (own[1] > 0.4).astype(int)
        sides.append(written(tmp_path / f"{seed}.csv", made))
    plain, asked = Roles(), Roles(cluster=cluster)
    here, there = (read_sample(n, s, asked) for n, s in zip("ab", sides, strict=True))

    report = compare(here, there, seed=0, version="0")

    assert found(report) == []
    if cluster is not None:
        alone = (read_sample(n, s, plain) for n, s in zip("ab", sides, strict=True))
        assert found(compare(*alone, seed=0, version="0")) != []


def test_a_cluster_that_no_file_has_is_an_error(tmp_path):
    path = written(tmp_path / "a.csv", rows(1))

    with pytest.raises(DataError, match="--cluster"):
        read_sample("reference", path, Roles(cluster="whom"))


def test_errors_of_a_regression_are_counted_in_one_unit_on_both_sides(tmp_path):
    """Labels that spread twice as far make no error smaller; an error that grew is told."""
    told = []
    for scale, noise in ((2.0, 0.5), (1.0, 1.0)):
        sides = []
        for seed, spread, error in ((1, 1.0, 0.5), (2, scale, noise)):
            rng = np.random.default_rng(seed)
            a = rng.normal(size=N) * spread
            made = {"a": a, "label": a + rng.normal(size=N) * error, "prediction": a}
            sides.append(made)
        told.append([rule for rule, _ in found(compared(tmp_path, *sides))])

    assert "concept-drift" not in told[0]
    assert "concept-drift" in told[1]
