"""The firewall as an external processor of Envoy: an Envoy stands before the server, and asks here.

It decides by the same policy as the proxy, in the same process, and sends nothing on itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelwarden.core import Severity
from modelwarden.firewall.alerts import AlertKind
from modelwarden.firewall.envoy_messages import METHOD
from modelwarden.firewall.envoy_stream import Stream
from modelwarden.firewall.grpc_serving import Patience, bind, library, server_of

if TYPE_CHECKING:
    from modelwarden.firewall.proxy import Proxy

_STREAMS = 8192  # at once, of all connections; gRPC itself refuses twice as many of one
_BODILESS = 4096  # of these, requests whose body has not come yet
_LARGEST = (64 << 20) + (1 << 20)  # the largest body of a profile, and what is around it


class EnvoyFront:
    """A gRPC server that Envoys ask.

    Attributes:
        proxy: whose policy, counts and memory are shared.
        host, port: where it listens.
        patience: with requests that have not come whole yet.
        open: streams that are under way.
    """

    def __init__(self, proxy: Proxy, place: tuple[str, int]) -> None:
        self.proxy = proxy
        self.host, self.port = place
        self.patience = Patience(_BODILESS)
        self.open = 0
        self._library: Any = None
        self._server: Any = None
        self._told: set[str] = set()

    async def begin(self) -> None:
        """Listen.

        Raises:
            InputError: the port is in use or not allowed, or a certificate cannot be used.
        """
        self._library = library()
        self._server = server_of(self, largest=_LARGEST, streams=2 * _STREAMS)
        tls = self.proxy.policy.config.tls
        self.port = bind(self._server, (self.host, self.port), tls, "--envoy-listen")
        await self._server.start()

    def service(self, details: Any) -> Any:
        """Return what handles a stream; gRPC asks for it by this name."""
        if details.method != METHOD:
            return None

        async def handle(_: object, context: Any) -> None:
            self.proxy.asked_count += 1
            self.open += 1
            try:
                stream = Stream(self, context)
                await (stream.serve() if self.open <= _STREAMS else stream.turn_away())
            finally:
                self.open -= 1

        return self._library.stream_stream_rpc_method_handler(handle)

    def once(self, detail: str) -> None:
        """Tell what is wrong with Envoy's settings, the first time that it shows."""
        if detail not in self._told:
            self._told.add(detail)
            self.proxy.note(AlertKind.SELF, Severity.HIGH, "envoy", detail)

    async def end(self, seconds: float) -> None:
        """Take no new request; those that came whole have so long to finish."""
        self.patience.end()
        if self._server is not None:
            with suppress(Exception):
                await self._server.stop(seconds)
