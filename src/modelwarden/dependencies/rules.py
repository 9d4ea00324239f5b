"""The rules of the stage: one for each severity, so that viewers which rank rules rank rightly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from modelwarden.core import Confidence, Evidence, Hit, Json, Rule, Severity
from modelwarden.dependencies.match import Allowed, Match, Struck
from modelwarden.dependencies.packages import How

_REFERENCES = ("CWE-1395",)
_WEAKNESS = "vulnerable_dependency"
PLACES = 20
_SHOWN = 12

_PAGE = """Flag a package at a version that a known vulnerability of {rating} severity affects.

Why: whoever runs the model runs this package with it, and how to attack that version is public.

Fix: move to one of the fixed versions that the finding names, pin it, and lock again. Where no
version is fixed: leave the package out, keep the affected part away from what strangers send, or
waive the finding with a date.

Blind spot: it tells that the version is affected, not that the model reaches the code at fault;
what nobody reported is not in the index. A package that is built from the same code under
another name is reported with less confidence, and so is a conda package.{more}
"""
_UNRATED = """

The record has no severity that is known, so it counts as `unknown_severity` of the policy says:
high, when it says nothing."""


def _flag(match: Match) -> Iterator[Hit]:
    first, worst = match.struck[0], match.worst
    fixed = sorted({v for s in match.struck for v in s.fixed})
    facts: dict[str, Json] = {
        "package": first.package.name,
        "version": first.package.version,
        "advisory": worst.id,
    }
    if worst.vector:
        facts |= {"score": worst.score, "vector": worst.vector}
    purls = list(dict.fromkeys(s.package.purl for s in match.struck))
    facts["purls"] = purls[:PLACES]
    facts["fixed_in"] = list(first.fixed[:_SHOWN])
    others = [_place(s) for s in match.struck[1:]]
    others = [place for place in dict.fromkeys(others) if place != _place(first)]
    if others:
        facts["also"] = others[:PLACES]
    if match.tools:
        facts["reported_by"] = list(match.tools)
    if any(s.package.how is How.RESOLVED for s in match.struck):
        facts["resolved"] = "today's choice of pip on this machine"
    if first.package.marker:
        facts["only_where"] = first.package.marker[:200]
    yield Hit(
        _message(match, first, fixed),
        Evidence(facts=facts, identity=(match.family, match.primary), line=first.package.line),
        confidence=_confidence(match),
    )


def _message(match: Match, first: Struck, fixed: Sequence[str]) -> str:
    worst = match.worst
    rating = f"{worst.severity} {worst.score}" if worst.score is not None else worst.severity
    what = f"{match.primary} ({rating or 'severity unknown'})"
    shown = first.package.shown
    has = f"has {what}" if match.own else f"is the same code as {first.sibling}, which has {what}"
    summary = f": {worst.summary}" if worst.summary else ""
    fix = f"fixed in {', '.join(first.fixed[:3])}" if first.fixed else "no fixed version is named"
    if not first.fixed and fixed:  # by another record, or another tool
        fix = f"fixed in {', '.join(fixed[:3])}"
    told = f", says {', '.join(match.tools)}" if all(s.tool for s in match.struck) else ""
    return f"{shown} {has}{summary} – {fix}{told}"


def _place(struck: Struck) -> str:
    return f"{struck.package.shown} in {struck.package.path}"


def _confidence(match: Match) -> Confidence:
    sure = [
        s
        for s in match.struck
        if s.sibling is None
        and not s.package.conda
        and not s.tool
        and s.package.how is not How.RESOLVED
    ]
    if not sure or all(s.package.marker for s in sure):
        return Confidence.MEDIUM
    return Confidence.HIGH


def _allowed(allowed: Allowed) -> Iterator[Hit]:
    """Flag a package of which no exact version is known, where affected versions are allowed.

    Why: without a pin, what is installed is decided on the day and the machine that installs it;
    this finding says that an affected version would be accepted. Of a model file that names the
    library that wrote it, the version is known, but not what it will be loaded with.

    Fix: pin the version, best with a lock file, or raise the lower bound above the affected
    versions.

    Blind spot: the index knows the versions that advisories name, not all releases; nothing is
    resolved, so the newest version that fits is not known.
    """
    package, rows = allowed.package, allowed.rows
    names = list(dict.fromkeys(_primary(row.names) for row in rows))
    told = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if package.how is How.REVEALED:
        message = f"it was written by {package.shown}, a version with {told}"
    else:
        message = f"{package.shown} allows versions with {told}"
    facts: dict[str, Json] = {
        "package": package.name,
        "purls": [package.purl],
        "allowed": package.version or package.specifier or "any version",
        "advisories": names[:_SHOWN],
        "count": len(names),
    }
    yield Hit(
        message,
        Evidence(facts=facts, identity=(package.key, *sorted(names)), line=package.line),
    )


def _primary(names: Sequence[str]) -> str:
    return min(names, key=lambda name: (not name.startswith("CVE-"), name))


def _rated(word: str, severity: Severity) -> Rule[Match]:
    def check(match: Match) -> Iterator[Hit]:
        return _flag(match)

    unknown = word == "unknown"
    check.__doc__ = _PAGE.format(rating=word, more=_UNRATED if unknown else "")
    return Rule(
        id=f"vulnerable-dependency-{word}",
        title=f"Package with a known vulnerability of {word} severity",
        severity=severity,
        reads=Match,
        check=check,
        references=_REFERENCES,
        weakness=_WEAKNESS,
    )


VULNERABLE: Mapping[str | None, Rule[Match]] = {
    "critical": _rated("critical", Severity.CRITICAL),
    "high": _rated("high", Severity.HIGH),
    "medium": _rated("medium", Severity.MEDIUM),
    "low": _rated("low", Severity.LOW),
    None: _rated("unknown", Severity.HIGH),
}


POSSIBLY: Rule[Allowed] = Rule(
    id="possibly-vulnerable-dependency",
    title="Package whose affected versions are allowed, or named by a model",
    severity=Severity.MEDIUM,
    reads=Allowed,
    check=_allowed,
    confidence=Confidence.LOW,
    references=_REFERENCES,
    weakness=_WEAKNESS,
)


def all_rules() -> tuple[Rule[Match] | Rule[Allowed], ...]:
    """Return the rules of the stage, in the order in which reports list them."""
    return (*VULNERABLE.values(), POSSIBLY)
