"""What a rule is: a generator of hits over one kind of view, with its metadata beside it.

    @rule("pickle-unsafe-global", title="…", severity=Severity.CRITICAL, reads=PickleStream)
    def pickle_unsafe_global(stream: PickleStream) -> Iterator[Hit]:
        '''Page text: what, Why:, Fix:, Blind spot:.'''

The docstring is the rule's page. Nothing is registered by importing: the room's catalogue lists
its rules, in the order reports list them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Generic, TypeVar

from modelwarden.core.findings import Confidence, Json, Severity
from modelwarden.core.values import dataclass

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts with which a sceptic can look for themselves.

    Attributes:
        at: byte offset in the view's source, or None where offsets mean nothing.
        facts: shown in the report; bounded and escaped by whoever builds them.
        identity: what makes it the same finding in another copy of the file; by default all facts.
        line: 1-based line, for texts.
    """

    at: int | None = None
    facts: Mapping[str, Json] = field(default_factory=dict)
    identity: tuple[str, ...] | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing a rule saw; the runner turns it into a `Finding`.

    Attributes:
        message: the fact in one line.
        confidence: when it differs from the rule's own.
        unexamined: set when the hit also means that some code was not examined; becomes a gap
            of kind `unexamined-code` with this reason.
    """

    message: str
    evidence: Evidence = Evidence()
    confidence: Confidence | None = None
    unexamined: str | None = None


@dataclass(frozen=True, slots=True)
class Rule(Generic[V]):
    """A named check over views of type `reads`.

    Attributes:
        references: `CWE-…`, `MITRE-ATLAS:…` and other catalogue ids.
        weakness: key of the crosswalk in `standards`, from which the controls follow.
    """

    id: str
    title: str
    severity: Severity
    reads: type[V]
    check: Callable[[V], Iterator[Hit]]
    confidence: Confidence = Confidence.HIGH
    references: tuple[str, ...] = ()
    weakness: str | None = None

    @property
    def page(self) -> str:
        """The docstring of the check: what, why, fix, blind spot."""
        return _clean(self.check.__doc__ or "")


def rule(
    id: str,  # noqa: A002 -- the field's own word, as in `Rule.id`
    *,
    title: str,
    severity: Severity,
    reads: type[V],
    confidence: Confidence = Confidence.HIGH,
    references: tuple[str, ...] = (),
    weakness: str | None = None,
) -> Callable[[Callable[[V], Iterator[Hit]]], Rule[V]]:
    """Turn a generator of hits into a `Rule`."""

    def wrap(check: Callable[[V], Iterator[Hit]]) -> Rule[V]:
        return Rule(id, title, severity, reads, check, confidence, references, weakness)

    return wrap


def _clean(doc: str) -> str:
    first, _, rest = doc.partition("\n")
    lines = rest.split("\n")
    margin = min((len(ln) - len(ln.lstrip()) for ln in lines if ln.strip()), default=0)
    return "\n".join([first.strip(), *(ln[margin:].rstrip() for ln in lines)]).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInfo:
    """What a report says about a rule that ran."""

    id: str
    title: str
    severity: Severity
    help: str
    references: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
