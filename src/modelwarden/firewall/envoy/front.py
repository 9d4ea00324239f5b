"""The firewall as an external processor of Envoy: an Envoy stands before the server, and asks here.

It decides by the same policy as the proxy, in the same process, and sends nothing on itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modelwarden.core import InputError, Severity
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.envoy.channel import Channel, Talk
from modelwarden.firewall.envoy.stream import Stream
from modelwarden.firewall.patience import Patience
from modelwarden.firewall.service import to_clients

if TYPE_CHECKING:
    from modelwarden.firewall.proxy import Proxy

_STREAMS = 8192  # requests at once, of all connections
_BODILESS = 4096  # of these, those whose body has not come yet
_CHANNELS = 1024
_BACKLOG = 1024


class EnvoyFront:
    """Where Envoys ask.

    Attributes:
        proxy: whose policy, counts and memory are shared.
        host, port: where it listens.
        patience: with requests that have not come whole yet.
        streams: that one connection may have at once; those beyond what there is room for are
            answered, so it is more than that.
    """

    streams = 2 * _STREAMS

    def __init__(self, proxy: Proxy, place: tuple[str, int]) -> None:
        self.proxy = proxy
        self.host, self.port = place
        self.patience = Patience(_BODILESS)
        self._open = 0
        self._channels: set[Channel] = set()
        self._server: asyncio.Server | None = None
        self._told: set[str] = set()

    async def begin(self) -> None:
        """Listen.

        Raises:
            InputError: the port is in use or not allowed, or a certificate cannot be used.
        """
        loop = asyncio.get_running_loop()
        tls = self.proxy.policy.config.tls
        context = None if tls is None else to_clients(tls)
        if context is not None:
            context.set_alpn_protocols(["h2"])
        try:
            self._server = await loop.create_server(
                lambda: Channel(self, loop),
                *(self.host, self.port),
                ssl=context,
                backlog=_BACKLOG,
                reuse_address=True,
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise InputError(
                f"cannot listen at {self.host}:{self.port}: {why}",
                hint="Choose another --envoy-listen.",
            ) from error
        self.port = int(self._server.sockets[0].getsockname()[1])

    def opened(self, channel: Channel) -> bool:
        """Take note of a connection; tell whether there is room for it."""
        if len(self._channels) >= _CHANNELS:
            return False
        self._channels.add(channel)
        return True

    def closed(self, channel: Channel) -> None:
        """Forget a connection."""
        self._channels.discard(channel)

    async def answer(self, talk: Talk) -> None:
        """Answer what one request asks."""
        self.proxy.asked_count += 1
        self._open += 1
        try:
            stream = Stream(self, talk)
            await (stream.serve() if self._open <= _STREAMS else stream.turn_away())
        finally:
            self._open -= 1

    def once(self, detail: str) -> None:
        """Tell what is wrong with Envoy's settings, the first time that it shows."""
        if detail not in self._told:
            self._told.add(detail)
            self.proxy.note(AlertKind.SELF, Severity.HIGH, "envoy", detail)

    async def end(self, seconds: float) -> None:
        """Take no new connection; requests that came whole have so long to finish."""
        if self._server is not None:
            self._server.close()
        self.patience.end()
        for channel in list(self._channels):
            channel.drain()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._open and loop.time() < until:
            await asyncio.sleep(0.02)
        for channel in list(self._channels):
            channel.close()
