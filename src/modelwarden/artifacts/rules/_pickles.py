"""From the judged uses of a pickle to hits: what the rules about pickles share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judged, judged
from modelwarden.core import Evidence, Hit, UseKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modelwarden.core import Confidence
    from modelwarden.formats.pickle.reader import PickleStream

HITS = 100
NAMES = 12
# The newest view that was judged: the rules over one view run one after another.
_newest: list[tuple[PickleStream, tuple[Judged, ...]]] = []


def uses_of(stream: PickleStream) -> tuple[Judged, ...]:
    """Judge the uses of a pickle, once for all rules that ask."""
    if not _newest or _newest[0][0] is not stream:
        _newest[:] = [(stream, judged(stream.uses))]
    return _newest[0][1]


def shown(one: Judged) -> str:
    """Return what a use does, in words: `calls os.system('true')`."""
    use = one.use
    if one.kind is UseKind.CALLED:
        return f"calls {use.rendered}"
    if one.kind is UseKind.CONSTRUCTED:
        return f"makes an instance: {use.rendered}"
    if use.passed_to:
        return f"hands {one.target} to {use.passed_to}"
    return f"refers to {one.target}"


def evidence(one: Judged) -> Evidence:
    """Return the facts about one use; its identity is the target with the arguments' digest."""
    use = one.use
    facts = {"global": one.target, "opcode": use.via, "use": one.kind.value}
    if use.kind is not UseKind.REFERENCED:
        facts["call"] = use.rendered
    if use.raw is not None:
        facts["written"] = use.raw
    return Evidence(use.at, facts, (one.target, one.kind.value, use.arguments_digest))


def hits(
    chosen: Iterable[Judged],
    *,
    message: Callable[[Judged], str],
    unexamined: Callable[[Judged], str | None] = lambda _: None,
    confidence: Callable[[Judged], Confidence | None] = lambda _: None,
) -> Iterator[Hit]:
    """Yield a hit for each different use, up to `HITS`; the last one says how many more."""
    met: set[tuple[str, str]] = set()
    different: list[Judged] = []
    for one in chosen:
        key = (one.target, one.use.rendered)
        if key not in met:
            met.add(key)
            different.append(one)
    for index, one in enumerate(different[:HITS], 1):
        text = message(one)
        if index == HITS and len(different) > HITS:
            text += f" (and {len(different) - HITS} more that are not listed)"
        yield Hit(text, evidence(one), confidence(one), unexamined(one))


def listed(names: Iterable[str]) -> str:
    """Return names for people, bounded."""
    unique = sorted(set(names))
    more = f" and {len(unique) - NAMES} more" if len(unique) > NAMES else ""
    return ", ".join(unique[:NAMES]) + more
