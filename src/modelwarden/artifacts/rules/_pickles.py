"""From the judged uses of a pickle to hits: what the rules about pickles share."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judged, judged
from modelwarden.core import Evidence, Hit, UseKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modelwarden.core import Confidence
    from modelwarden.formats.pickle.reader import PickleStream

HITS = 100
NAMES = 12
LONGEST = 200
DIGESTS = 64
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
        return f"hands {cut(one.target)} to {use.passed_to}"
    return f"refers to {cut(one.target)}"


def identities(found: Iterable[Judged]) -> tuple[str, ...]:
    """Return what tells the arguments of many uses from others: bounded, but all of them count."""
    digests = sorted({one.use.arguments_digest for one in found})
    rest = "\n".join(digests[DIGESTS:])
    more = (hashlib.sha256(rest.encode(errors="surrogatepass")).hexdigest(),) if rest else ()
    return (*digests[:DIGESTS], *more)


def evidence(one: Judged, others: Iterable[Judged] = ()) -> Evidence:
    """Return the facts about one use.

    Its identity is the target with the digest of the arguments, and one over the `others` that it
    stands for as well.
    """
    use = one.use
    same = one.target, one.kind.value, use.arguments_digest
    told = {f"{o.target} {o.kind.value} {o.use.arguments_digest}" for o in others}
    told.discard(" ".join(same))
    more = (
        (hashlib.sha256("\n".join(sorted(told)).encode(errors="surrogatepass")).hexdigest(),)
        if told
        else ()
    )
    facts = {"global": cut(one.target), "opcode": use.via, "use": one.kind.value}
    if use.kind is not UseKind.REFERENCED:
        facts["call"] = use.rendered
    if use.raw is not None:
        facts["written"] = cut(use.raw)
    return Evidence(use.at, facts, (*same, *more))


def hits(
    chosen: Iterable[Judged],
    *,
    message: Callable[[Judged], str],
    unexamined: Callable[[Judged], str | None] = lambda _: None,
    confidence: Callable[[Judged], Confidence | None] = lambda _: None,
) -> Iterator[Hit]:
    """Yield a hit for each use that looks different, up to `HITS`; the last stands for the rest."""
    alike: dict[tuple[str, str], list[Judged]] = {}
    for one in chosen:
        alike.setdefault((one.target, one.use.rendered), []).append(one)
    groups = list(alike.values())
    for index, (one, *others) in enumerate(groups[:HITS], 1):
        text = message(one)
        if index == HITS and len(groups) > HITS:
            text += f" (and {len(groups) - HITS} more that are not listed)"
            others += [other for group in groups[HITS:] for other in group]
        yield Hit(text, evidence(one, others), confidence(one), unexamined(one))


def digest_of_names(names: Iterable[str]) -> str:
    """Return one digest over a set of names."""
    told = "\n".join(sorted(set(names)))
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()


def cut(name: str) -> str:
    """Return a name, shortened for people."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}…"


def listed(names: Iterable[str]) -> str:
    """Return names for people, bounded."""
    unique = sorted({cut(name) for name in names})
    more = f" and {len(unique) - NAMES} more" if len(unique) > NAMES else ""
    return ", ".join(unique[:NAMES]) + more
