"""`modelwarden firewall`: a reverse proxy in front of a model's server."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import Named
from modelwarden.cli.threads import one_thread

if TYPE_CHECKING:
    from modelwarden.firewall.config import FirewallConfig, LedgerConfig
    from modelwarden.firewall.envoy.front import EnvoyFront
    from modelwarden.firewall.grpc.front import Front
    from modelwarden.firewall.proxy import Proxy
    from modelwarden.firewall.records import Records
    from modelwarden.ledger import Options

_DAY = 86_400.0
_CLOSE = 5.0
_FILE = click.Path(path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--upstream", metavar="URL", help="The model's server.  [required]")
@click.option(
    "--profile",
    "profiles",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="What normal requests look like; may be repeated, one for each model.  [required]",
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Where clients ask; port 0 takes a free one.  [default: 127.0.0.1:8080; with "
    "--envoy-listen nowhere]",
)
@click.option(
    "--mode",
    type=Named("mode", ("observe", "shadow", "enforce")),
    default="observe",
    show_default=True,
    help="Observe tells what would be refused, shadow also remembers it, enforce refuses it.",
)
@click.option("--ledger", type=_FILE, metavar="DIR", help="Record every decision there.")
@click.option("--alerts", type=_FILE, metavar="FILE", help="Append alerts there, a line each.")
@click.option("--config", type=_FILE, metavar="FILE", help="A file with a section [firewall].")
@click.option(
    "--grpc-listen", metavar="HOST:PORT", help="Where clients ask over gRPC (oip-v2) as well."
)
@click.option(
    "--grpc-upstream",
    metavar="HOST:PORT",
    help="The server's gRPC side; https://HOST:PORT where that is encrypted.",
)
@click.option(
    "--envoy-listen",
    metavar="HOST:PORT",
    help="Where an Envoy before the server asks, as its external processor (ext_proc).",
)
@click.pass_context
def firewall(
    ctx: click.Context,
    upstream: str | None,
    profiles: tuple[Path, ...],
    listen: str | None,
    mode: str,
    ledger: Path | None,
    alerts: Path | None,
    config: Path | None,
    grpc_listen: str | None,
    grpc_upstream: str | None,
    envoy_listen: str | None,
) -> int:
    """Judge every request before a model sees it, until the process is asked to end.

    Requests are read strictly, held against the profile, recorded, and written anew.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    if upstream is None or not profiles:
        missing = "--profile" if upstream is not None else "--upstream"
        raise click.MissingParameter(ctx=ctx, param_type="option", param_hint=f"'{missing}'")
    if (grpc_listen is None) != (grpc_upstream is None):
        missing = "--grpc-listen" if grpc_listen is None else "--grpc-upstream"
        raise click.MissingParameter(ctx=ctx, param_type="option", param_hint=f"'{missing}'")
    if listen is None and envoy_listen is None:
        listen = "127.0.0.1:8080"
    over_grpc = None if grpc_listen is None else (grpc_listen, grpc_upstream or "")
    return _serve(upstream, profiles, listen, mode, ledger, alerts, config, over_grpc, envoy_listen)


def _serve(
    upstream: str,
    profiles: tuple[Path, ...],
    listen: str | None,
    mode: str,
    ledger: Path | None,
    alerts: Path | None,
    config: Path | None,
    over_grpc: tuple[str, str] | None,
    envoy_listen: str | None,
) -> int:
    from modelwarden.cli.profile import require_numpy

    one_thread()
    require_numpy()
    if over_grpc is not None:
        _require("grpc", "grpcio, which gRPC needs,", "grpc")
    if envoy_listen is not None:
        _require("h2", "h2, over which an Envoy asks,", "firewall")
    from modelwarden.core import InputError
    from modelwarden.firewall.alerts import Alerts
    from modelwarden.firewall.errors import FirewallConfigError
    from modelwarden.firewall.loop import missing, run
    from modelwarden.firewall.proxy import Proxy
    from modelwarden.firewall.rules import Mode
    from modelwarden.firewall.service import Service, Sources, policy_of
    from modelwarden.firewall.settings import listen_of, upstream_of

    sources = Sources(profiles, config, Mode(mode))
    place = None if listen is None else listen_of(listen)
    server = upstream_of(upstream)
    known, settings = sources.read()
    if ledger is None and settings.ledger.answers is not None:
        raise FirewallConfigError(
            "[firewall.ledger] answers are recorded beside decisions: give --ledger"
        )
    if slow := missing():
        click.echo(
            f"modelwarden: without {' and '.join(slow)} requests cost several times as much: "
            "pip install 'modelwarden[firewall]'",
            err=True,
        )
    with ExitStack() as stack:
        told = Alerts(alerts)
        stack.callback(told.close)
        proxy = Proxy(server, told, None if ledger is None else _records(ledger, settings, stack))
        policy = policy_of(proxy, known, settings, sources.mode)
        service = Service(proxy, sources, server)
        front = None if over_grpc is None else _front(proxy, *over_grpc)
        envoy = None if envoy_listen is None else _envoy(proxy, envoy_listen)
        beside = [way for way in (front, envoy) if way is not None]

        def ready(host: str, port: int) -> None:
            scheme = "http://" if settings.tls is None else "https://"
            if place is not None:
                _ready(scheme, host, port, upstream, mode)
            if front is not None:
                _ready("grpc://", front.host, front.port, over_grpc[1] if over_grpc else "", mode)
            if envoy is not None:
                _ready("envoy://", envoy.host, envoy.port, upstream, mode)

        try:
            run(service.run(place, policy, ready, beside))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise InputError(
                f"cannot listen at {listen or 'the status'}: {why}",
                hint="Choose another --listen, or status.",
            ) from error
    return _ended(proxy)


def _ended(proxy: Proxy) -> int:
    done = f"{proxy.asked_count} requests, {proxy.refused} refused"
    counts = proxy.metrics.requests.items()
    if would := sum(n for (_, decision, _), n in counts if decision == "would-refuse"):
        done += f", {would} would have been"
    click.echo(f"modelwarden: {done}", err=True)
    if not proxy.unwritten:
        return 0
    told = f"{proxy.unwritten} records are not written: the ledger does not answer"
    click.echo(f"modelwarden: {told}", err=True)
    return 3


@firewall.command()
@click.option(
    "--status",
    default="127.0.0.1:9100",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the firewall tells its status: [firewall] status of its configuration.",
)
@click.option("--once", is_flag=True, help="Show it once and end; so also without a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Show it once, as JSON.")
def top(status: str, once: bool, as_json: bool) -> int:
    """Show what a running firewall does: rates, refusals, latest alerts."""
    from modelwarden.cli.top import show
    from modelwarden.firewall.settings import listen_of

    host, port = listen_of(status)
    return show(host, port, once=once, as_json=as_json)


def _records(folder: Path, settings: FirewallConfig, stack: ExitStack) -> Records:
    from modelwarden.core.paths import real
    from modelwarden.firewall.errors import FirewallConfigError
    from modelwarden.firewall.keeping import closed_within
    from modelwarden.firewall.records import SYNC_SECONDS, Records
    from modelwarden.ledger import HeadFile, Redaction, Writer, key_in, load_private

    if settings.head_key is not None and settings.heads is None:
        raise FirewallConfigError("head_key signs heads: name the file of these with heads")
    heads = None
    if settings.heads is not None:
        key = None if settings.head_key is None else load_private(settings.head_key)
        heads = HeadFile(settings.heads, key)
    own = real(folder)  # `.` has no name
    key_file = settings.hash_key or own.with_name(f"{own.name}.hash-key")
    redaction = Redaction(key=key_in(key_file))
    kept = settings.ledger
    options = _kept(kept, SYNC_SECONDS)
    ledger = Writer(folder, options, heads=heads)
    stack.callback(closed_within, ledger, _CLOSE)
    if kept.answers is None:
        return Records(ledger, redaction)
    answers = Writer(kept.answers, options)
    stack.callback(closed_within, answers, _CLOSE)
    return Records(ledger, redaction, answers, kept.threshold)


def _kept(settings: LedgerConfig, sync_seconds: float) -> Options:
    from modelwarden.ledger import Options, Retention

    default, days = Options(), settings.retention_days
    return Options(
        segment_bytes=settings.segment_bytes or default.segment_bytes,
        segment_seconds=settings.segment_seconds or default.segment_seconds,
        head_seconds=settings.head_seconds or default.head_seconds,
        sync_seconds=sync_seconds,
        retention=Retention(
            seconds=None if days is None else days * _DAY,
            total_bytes=settings.retention_bytes,
        ),
    )


def _require(package: str, what: str, extra: str) -> None:
    """Raise `MissingExtraError` unless the package is there."""
    from importlib.util import find_spec

    from modelwarden.core import MissingExtraError

    if find_spec(package) is None:
        raise MissingExtraError(what, extra)


def _front(proxy: Proxy, listen: str, upstream: str) -> Front:
    from modelwarden.firewall.config import Upstream
    from modelwarden.firewall.grpc.front import Front
    from modelwarden.firewall.settings import listen_of, upstream_of

    if upstream.startswith("https://"):
        server = upstream_of(upstream)
    else:
        server = Upstream(*listen_of(upstream), tls=False)
    return Front(proxy, listen_of(listen), server)


def _envoy(proxy: Proxy, place: str) -> EnvoyFront:
    from modelwarden.firewall.envoy.front import EnvoyFront
    from modelwarden.firewall.settings import listen_of

    return EnvoyFront(proxy, listen_of(place))


def _ready(scheme: str, host: str, port: int, upstream: str, mode: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    told = f"modelwarden: listening at {scheme}{shown}:{port} for {upstream} ({mode})"
    click.echo(told, err=True)
