"""A firewall in a thread of its own, for the range: the same proxy that `firewall` runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwarden import __version__
from modelwarden.core import InputError
from modelwarden.firewall import Meta, Profile, Protocol, profile_of
from modelwarden.firewall.alerts import Alerts
from modelwarden.firewall.config import FirewallConfig
from modelwarden.firewall.policy import Policy
from modelwarden.firewall.proxy import Proxy
from modelwarden.firewall.rules import Mode
from modelwarden.firewall.service import Service, Sources, policy_of
from modelwarden.firewall.settings import upstream_of
from modelwarden.targets.frames import Frame

if TYPE_CHECKING:
    from modelwarden.redteam.range.play import Walled

_HOST = "127.0.0.1"


class Running:
    """A firewall that serves.

    Attributes:
        url: where.
    """

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self.url = ""

    @property
    def asked(self) -> int:
        """Requests that were read."""
        return self._proxy.asked_count

    @property
    def refused(self) -> int:
        """Of these."""
        return self._proxy.refused


class _Loop(asyncio.SelectorEventLoop):
    """A loop beside the main thread, to which signals belong."""

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:  # type: ignore[override]
        """Leave signals to the main thread, which ends us."""


@contextmanager
def wall(built: Walled) -> Iterator[Running]:
    """Serve a firewall that enforces.

    Raises:
        InputError: the port is in use.
    """
    told = Alerts(built.alerts)
    try:
        upstream = upstream_of(built.upstream)
        proxy = Proxy(upstream, told)
        config = FirewallConfig(block_seconds=60.0)
        policy = policy_of(proxy, [_profile(built)], config, Mode.ENFORCE)
        service = Service(proxy, Sources((), None, Mode.ENFORCE), upstream)
        with _running(service, policy, built.port) as running:
            yield running
    finally:
        told.close()


def _profile(built: Walled) -> Profile:
    normal, protocol = built.normal, Protocol(built.protocol)
    if not isinstance(normal, Frame) and normal.dtype == np.object_:
        normal = Frame((built.model.fields[0].name,), (normal,))
    if isinstance(normal, Frame):
        meta = Meta(name=built.model.name, protocol=protocol)
    else:
        field = built.model.fields[0]
        meta = Meta(
            name=built.model.name,
            protocol=protocol,
            input=field.name,
            datatype=field.datatype,
            low=0.0,
            high=1.0,
        )
    return profile_of(normal, meta, digest="", version=__version__)


@contextmanager
def _running(service: Service, policy: Policy, port: int) -> Iterator[Running]:
    running, ready = Running(service.proxy), threading.Event()
    failed: list[OSError] = []
    loop = _Loop()

    def begin(host: str, bound: int) -> None:
        running.url = f"http://{host}:{bound}"
        ready.set()

    task = loop.create_task(service.run((_HOST, port), policy, begin))

    def serve() -> None:
        asyncio.set_event_loop(loop)
        try:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        except OSError as error:
            failed.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait()
    if failed:
        thread.join()
        why = (failed[0].strerror or str(failed[0])).lower()
        raise InputError(
            f"cannot listen at {_HOST}:{port}: {why}",
            hint="Choose another --port; 0 takes free ones.",
        ) from failed[0]
    try:
        yield running
    finally:
        with suppress(RuntimeError):  # it ended by itself
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
