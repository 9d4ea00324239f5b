"""The view of `firewall top`: a screen that is drawn anew every second."""

from __future__ import annotations

import sys
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, Group
    from rich.table import Table
    from rich.text import Text

    from modelwarden.firewall.live import Moment

_EVERY = 1.0
_SECONDS = 5.0
_LARGEST = 1 << 20
_ALERTS, _RULES = 8, 12
_COUNTS = ("allowed", "would refuse", "refused", "requests")


def show(host: str, port: int, *, once: bool, as_json: bool) -> int:
    """Show a firewall's status until interrupted; once where nobody watches.

    Raises:
        MomentError: no firewall answers there.
    """
    body = _asked(host, port)
    from modelwarden.firewall.live import moment_in

    moment = moment_in(body)
    if as_json:
        click.echo(body.decode().rstrip("\n"))
        return 0
    from rich.console import Console

    console = Console()
    if once or not sys.stdout.isatty():
        console.print(_screen(moment, ""))
    else:
        _watch(console, host, port, moment)
    return 0


def _watch(console: Console, host: str, port: int, moment: Moment) -> None:
    from rich.live import Live

    from modelwarden.firewall.live import MomentError, moment_in

    with Live(_screen(moment, ""), console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(_EVERY)
            wrong = ""
            try:
                moment = moment_in(_asked(host, port))
            except MomentError as error:
                wrong = f"{error.message}; this is of {moment.time}"
            live.update(_screen(moment, wrong), refresh=True)


def _asked(host: str, port: int) -> bytes:
    """Return what a firewall tells.

    Raises:
        MomentError: nothing answers there.
    """
    from modelwarden.firewall.live import MomentError

    connection = HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", "/status.json")
        answer = connection.getresponse()
        body = answer.read(_LARGEST)
    except (OSError, HTTPException) as error:
        raise MomentError(f"no firewall answers at {host}:{port}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise MomentError(f"{host}:{port} answers {answer.status}: no status of a firewall")
    return body


def _screen(moment: Moment, wrong: str) -> Group:
    from rich.console import Group
    from rich.text import Text

    from modelwarden.firewall.status import figures

    state = Text("Modelwarden firewall: ")
    state.append(_plain(moment.state).plain, style="bold green" if moment.ready else "bold red")
    if wrong:
        state.append(f"\n{_plain(wrong)}", style="bold red")
    models = [
        (
            m.name or "no model's path",
            m.protocol,
            *map(_count, (m.allowed, m.would_refuse, m.refused)),
        )
        for m in moment.models
    ]
    alerts = [(a.time[11:19], a.severity, a.rule, a.client or "", a.detail) for a in moment.alerts]
    return Group(
        state,
        _table(("", ""), figures(moment)),
        _table(("model", "protocol", *_COUNTS[:3]), models),
        _table(("rule", _COUNTS[3]), [(r, _count(n)) for r, n in moment.rules.items()][:_RULES]),
        _table(("time", "severity", "rule", "client", "latest alerts"), alerts[:_ALERTS]),
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_header=any(names), pad_edge=False)
    for name in names:
        table.add_column(
            name, justify="right" if name in _COUNTS or not name else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*map(_plain, row))
    return table


def _count(number: int) -> str:
    return f"{number:,}"


def _plain(text: str) -> Text:
    """Return a text that came over the network without anything that a terminal obeys."""
    from rich.text import Text

    from modelwarden.gate.walk import printable

    return Text(printable(text))
