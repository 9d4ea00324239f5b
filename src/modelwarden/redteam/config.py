"""A campaign file, read strictly: every key is known, every value is of its type."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from modelwarden.core import ConfigError, InputError, Json, Policy
from modelwarden.core.fields import Fields
from modelwarden.core.values import dataclass
from modelwarden.policy import parse as parse_policy
from modelwarden.redteam.goals.catalog import Goal, goal_named
from modelwarden.redteam.hosts import Scope, check_scope
from modelwarden.targets.config import (
    ADAPTERS,
    PROTOCOLS,
    FeaturesConfig,
    LimitsConfig,
    ModelConfig,
    parse_features,
    parse_limits,
)
from modelwarden.targets.spec import Access, Name

_LARGEST = 1 << 20
_CHANNELS, _RETRIES, _MOST = 256, 1000, 10**12  # at the same time; of a call; anything else
_SECTIONS = (
    "campaign",
    "target",
    "budget",
    "knowledge",
    "seeds",
    "attack",
    "features",
    "limits",
    "policy",
)
_UNAUTHORISED = "Write who allowed this exercise: authorised_by = 'head of security, ticket 7'."


class CampaignError(ConfigError):
    """A campaign file that cannot be used as it stands."""

    hint = "Mend the campaign file; `docs/campaign.md` shows every key."


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfig:
    """`[target]` or one of `[[target]]`.

    Attributes:
        model: how it is opened or asked.
        scope: the hosts that may be asked; None for a callable.
        classes: in the order of its scores, where the seeds do not tell.
        name: of the target in reports.
    """

    model: ModelConfig
    scope: Scope | None
    classes: tuple[Name, ...] = ()
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetConfig:
    """`[budget]`: what may be asked at most; None is no limit.

    Attributes:
        rows, calls: in all, tries that failed included.
        seconds: that the campaign may last, its interruptions left out.
        rate: calls a second at most.
        concurrency: calls at the same time.
        batch: rows in one call.
        retries: further tries of a call whose target is busy or lost.
        stop_after: evasions after which the campaign ends.
    """

    rows: int | None = None
    calls: int | None = None
    seconds: float | None = None
    rate: float | None = None
    concurrency: int = 1
    batch: int = 64
    retries: int = 6
    stop_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeConfig:
    """`[knowledge]`: what the attacker knows.

    Attributes:
        access: `labels` or `scores`. sample: data like the target's own; None: nothing.
        label: the column of the sample's truth, where it is not that of the seeds.
    """

    access: Access = Access.SCORES
    sample: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedsConfig:
    """`[seeds]` or one of `[[seeds]]`: what is to be disguised.

    Attributes:
        path: a table, an array file or a folder.
        label: the column of the truth, or the one class that all seeds belong to.
        kind: what they are, where it cannot be told from the files.
        options: further keys, for the kind.
    """

    path: str
    label: Name | None = None
    kind: str | None = None
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackConfig:
    """One `[[attack]]`.

    Attributes:
        queries: rows that each seed may be asked.
        options: further keys, for the space: `eps`, `norm`, `low`, `high`.
    """

    name: str
    queries: int = 200
    options: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign.

    Attributes:
        goal: a name of the catalogue of goals.
        to: the class that is to be reached; None takes any other.
        dry_run: nothing is asked; what would be is told.
        cascade: a seed that fell is left alone by the attacks that follow.
        floor: random changes are shown beside the attacks that are named.
        document: the file as it was read, to tell what was changed since.
        root: folder that its paths are relative to.
        source: the file, for messages.
    """

    name: str
    goal: str
    to: Name | None = None
    authorised_by: str
    seed: int = 0
    dry_run: bool = False
    cascade: bool = False
    floor: bool = True
    targets: tuple[TargetConfig, ...]
    budget: BudgetConfig = BudgetConfig()
    knowledge: KnowledgeConfig = KnowledgeConfig()
    seeds: tuple[SeedsConfig, ...] = ()
    attacks: tuple[AttackConfig, ...] = ()
    features: FeaturesConfig = FeaturesConfig()
    limits: LimitsConfig = LimitsConfig()
    policy: Policy = Policy()
    document: Mapping[str, object] = field(default_factory=dict)
    root: Path = field(default_factory=Path)
    source: str = "campaign"


def load(path: Path) -> Campaign:
    """Read a campaign file.

    Raises:
        InputError: it cannot be read, or says something that cannot be used.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"cannot read {path}: {reason}", hint="Name a campaign file; docs/campaign.md has one."
        ) from error
    if len(data) > _LARGEST:
        raise InputError(f"{path} is longer than {_LARGEST} bytes: it is no campaign file")
    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise CampaignError(f"{path} is no TOML: {reason}") from error
    return campaign_of(document, root=path.parent, source=str(path))


def campaign_of(
    document: Mapping[str, object], *, root: Path, source: str = "campaign"
) -> Campaign:
    """Return the campaign that a TOML document describes.

    Raises:
        InputError: a key is unknown, missing or of the wrong type; one line says which.
    """
    top = Fields(document, source, failure=CampaignError)
    top.only(_SECTIONS)
    for key in ("campaign", "target"):
        if key not in document:
            raise top.error(key, "is missing")
    about = top.section("campaign")
    about.only(("name", "goal", "to", "authorised_by", "seed", "dry_run", "cascade", "floor"))
    goal = _goal(about)
    made = Campaign(
        name=about.text("name") or "campaign",
        goal=goal.name,
        to=_name(about, "to"),
        authorised_by=_authorised(about),
        seed=about.whole("seed") or 0,
        dry_run=about.flag("dry_run"),
        cascade=about.flag("cascade"),
        floor=about.flag("floor", default=True),
        targets=tuple(_target(part) for part in _one_or_many(top, "target")),
        budget=_budget(top.section("budget")),
        knowledge=_knowledge(top.section("knowledge")),
        seeds=tuple(_seeds(part) for part in _one_or_many(top, "seeds")),
        attacks=tuple(_attack(part, goal) for part in top.tables("attack")),
        features=parse_features(top.section("features")),
        limits=parse_limits(top.section("limits")),
        policy=parse_policy(document.get("policy", {}), source, "policy"),
        document=document,
        root=root,
        source=source,
    )
    if goal.seeds and not made.seeds:
        raise top.error("seeds", f"is missing: the goal {goal.name} needs it")
    _check_names(top, made)
    return made


def _goal(about: Fields) -> Goal:
    value = about.text("goal")
    if value is None:
        raise about.error("goal", "is missing")
    try:
        return goal_named(value)
    except InputError as error:
        message = f"{about.source}: {about.at('goal')} names an {error.message}"
        raise CampaignError(message, hint=error.hint) from error


def _authorised(about: Fields) -> str:
    value = about.table.get("authorised_by")
    if not isinstance(value, str) or not value.strip():
        raise CampaignError(
            f"{about.source}: campaign.authorised_by is missing: no campaign starts without it",
            hint=_UNAUTHORISED,
        )
    return value.strip()


def _one_or_many(top: Fields, key: str) -> tuple[Fields, ...]:
    if isinstance(top.table.get(key), list):
        return top.tables(key)
    return (top.section(key),) if key in top.table else ()


def _name(fields: Fields, key: str) -> Name | None:
    value = fields.table.get(key)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise fields.error(key, "must be a class: a string, a number or a boolean")


def _target(fields: Fields) -> TargetConfig:
    fields.only(
        (
            *("name", "url", "protocol", "allowed_hosts", "classes", "model"),
            *("adapter", "path", "entry", "weights", "python", "threshold"),
        )
    )
    url, entry = fields.text("url"), fields.text("entry")
    if url is None and entry is None and "path" not in fields.table:
        raise fields.error("url", "is missing: name an endpoint, or a callable with entry")
    adapter = "http" if url is not None else "callable"
    if "adapter" in fields.table:
        adapter = fields.one_of("adapter", fields.table["adapter"], "adapter", ADAPTERS)
    if (adapter == "http") != (url is not None):
        raise fields.error("url", 'and adapter = "http" go together')
    if url is not None and entry is not None:
        raise fields.error("entry", "stands beside url: a target is one of them")
    protocol = fields.text("protocol")
    if url is not None:
        if protocol is None:
            raise fields.error("protocol", f"is missing: one of {', '.join(PROTOCOLS)}")
        protocol = fields.one_of("protocol", protocol, "protocol", PROTOCOLS)
    model = ModelConfig(
        path=fields.text("path") or (entry or "").rpartition(":")[0] or None,
        adapter=adapter,
        entry=entry,
        weights=fields.text("weights"),
        url=url,
        protocol=protocol,
        name=fields.text("model"),
        threshold=fields.number("threshold"),
        python=fields.text("python"),
    )
    scope = None if url is None else check_scope(fields, url)
    name = fields.text("name") or url or entry or str(model.path)
    return TargetConfig(model=model, scope=scope, classes=_classes(fields), name=name)


def _classes(fields: Fields) -> tuple[Name, ...]:
    value = fields.table.get("classes", [])
    if not isinstance(value, list) or any(not isinstance(v, str | int | float) for v in value):
        raise fields.error("classes", "must be an array of classes, in the order of the scores")
    if "classes" in fields.table and len(value) < 2:
        raise fields.error("classes", "must name two classes or more")
    return tuple(value)


def _budget(fields: Fields) -> BudgetConfig:
    fields.only(BudgetConfig.__dataclass_fields__)
    rate, seconds = fields.number("rate"), fields.number("seconds")
    for key, value in (("rate", rate), ("seconds", seconds)):
        if value is not None and value <= 0:
            raise fields.error(key, f"must be above 0, not {value:g}")
    given = {
        key: _count(fields, key, 0 if key == "retries" else 1)
        for key in ("rows", "calls", "concurrency", "batch", "retries", "stop_after")
    }
    known = {key: value for key, value in given.items() if value is not None}
    return BudgetConfig(rate=rate, seconds=seconds, **known)


def _count(fields: Fields, key: str, least: int) -> int | None:
    value = fields.whole(key)
    if value is not None and value < least:
        raise fields.error(key, f"must be {least} or more, not {value}")
    most = {"concurrency": _CHANNELS, "retries": _RETRIES}.get(key, _MOST)
    if value is not None and value > most:
        raise fields.error(key, f"must be {most:,} or less")
    return value


def _knowledge(fields: Fields) -> KnowledgeConfig:
    fields.only(("access", "sample", "label"))
    access = fields.one_of(
        "access",
        fields.table.get("access", "scores"),
        "access level",
        ("labels", "scores", "nothing"),
    )
    sample = fields.text("sample")
    if access == "nothing":
        if sample is not None:
            raise fields.error("sample", 'contradicts access = "nothing"')
        access = "labels"
    return KnowledgeConfig(access=Access(access), sample=sample, label=fields.text("label"))


def _seeds(fields: Fields) -> SeedsConfig:
    path = fields.text("path")
    if path is None:
        raise fields.error("path", "is missing")
    return SeedsConfig(
        path=path,
        label=_name(fields, "label"),
        kind=fields.text("kind"),
        options=_options(fields, ("path", "label", "kind")),
    )


def _attack(fields: Fields, goal: Goal) -> AttackConfig:
    from modelwarden.attacks.catalog import entry_of

    name = fields.text("name")
    if name is None:
        raise fields.error("name", "is missing")
    try:
        if name not in goal.attacks:
            entry_of(name)
    except InputError as error:
        message = f"{fields.source}: {fields.at('name')} names an {error.message}"
        raise CampaignError(message, hint=error.hint) from error
    queries = _count(fields, "queries", 2)
    return AttackConfig(
        name=name,
        queries=200 if queries is None else queries,
        options=_options(fields, ("name", "queries")),
    )


def _options(fields: Fields, known: tuple[str, ...]) -> dict[str, Json]:
    """Return further keys; whose they are is checked by what reads them."""
    return {key: value for key, value in fields.table.items() if key not in known}  # type: ignore[misc]


def _check_names(top: Fields, made: Campaign) -> None:
    names = [target.name for target in made.targets]
    if not names:
        raise top.error("target", "names no target")
    if len(set(names)) != len(names):
        raise top.error("target", "names two targets alike: give each a name of its own")
