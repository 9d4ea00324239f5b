"""OpenVEX statements, as waivers of the findings that they are about.

A statement `not_affected` or `fixed` covers a finding when it names the weakness by any of its ids
and every package that the finding is about, and no later statement says otherwise. A statement on
a package inside of a product counts for that product only: the model with that very digest.

Source: OpenVEX 0.2.0, https://github.com/openvex/spec (and 0.0.1, in which products are texts)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelwarden.core import JUSTIFICATIONS, Finding, InputError, Subject, Waiver
from modelwarden.core.values import dataclass
from modelwarden.dependencies import purls
from modelwarden.dependencies.manifests.text import json_document, table, tables, texts
from modelwarden.dependencies.names import normal_name
from modelwarden.dependencies.rules import PLACES
from modelwarden.dependencies.versions import canonical

_LARGEST = 64 << 20
_CONTEXT = "https://openvex.dev/ns"
_COVERS = {"not_affected", "fixed"}
_STATUSES = {*_COVERS, "affected", "under_investigation"}
_SHOWN = 500
_RULES = "vulnerable-dependency-"


class VexError(InputError):
    """A document that is no OpenVEX."""

    hint = "Give an OpenVEX document (JSON); docs/bom.md shows one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a statement is about: any of its ids or digests, or packages inside of it."""

    ids: tuple[str, ...]
    digests: frozenset[str] = frozenset()
    inner: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement.

    Attributes:
        names: ids of the weakness. time: as it is written, UTC, for the order of statements.
        reason: why, in words; a `not_affected` without any reason covers nothing.
    """

    names: frozenset[str]
    products: tuple[Product, ...]
    status: str
    justification: str | None
    reason: str
    author: str
    time: str


def read(paths: Sequence[Path]) -> tuple[Statement, ...]:
    """Return all statements of the documents, the oldest first.

    Raises:
        VexError: one cannot be read or is no OpenVEX document.
    """
    found = [statement for path in paths for statement in _read(path)]
    return tuple(sorted(found, key=lambda statement: statement.time))


def _read(path: Path) -> Iterator[Statement]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise VexError(f"cannot read {path}: {why}", hint="Check the path.") from error
    if len(data) > _LARGEST:
        raise VexError(f"{path}: larger than {_LARGEST} bytes")
    try:
        document = table(json_document(data.decode("utf-8-sig")))
    except (InputError, UnicodeDecodeError) as error:
        raise VexError(f"{path}: {str(error)[:200]}") from error
    context = document.get("@context")
    named = [*texts([context]), *texts(context)]
    if not any(one.startswith(_CONTEXT) for one in named):
        raise VexError(f"{path} is no OpenVEX document: its @context is another")
    if not isinstance(document.get("statements"), list):
        raise VexError(f"{path} has no statements")
    for number, entry in enumerate(tables(document["statements"]), 1):
        yield _statement(entry, document, f"{path}, statement {number}")


def _statement(
    entry: Mapping[str, object], document: Mapping[str, object], where: str
) -> Statement:
    status = _text(entry.get("status"))
    if status not in _STATUSES:
        raise VexError(f"{where}: its status is none of OpenVEX")
    named = entry.get("vulnerability")
    flaw = table(named)
    names = {_text(named), _text(flaw.get("name")), *texts(flaw.get("aliases"))} - {""}
    justification = _text(entry.get("justification")) or None
    if justification is not None and justification not in JUSTIFICATIONS:
        raise VexError(f"{where}: its justification is none of OpenVEX")
    words = [_text(entry.get(key)) for key in ("impact_statement", "status_notes")]
    reason = "; ".join(word for word in (justification, *words) if word)
    written = entry.get("timestamp") or document.get("timestamp")
    return Statement(
        names=frozenset(names),
        products=tuple(_products(entry)),
        status=status,
        justification=justification,
        reason=reason[:_SHOWN],
        author=_text(document.get("author"))[:_SHOWN] or "not named",
        time=_time(written),
    )


def _text(value: object) -> str:
    """Return a string on one line with nothing in it that a terminal obeys; else an empty one."""
    if not isinstance(value, str):
        return ""
    words = " ".join(value[: 4 * _SHOWN].split())
    return words if words.isprintable() else ascii(words)[1:-1]


def _time(value: object) -> str:
    """Return a time in UTC, so that times compare as texts; empty for what is none."""
    try:
        moment = dt.datetime.fromisoformat(_text(value))
    except ValueError:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    try:
        return aware.astimezone(dt.UTC).isoformat()
    except OverflowError:
        return ""


def _products(entry: Mapping[str, object]) -> Iterator[Product]:
    given = entry.get("products")
    inner = tuple(_ids(entry.get("subcomponents")))  # of all products, in version 0.0.1
    for one in given if isinstance(given, list) else []:
        if isinstance(one, str):
            yield Product(ids=(one,), inner=inner)
            continue
        product = table(one)
        hashes = table(product.get("hashes"))
        yield Product(
            ids=tuple(_ids([product])),
            digests=frozenset(_text(v).lower() for k, v in hashes.items() if k == "sha-256"),
            inner=tuple(_ids(product.get("subcomponents"))) or inner,
        )


def _ids(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else []:
        if isinstance(one, str):
            yield one
        else:
            yield _text(table(one).get("@id"))
            yield _text(table(table(one).get("identifiers")).get("purl"))


def waivers(
    statements: Sequence[Statement], findings: Sequence[Finding], subject: Subject
) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Return a waiver for each finding that statements cover, and notes on those that cover none.

    Args:
        statements: the oldest first.
        findings: of the stage `dependencies`.
        subject: of the report, with its digest.
    """
    made: list[Waiver] = []
    used: set[int] = set()
    for finding in findings:
        named = finding.evidence.get("purls")
        listed = [p for p in named if isinstance(p, str)] if isinstance(named, list) else []
        # A list that may have been cut does not name every package.
        if not finding.rule.startswith(_RULES) or not 0 < len(listed) < PLACES:
            continue
        last = [_last(statements, finding, purl, subject) for purl in listed]
        covering = [s for s in last if s is not None and s.status in _COVERS and s.reason]
        if len(covering) == len(listed):
            used.update(id(s) for s in covering)
            made.append(_waiver(covering[0], finding))
    idle = sum(s.status in _COVERS and id(s) not in used for s in statements)
    what = "VEX statement covers" if idle == 1 else "VEX statements cover"
    notes = (f"{idle} {what} nothing in this report",) if idle else ()
    return tuple(made), notes


def _last(
    statements: Sequence[Statement], finding: Finding, purl: str, subject: Subject
) -> Statement | None:
    """Return the latest statement on a weakness in a package."""
    names = set(finding.references)
    about = (
        s
        for s in reversed(statements)
        if not names.isdisjoint(s.names) and any(_is_about(p, purl, subject) for p in s.products)
    )
    return next(about, None)


def _is_about(product: Product, purl: str, subject: Subject) -> bool:
    whole = subject.digest is not None and (
        any(purls.parse(i).version == subject.digest for i in product.ids)
        or (
            subject.kind == "artifact" and subject.digest.removeprefix("sha256:") in product.digests
        )
    )
    if product.inner:
        return whole and any(_is_same(inner, purl) for inner in product.inner)
    return whole or any(_is_same(i, purl) for i in product.ids)


def _is_same(stated: str, purl: str) -> bool:
    """Tell whether a stated address names a package: without a version it names all versions."""
    a, b = purls.parse(stated), purls.parse(purl)
    if not a.kind or (a.kind, a.namespace) != (b.kind, b.namespace):
        return False
    pypi = a.kind == "pypi"
    if (normal_name(a.name) if pypi else a.name) != (normal_name(b.name) if pypi else b.name):
        return False
    return not a.version or (canonical(a.version) == canonical(b.version) and bool(b.version))


def _waiver(statement: Statement, finding: Finding) -> Waiver:
    return Waiver(
        reason=statement.reason,
        owner=statement.author,
        expires=dt.date.max,
        fingerprint=finding.fingerprint,
        status=statement.status,
        justification=statement.justification,
    )
