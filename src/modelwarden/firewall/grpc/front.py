"""The firewall's gRPC side: a server of the Open Inference Protocol before another one.

Messages come and go as bytes: there is no generated code, and the library takes no message apart.
It stands beside the REST proxy in the same process and decides by the same policy.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwarden.core import ConfigError, InputError
from modelwarden.firewall.config import FirewallConfig, Tls, Upstream
from modelwarden.firewall.grpc.call import Call
from modelwarden.firewall.patience import Patience
from modelwarden.firewall.profile import Protocol

if TYPE_CHECKING:
    from modelwarden.firewall.proxy import Proxy

Metadata = tuple[tuple[str, str], ...]

_STREAMS = 256  # calls at once of one connection
_CALLS = 16_384  # of all connections
_MESSAGELESS = 1024  # of these, calls whose message has not come yet
_METADATA = 16 << 10
_LARGEST_ANSWER = 64 << 20
_PLAIN_ONLY = 1  # of the bits of compression algorithms
_COMMON = (
    ("grpc.compression_enabled_algorithms_bitset", _PLAIN_ONLY),
    ("grpc.max_metadata_size", _METADATA),
    ("grpc.absolute_max_metadata_size", _METADATA),
    ("grpc.max_send_message_length", -1),
)


class Front:
    """A gRPC server, and the channel to the one that it stands before.

    Attributes:
        proxy: that requests over REST go through; what it counts and remembers is shared.
        host, port: where it listens.
        patience: with calls whose message has not come yet.
    """

    def __init__(self, proxy: Proxy, listen: tuple[str, int], upstream: Upstream) -> None:
        self.proxy = proxy
        self.host, self.port = listen
        self._upstream = upstream
        self._library: Any = None
        self._server: Any = None
        self._channel: Any = None
        self._free: asyncio.Semaphore
        self._waiting = 0
        self.patience = Patience(_MESSAGELESS)

    async def begin(self) -> None:
        """Listen.

        Raises:
            InputError: the port is in use or not allowed, no profile is of the protocol, a
                certificate cannot be used, or answers were to be rounded.
        """
        policy = self.proxy.policy
        if all(profile.protocol is not Protocol.OIP for profile in policy.profiles):
            raise InputError(
                "gRPC speaks oip-v2, which no profile is of",
                hint="Make one with: modelwarden profile … --protocol oip-v2",
            )
        answers = policy.config.answers
        if answers is not None and answers.changes:
            raise InputError(
                "[firewall.answers] decimals and top are not for gRPC",
                hint="Leave them out, or --grpc-listen.",
            )
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what clients do wrong is no news
        library = self._library = import_module("grpc")
        config = policy.config
        self._free = asyncio.Semaphore(config.upstream_connections)
        self._channel = self._channel_to(config)
        server = self._server = import_module("grpc.aio").server(
            handlers=(self,),
            options=_server_options(policy.most),
            maximum_concurrent_rpcs=_CALLS,
        )
        host, port = self.host, self.port
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            if config.tls is None:
                self.port = server.add_insecure_port(place)
            else:
                self.port = server.add_secure_port(place, _of_server(library, config.tls))
        except RuntimeError as error:
            raise InputError(
                f"cannot listen at {place} for gRPC", hint="Choose another --grpc-listen."
            ) from error
        await server.start()

    def _channel_to(self, config: FirewallConfig) -> Any:
        host, port = self._upstream.host, self._upstream.port
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        aio = import_module("grpc.aio")
        if not self._upstream.tls:
            return aio.insecure_channel(place, options=_CHANNEL)
        tls = config.upstream_tls or Tls()
        chain, key = _file(tls.certificate), _file(tls.key)
        credentials = self._library.ssl_channel_credentials(_file(tls.authorities), key, chain)
        return aio.secure_channel(place, credentials, options=_CHANNEL)

    def service(self, details: Any) -> Any:
        """Return what handles a call; gRPC asks for it by this name.

        One that a client streams to: it is begun before the message is there, so that a client
        who sends none is let go.
        """
        method = details.method

        async def handle(_: object, context: Any) -> bytes:
            self.proxy.asked_count += 1
            return await Call(self, method, context).serve()

        return self._library.stream_unary_rpc_method_handler(handle)

    def code(self, name: str) -> Any:
        """Return a status as the library has it."""
        return self._library.StatusCode[name]

    async def ask(
        self, method: str, message: bytes, seconds: float, metadata: Metadata
    ) -> tuple[str, str, bytes]:
        """Ask the server; return status, what it says, and the answer.

        Args:
            method: path of it.
            message: that is asked.
            seconds: that there is time for the answer, waiting for others included.
            metadata: that go with it.
        """
        if self._waiting >= self.proxy.policy.config.queue:
            return "UNAVAILABLE", "", b""
        end = self.proxy.now() + seconds
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            return "DEADLINE_EXCEEDED", "", b""
        finally:
            self._waiting -= 1
        try:
            left = max(0.0, end - self.proxy.now())
            ask = self._channel.unary_unary(method)
            return "OK", "", bytes(await ask(message, timeout=left, metadata=metadata))
        except self._library.RpcError as error:
            return error.code().name, error.details() or "", b""
        finally:
            self._free.release()

    async def end(self, seconds: float) -> None:
        """Take no new call; those whose message is there have so long to finish."""
        self.patience.end()
        if self._server is not None:
            with suppress(Exception):
                await self._server.stop(seconds)
        if self._channel is not None:
            with suppress(Exception):
                await self._channel.close()


def _server_options(most: int) -> tuple[tuple[str, int], ...]:
    """Return the bounds of a server; a message that is a little too large is refused by a rule."""
    return (
        *_COMMON,
        ("grpc.max_receive_message_length", most + (1 << 16)),
        ("grpc.max_concurrent_streams", _STREAMS),
        ("grpc.so_reuseport", 0),
        ("grpc.keepalive_permit_without_calls", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 30_000),
        ("grpc.http2.max_ping_strikes", 2),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.max_connection_idle_ms", 60_000),
        ("grpc.server_handshake_timeout_ms", 10_000),
    )


_CHANNEL = (
    *_COMMON,
    ("grpc.max_receive_message_length", _LARGEST_ANSWER),
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


def _of_server(library: Any, tls: Tls) -> Any:
    key, chain, authorities = _file(tls.key), _file(tls.certificate), _file(tls.authorities)
    return library.ssl_server_credentials(
        [(key, chain)], root_certificates=authorities, require_client_auth=authorities is not None
    )


def _file(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read {path}: {why}") from error
