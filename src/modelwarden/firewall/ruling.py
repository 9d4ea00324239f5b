"""What becomes of one request, whatever form the firewall has: no sockets here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.firewall.decide import Decision, Done, done_by
from modelwarden.firewall.http import Head
from modelwarden.firewall.packed import unpacked
from modelwarden.firewall.requests import Arrival
from modelwarden.firewall.routes import Route
from modelwarden.firewall.rules import Mode

if TYPE_CHECKING:
    from modelwarden.firewall.policy import Policy

_TEXT = re.compile(r"text/plain(\s*;\s*charset=\"?utf-8\"?)?", re.IGNORECASE)
_JSON = re.compile(r"application/json(\s*;\s*charset=\"?utf-8\"?)?", re.IGNORECASE)


@dataclass(slots=True, eq=False)  # not frozen: made for each request, which takes a quarter as long
class Ruling:
    """What becomes of a request.

    Attributes:
        route: where it goes; None where no model has its path.
        decision: about it.
        as_it_came: whether it goes on with the body that it came with.
        asks: whether something is asked of a model; health and metadata are only passed on.
        alert: whether the decision is to be told: what a judge decides it has told itself.
        unpacked: whether the body came compressed, and goes on plain.
    """

    route: Route | None
    decision: Decision
    as_it_came: bool
    asks: bool
    alert: bool
    unpacked: bool = False


def ruling(policy: Policy, asked: Arrival) -> Ruling:
    """Judge a request."""
    return rulings(policy, [asked])[0]


def rulings(policy: Policy, asked: Sequence[Arrival]) -> list[Ruling]:
    """Judge requests, one after another; those to one model are measured together."""
    found: list[Ruling | None] = []
    judged: dict[int, tuple[Route, list[int]]] = {}
    for number, one in enumerate(asked):
        head = _head(one)
        route = policy.routes.of(head.method, head.path)
        ruled = _ruled(policy, one, head, route)
        found.append(ruled)
        if ruled is None and route is not None:
            if route.text:
                one.text = _TEXT.fullmatch(head.headers.get("content-type", "")) is not None
            judged.setdefault(id(route), (route, []))[1].append(number)
    for route, numbers in judged.values():
        decisions = policy.judge(route).decide_all([asked[number] for number in numbers])
        for number, decision in zip(numbers, decisions, strict=True):
            one = asked[number]
            as_it_came = one.text or decision.values is None
            found[number] = Ruling(route, decision, as_it_came, True, False, one.unpacked)
    return [ruled for ruled in found if ruled is not None]


def _head(asked: Arrival) -> Head:
    if asked.head is None:
        raise ValueError("what came without a head goes nowhere")
    return asked.head


def _ruled(policy: Policy, asked: Arrival, head: Head, route: Route | None) -> Ruling | None:
    """Return what becomes of a request that no judge has to read; None of any other."""
    wait = asked.wait
    if wait is None and policy.rates is not None:
        wait = policy.rates.wait(asked.client, asked.at)
    wrong = _wrong(head, asked, route, wait or 0.0)
    if wrong is not None:
        status, rule, detail = wrong
        mode = policy.modes.of(rule)
        done = Done.ALLOW if mode is Mode.OFF else done_by(mode)
        decision = Decision(done, rule, detail, status, asked.body)
        told = mode is not Mode.OFF
        return Ruling(route, decision, True, asks=True, alert=told, unpacked=asked.unpacked)
    if route is None or route.checks is None:
        decision = Decision(Done.ALLOW, None, "", 200, b"")
        return Ruling(route, decision, as_it_came=True, asks=False, alert=False)
    return None


def _wrong(
    head: Head, asked: Arrival, route: Route | None, wait: float
) -> tuple[int, str, str] | None:
    headers = head.headers
    if wait > 0:
        return 429, "rate", "more requests than the client may make"
    if route is None:
        return 404, "route", "no model has this path"
    if route.checks is None:
        return (400, "route", "a body where none belongs") if asked.body else None
    if "content-encoding" in headers and not _is_plain(headers["content-encoding"], asked, route):
        return 415, "encoding", "a body that is compressed otherwise than by gzip, or too far"
    if "inference-header-content-length" in headers:
        return 415, "encoding", "binary tensors"
    given = headers.get("content-type", "")
    if (
        given != "application/json"
        and not _JSON.fullmatch(given)
        and not (route.text and _TEXT.fullmatch(given))
    ):
        return 415, "content-type", "another content type than JSON"
    return None


def _is_plain(coding: str, asked: Arrival, route: Route) -> bool:
    """Unpack a body that is compressed; tell whether it can be read now."""
    if coding.lower() == "identity" or route.checks is None:
        return True
    if coding.lower() != "gzip":
        return False
    plain = unpacked(asked.body, route.checks.profile.limits.body)
    if plain is None:
        return False
    asked.body, asked.unpacked = plain, True
    return True


def plain_head(head: Head) -> Head:
    """Return the head of a request whose body was unpacked."""
    headers = {name: v for name, v in head.headers.items() if name != "content-encoding"}
    return replace(head, headers=headers, onward={})
