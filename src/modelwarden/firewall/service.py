"""A firewall's life: it listens, watches its files, takes a new policy, and ends in order."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import signal
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.core import InputError, Severity
from modelwarden.core.values import dataclass
from modelwarden.detectors import probes as golden
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.asking import Inquiry
from modelwarden.firewall.config import FirewallConfig, Tls, Upstream
from modelwarden.firewall.errors import FirewallConfigError, ProfileError
from modelwarden.firewall.policy import Policy
from modelwarden.firewall.profile import Profile, load
from modelwarden.firewall.proxy import Proxy
from modelwarden.firewall.rules import Mode
from modelwarden.firewall.settings import load_config
from modelwarden.firewall.status import StatusPage
from modelwarden.firewall.watching import Secret, Watching

if TYPE_CHECKING:
    from typing import Protocol

    class Beside(Protocol):
        """Another way in."""

        async def begin(self) -> None:
            """Listen."""

        async def end(self, seconds: float) -> None:
            """Take nothing new; what is under way has so long to finish."""


_SWEEP = 0.25
_DRAIN = 10.0
_BACKLOG = 1024
_FILES = 65_536


@dataclass(slots=True)
class Sources:
    """What a policy is made from.

    Attributes:
        profiles: files, one for each model.
        config: file with a section `[firewall]`; None for the defaults.
        mode: of rules that the configuration does not name.
        seen: their state just before they were read last.
    """

    profiles: tuple[Path, ...]
    config: Path | None
    mode: Mode
    seen: tuple[object, ...] = ()

    def read(self) -> tuple[list[Profile], FirewallConfig]:
        """Read all files.

        Raises:
            ProfileError: a profile cannot be used.
            FirewallConfigError: the configuration cannot be used.
        """
        self.seen = self.state()
        config = load_config(self.config)
        return [load(path, key=config.profile_key) for path in self.profiles], config

    def state(self) -> tuple[object, ...]:
        """Return what tells whether a file has changed."""
        found: list[object] = []
        for path in (*self.profiles, self.config):
            with suppress(OSError):
                if path is not None:
                    about = path.stat()
                    found.append((about.st_mtime_ns, about.st_size, about.st_ino))
        return tuple(found)


class Service:
    """A firewall that runs.

    Attributes:
        proxy: that serves requests.
    """

    def __init__(self, proxy: Proxy, sources: Sources, upstream: Upstream) -> None:
        self.proxy = proxy
        self._sources = sources
        self._upstream = upstream
        self._watch: asyncio.Task[None] | None = None
        self._reloading = asyncio.Lock()
        self._context: ssl.SSLContext | None = None

    async def run(
        self,
        place: tuple[str, int] | None,
        policy: Policy,
        ready: Callable[[str, int], None],
        beside: Sequence[Beside] = (),
    ) -> None:
        """Serve until the process is asked to end; requests under way are finished.

        Args:
            place: host and port to listen at, 0 takes a free one; None for other ways in alone.
            policy: to begin with.
            ready: is told where it listens; port 0 where that is nowhere.
            beside: other ways in.

        Raises:
            OSError: the port is in use or not allowed.
            InputError: a certificate cannot be used, or gRPC cannot be served.
        """
        _more_files()
        watching = self._watching(policy, self._secrets(policy))
        proxy, loop, config = self.proxy, asyncio.get_running_loop(), policy.config
        proxy.begin(policy, to_server(config.upstream_tls) if self._upstream.tls else None)
        context = None if config.tls is None else to_clients(config.tls)
        self._context = context
        server = None
        if place is not None:
            server = await loop.create_server(
                proxy.client,
                *place,
                ssl=context,
                backlog=_BACKLOG,
                reuse_address=True,
                # A client that never says hello has no longer than one that never asks.
                ssl_handshake_timeout=None if context is None else config.request_seconds,
            )
        status = None
        if config.status is not None:
            page = StatusPage(proxy, loop)
            status = await loop.create_server(page.client, *config.status)
        for way in beside:
            await way.begin()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        changed = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, changed.set)
        tasks = [
            loop.create_task(self._sweep()),
            loop.create_task(self._follow(changed)),
        ]
        self._look_on(watching)
        name = ("", 0) if server is None else server.sockets[0].getsockname()
        ready(str(name[0]), int(name[1]))
        try:
            await stop.wait()
        finally:
            if server is not None:
                server.close()
            proxy.drain()
            ending = [loop.create_task(way.end(_DRAIN)) for way in beside]
            end = loop.time() + _DRAIN
            while proxy.busy and loop.time() < end:
                await asyncio.sleep(0.02)
            await asyncio.gather(*ending)
            tasks += [self._watch] if self._watch is not None else []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if status is not None:
                status.close()
            proxy.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            self.proxy.sweep()

    # a new policy -----------------------------------------------------------------------------

    async def _follow(self, changed: asyncio.Event) -> None:
        """Take a new policy on SIGHUP, or when a file of the present one has changed."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.proxy.policy.config.watch_seconds):
                    await changed.wait()
            self.proxy.alerts.follow()
            now = await asyncio.to_thread(self._sources.state)
            if changed.is_set() or now != self._sources.seen:
                changed.clear()
                await self.reload()

    async def reload(self) -> bool:
        """Read all files anew, try the policy that they make, and take it; else the old one stays.

        Returns:
            Whether it was taken.
        """
        proxy, before = self.proxy, self.proxy.policy
        try:
            profiles, config = await asyncio.to_thread(self._sources.read)
            policy = await asyncio.to_thread(self._made, profiles, config)
            policy.tried(before)
            watching = self._watching(policy, self._secrets(policy))
            if config.tls is not None:
                to_clients(config.tls)  # whether its files can be used
        except InputError as error:
            return self._kept(error.message)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the old policy stays
            return self._kept(f"{type(error).__name__}: {str(error)[:200]}")
        policy.inherit(before)
        proxy.take(policy)
        if config.tls is not None and self._context is not None:
            _load(self._context, config.tls)  # a renewed certificate, for connections to come
        self._look_on(watching)
        proxy.metrics.reloads["taken"] += 1
        detail = f"policy {_digest(before.profiles)} was replaced by {_digest(policy.profiles)}"
        proxy.note(AlertKind.SELF, Severity.INFO, "reload", detail)
        return True

    def _kept(self, why: str) -> bool:
        """Tell that a new policy was not taken, and why."""
        self.proxy.metrics.reloads["refused"] += 1
        detail = f"the old policy stays: {why}"
        self.proxy.note(AlertKind.SELF, Severity.HIGH, "reload", detail)
        return False

    def _made(self, profiles: Sequence[Profile], config: FirewallConfig) -> Policy:
        return policy_of(self.proxy, profiles, config, self._sources.mode)

    # what looks on ----------------------------------------------------------------------------

    def _secrets(self, policy: Policy) -> dict[str, Secret]:
        """Read the golden probes that lie beside the profiles.

        Raises:
            ProfileError: others may read them, or they go with another profile.
        """
        secrets: dict[str, Secret] = {}
        for path, profile in zip(self._sources.profiles, policy.profiles, strict=False):
            place = golden.place_of(path)
            known = golden.load(place, profile.name) if policy.config.probe_seconds else None
            if known is not None:
                secrets[profile.name] = Secret(probes=known, path=place)
        return secrets

    def _watching(self, policy: Policy, secrets: dict[str, Secret]) -> Watching:
        """Return what watches traffic and model by the profiles of a policy.

        Raises:
            ProfileError: they hold what cannot be used.
        """
        config = policy.config
        with _usable():
            return Watching(
                policy.profiles,
                emit=self.proxy.emit,
                ask=self._asked,
                secrets=secrets,
                probe_seconds=config.probe_seconds,
                drift=config.drift,
            )

    def _look_on(self, watching: Watching) -> None:
        """Watch by this instead of what was before."""
        if self._watch is not None:
            self._watch.cancel()
        self.proxy.watching = watching
        self._watch = asyncio.get_running_loop().create_task(watching.run())

    async def _asked(self, profile: Profile, path: str, body: bytes) -> tuple[int, bytes]:
        like = self.proxy.looks.get(profile.name, ())
        inquiry = Inquiry(self.proxy.host, path, body, self.proxy.now(), like)
        self.proxy.ask(inquiry)
        return await inquiry.done


def policy_of(
    proxy: Proxy, profiles: Sequence[Profile], config: FirewallConfig, mode: Mode
) -> Policy:
    """Return a policy whose alerts go where the proxy's go.

    Raises:
        ProfileError: the profiles contradict each other.
    """
    with _usable():
        return Policy(profiles, config, mode, emit=proxy.emit, failed=proxy.check_failed)


@contextmanager
def _usable() -> Iterator[None]:
    """Tell of a profile that decodes, but of whose numbers or names no check can be made."""
    try:
        yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ProfileError(
            f"a profile holds what no check can be made of: {type(error).__name__}: "
            f"{str(error)[:100]}",
            hint="`modelwarden profile` writes one.",
        ) from error


def to_clients(tls: Tls) -> ssl.SSLContext:
    """Return the context of connections from clients.

    Raises:
        FirewallConfigError: a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, tls)
    if tls.authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def to_server(tls: Tls | None) -> ssl.SSLContext:
    """Return the context of connections to the server, whose certificate is always verified.

    Raises:
        FirewallConfigError: a file cannot be used.
    """
    context = ssl.create_default_context()
    if tls is not None:
        _load(context, tls)
    return context


def _load(context: ssl.SSLContext, tls: Tls) -> None:
    try:
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key)
        if tls.authorities is not None:
            context.load_verify_locations(tls.authorities)
    except (OSError, ssl.SSLError) as error:
        files = [str(f) for f in (tls.certificate, tls.key, tls.authorities) if f is not None]
        why = error.strerror or str(error)
        told = f"cannot use the certificate, its key or the authorities ({', '.join(files)})"
        raise FirewallConfigError(f"{told}: {why.lower()}") from error


def _digest(profiles: Sequence[Profile]) -> str:
    return hashlib.sha256("".join(p.reference + p.name for p in profiles).encode()).hexdigest()[:12]


def _more_files() -> None:
    """Allow as many open files as the system lets us: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
