"""The sections of modelwarden.toml on what is asked of the model: claims and assess."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.detectors.margins import USUAL, DataMargins
from modelwarden.targets.spec import Access

if TYPE_CHECKING:
    from modelwarden.core.fields import Fields

NORMS = ("linf", "l2", "l1", "l0")
# Of each profile: rows an input, inputs, and rows an input where gradients are followed. These try
# every class: with half of them one or two of a hundred inputs more are missed.
PROFILES = {
    "quick": (200, 100, 400),
    "standard": (500, 200, 1000),
    "thorough": (2000, 1000, 2000),
}
AVERAGINGS = ("binary", "macro", "micro", "weighted")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimConfig:
    """One `[[claims]]`.

    Attributes:
        metric: as the claim names it.
        value: as a number, or a text such as `91 %` or `20.0 ± 1.2`.
        margin: the largest difference of no practical matter; None takes the metric's default.
        averaging: one of `AVERAGINGS`; None tries every reading.
        slice: conditions that select the rows it speaks of.
        n: rows that the claim rests on.
        data: the data that it was measured on, in the claim's own words.
        low, high: ends of the interval that it states.
    """

    metric: str
    value: float | str
    margin: float | None = None
    averaging: str | None = None
    slice: tuple[Mapping[str, object], ...] = ()
    n: int | None = None
    data: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceConfig:
    """`[assess.performance]`.

    Attributes:
        margin: of accuracy, or as a share of the error, that matters against a trivial answer or
            a reference model.
        class_margin: of recall, that one class may lie below the others.
        calibration_margin: of the calibration error beyond what chance gives.
        duplicates_margin: share of test rows seen in training beyond what coincidence gives.
    """

    margin: float = 0.01
    class_margin: float = 0.10
    calibration_margin: float = 0.05
    duplicates_margin: float = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsConfig:
    """`[assess.claims]`.

    Attributes:
        strict: a claim must be neither too high nor too low (equivalence); otherwise a model that
            is better than claimed supports the claim.
        margin: for claims that state none; None takes the metric's default.
    """

    strict: bool = False
    margin: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicesConfig:
    """`[assess.slices]`.

    Attributes:
        margin: share of rows answered wrong, beyond what was to be expected, that matters.
        residual_margin: likewise of a regression's residuals, as a share of their mean size.
    """

    margin: float = 0.10
    residual_margin: float = 0.50


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessConfig:
    """`[assess.fairness]`.

    Attributes:
        margin: difference of rates between groups that matters.
        error_margin: of mean errors of a regression, as a share of the mean size of all errors.
        change_margin: share of answers that change with the protected attribute alone.
        term_margin: share of sentences whose answer an identity term turns.
    """

    margin: float = 0.10
    error_margin: float = 0.50
    change_margin: float = 0.10
    term_margin: float = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustnessConfig:
    """`[assess.robustness]`.

    Attributes:
        eps: in the model's own input units.
        low, high: the box of valid inputs; None takes the data's.
        queries: rows an input, for each attack. samples: inputs that are attacked.
        gradient_queries: the same for attacks that follow gradients; None takes `queries`.
        attacks: names; empty takes what fits the access level. The floor always runs.
        rows: of all attacks together; None sets no bound but `queries`.
        grid: distance of neighbouring values of an input; None finds out (8-bit pixels, whole
            numbers), 0 allows any value.
        profile: one of `PROFILES`, which sets what is not set here.
        sequential: stop before `samples` once the policy's question is answered. In a file it is
            so unless `samples` is set.
        severity: of changes of pictures that no norm counts, above 0 and at most 5.
    """

    norm: str = "linf"
    eps: float | None = None
    low: float | None = None
    high: float | None = None
    queries: int = 500
    samples: int = 200
    attacks: tuple[str, ...] = ()
    rows: int | None = None
    grid: float | None = None
    profile: str = "standard"
    sequential: bool = False
    severity: float = 3.0
    gradient_queries: int | None = None

    def rows_of(self, access: Access) -> int:
        """Return the rows an input that an attack may ask which needs so much access."""
        if access is Access.GRADIENTS and self.gradient_queries is not None:
            return self.gradient_queries
        return self.queries


@dataclass(frozen=True, slots=True, kw_only=True)
class AbnormalConfig:
    """`[assess.abnormal]`.

    Attributes:
        rows: real rows into which each kind of abnormal value is put.
        seconds: for all of it; what they leave untried is a gap.
        margin: share of decisions that may change where the input means the same.
    """

    rows: int = 100
    seconds: float = 120.0
    margin: float = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksConfig:
    """`[checks]`: the user's own.

    Attributes:
        modules: Python files, relative to modelwarden.toml.
        plugins: entry points of the group `modelwarden.checks`.
        seconds: that one check may take, the model's answers aside.
    """

    modules: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessConfig:
    """`[[claims]]`, `[checks]` and `[assess.*]`."""

    claims: tuple[ClaimConfig, ...] = ()
    performance: PerformanceConfig = PerformanceConfig()
    claiming: ClaimsConfig = ClaimsConfig()
    slices: SlicesConfig = SlicesConfig()
    fairness: FairnessConfig = FairnessConfig()
    robustness: RobustnessConfig | None = None
    abnormal: AbnormalConfig = AbnormalConfig()
    checks: ChecksConfig = ChecksConfig()
    data: DataMargins = USUAL


def parse_claims(top: Fields) -> tuple[ClaimConfig, ...]:
    """Read every `[[claims]]`.

    Raises:
        ConfigError: a key is unknown, missing or of the wrong type.
    """
    return tuple(_claim(fields) for fields in top.tables("claims"))


def _claim(fields: Fields) -> ClaimConfig:
    fields.only(ClaimConfig.__dataclass_fields__)
    metric, value = fields.text("metric"), fields.table.get("value")
    if metric is None:
        raise fields.error("metric", "is missing")
    if value is None:
        raise fields.error("value", "is missing")
    if not isinstance(value, str):
        value = fields.number("value")
    averaging = fields.text("averaging")
    if averaging is not None:
        averaging = fields.one_of("averaging", averaging, "averaging", AVERAGINGS)
    n = fields.whole("n")
    if n is not None and n < 1:
        raise fields.error("n", "must be at least 1")
    return ClaimConfig(
        metric=metric,
        value=value if value is not None else "",
        margin=_positive(fields, "margin"),
        averaging=averaging,
        slice=tuple(part.table for part in fields.tables("slice")),
        n=n,
        data=fields.text("data"),
        low=fields.number("low"),
        high=fields.number("high"),
    )


def parse_assess(
    fields: Fields,
    claims: tuple[ClaimConfig, ...] = (),
    checks: ChecksConfig = ChecksConfig(),  # noqa: B008 -- a frozen value
) -> AssessConfig:
    """Read `[assess]`.

    Raises:
        ConfigError: a key is unknown or of the wrong type.
    """
    fields.only(_SECTIONS)
    return AssessConfig(
        claims=claims,
        checks=checks,
        performance=_performance(fields.section("performance")),
        claiming=_claiming(fields.section("claims")),
        slices=_slices(fields.section("slices")),
        fairness=_fairness(fields.section("fairness")),
        robustness=(
            _robustness(fields.section("robustness")) if "robustness" in fields.table else None
        ),
        abnormal=_abnormal(fields.section("abnormal")),
        data=_data(fields.section("data")),
    )


def _performance(fields: Fields) -> PerformanceConfig:
    known = PerformanceConfig.__dataclass_fields__
    fields.only(known)
    given = {key: _positive(fields, key) for key in known}
    return PerformanceConfig(**{key: value for key, value in given.items() if value is not None})


def _slices(fields: Fields) -> SlicesConfig:
    known = SlicesConfig.__dataclass_fields__
    fields.only(known)
    given = {key: _positive(fields, key) for key in known}
    return SlicesConfig(**{key: value for key, value in given.items() if value is not None})


def _fairness(fields: Fields) -> FairnessConfig:
    known = FairnessConfig.__dataclass_fields__
    fields.only(known)
    given = {key: _positive(fields, key) for key in known}
    return FairnessConfig(**{key: value for key, value in given.items() if value is not None})


def _data(fields: Fields) -> DataMargins:
    from dataclasses import replace

    known = tuple(DataMargins.__dataclass_fields__)
    fields.only(known)
    given = {key: _positive(fields, key) for key in known}
    if given["spread"] is not None and given["spread"] <= 1:
        raise fields.error("spread", "must be above 1: it is a ratio")
    return replace(USUAL, **{key: value for key, value in given.items() if value is not None})


def _claiming(fields: Fields) -> ClaimsConfig:
    fields.only(ClaimsConfig.__dataclass_fields__)
    return ClaimsConfig(strict=fields.flag("strict"), margin=_positive(fields, "margin"))


def _robustness(fields: Fields) -> RobustnessConfig:
    fields.only(RobustnessConfig.__dataclass_fields__)
    low, high = fields.number("low"), fields.number("high")
    if low is not None and high is not None and not low < high:
        raise fields.error("high", "must be above low")
    profile = fields.one_of(
        "profile", fields.table.get("profile", "standard"), "profile", tuple(PROFILES)
    )
    queries = _count(fields, "queries", PROFILES[profile][0])
    samples = _count(fields, "samples", PROFILES[profile][1])
    usual = queries if "queries" in fields.table else PROFILES[profile][2]
    followed = _count(fields, "gradient_queries", usual)
    for key, count in (("queries", queries), ("gradient_queries", followed)):
        if count < 2:
            raise fields.error(key, "must be at least 2: a win is asked for once more")
    rows = fields.whole("rows")
    if rows is not None and rows < 2:
        raise fields.error("rows", "must be at least 2: a win is asked for once more")
    grid = fields.number("grid")
    if grid is not None and grid < 0:
        raise fields.error("grid", "must not be below 0")
    severity = fields.number("severity")
    if severity is not None and not 0 < severity <= 5:
        raise fields.error("severity", "must be above 0 and at most 5")
    eps = _positive(fields, "eps")
    for key, value in (("eps", eps), ("low", low), ("high", high), ("grid", grid)):
        if value is not None and not math.isfinite(value):
            raise fields.error(key, "must be a finite number")
    return RobustnessConfig(
        norm=fields.one_of("norm", fields.table.get("norm", "linf"), "norm", NORMS),
        eps=eps,
        low=low,
        high=high,
        queries=queries,
        gradient_queries=followed,
        samples=samples,
        attacks=_attacks(fields),
        rows=rows,
        grid=grid,
        profile=profile,
        sequential=(
            fields.flag("sequential")
            if "sequential" in fields.table
            else "samples" not in fields.table
        ),
        severity=3.0 if severity is None else severity,
    )


def _abnormal(fields: Fields) -> AbnormalConfig:
    fields.only(AbnormalConfig.__dataclass_fields__)
    default = AbnormalConfig()
    seconds, margin = _positive(fields, "seconds"), _positive(fields, "margin")
    return AbnormalConfig(
        rows=_count(fields, "rows", default.rows),
        seconds=default.seconds if seconds is None else seconds,
        margin=default.margin if margin is None else margin,
    )


def _attacks(fields: Fields) -> tuple[str, ...]:
    from modelwarden.attacks.catalog import ATTACKS

    known = [entry.name for entry in ATTACKS]
    if fields.table.get("attacks") == []:
        # Neither no attack, which would look robust, nor all of them, which nobody wrote.
        raise fields.error(
            "attacks", "names no attack: name some, or leave the key out and those that fit run"
        )
    return tuple(fields.one_of("attacks", n, "attack", known) for n in fields.texts("attacks"))


_SECTIONS: Mapping[str, Callable[[Fields], object]] = {
    "performance": _performance,
    "claims": _claiming,
    "slices": _slices,
    "fairness": _fairness,
    "robustness": _robustness,
    "abnormal": _abnormal,
    "data": _data,
}


def parse_checks(fields: Fields) -> ChecksConfig:
    """Read `[checks]`.

    Raises:
        ConfigError: a key is unknown or of the wrong type.
    """
    fields.only(ChecksConfig.__dataclass_fields__)
    return ChecksConfig(
        modules=fields.texts("modules"),
        plugins=fields.texts("plugins"),
        seconds=_positive(fields, "seconds") or 600.0,
    )


def _positive(fields: Fields, key: str) -> float | None:
    value = fields.number(key)
    if value is not None and value <= 0:
        raise fields.error(key, "must be above 0")
    return value


def _count(fields: Fields, key: str, default: int) -> int:
    value = fields.whole(key)
    if value is None:
        return default
    if value < 1:
        raise fields.error(key, "must be at least 1")
    return value
