"""What both gRPC sides of the firewall share: where they listen, and how long they wait."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from importlib import import_module
from pathlib import Path
from typing import Any

from modelwarden.core import ConfigError, InputError
from modelwarden.firewall.config import Tls

METADATA = 16 << 10
_PLAIN_ONLY = 1  # of the bits of compression algorithms
COMMON = (
    ("grpc.compression_enabled_algorithms_bitset", _PLAIN_ONLY),
    ("grpc.max_metadata_size", METADATA),
    ("grpc.absolute_max_metadata_size", METADATA),
    ("grpc.max_send_message_length", -1),
)
_SERVER = (
    *COMMON,
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


def library() -> Any:
    """Return the package `grpc`, which is quiet: what clients do wrong is no news."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return import_module("grpc")


def server_of(handler: object, *, largest: int, streams: int, calls: int | None = None) -> Any:
    """Return a server of one handler.

    Args:
        handler: is asked `service(details)`.
        largest: bytes of a message.
        streams: calls at once of one connection; more are refused by gRPC itself.
        calls: of all connections, likewise; None for any number.
    """
    options = (
        *_SERVER,
        ("grpc.max_concurrent_streams", streams),
        ("grpc.max_receive_message_length", largest),
    )
    return import_module("grpc.aio").server(
        handlers=(handler,), options=options, maximum_concurrent_rpcs=calls
    )


def bind(server: Any, place: tuple[str, int], tls: Tls | None, option: str) -> int:
    """Bind a server; return its port.

    Args:
        server: of `server_of`.
        place: host and port; 0 takes a free one.
        tls: towards clients; None for none.
        option: of the command, that names the place.

    Raises:
        InputError: the port is in use or not allowed, or a certificate cannot be used.
    """
    address = address_of(*place)
    try:
        if tls is None:
            return int(server.add_insecure_port(address))
        return int(server.add_secure_port(address, _credentials(tls)))
    except RuntimeError as error:
        raise InputError(
            f"cannot listen at {address} for gRPC", hint=f"Choose another {option}."
        ) from error


def address_of(host: str, port: int) -> str:
    """Return an address as gRPC spells it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_in(place: str) -> str:
    """Return the address in one with a port, as sockets have it; "local" where it is none."""
    host = place.rpartition(":")[0].strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or "local"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _credentials(tls: Tls) -> Any:
    key, chain, authorities = (
        bytes_in(tls.key),
        bytes_in(tls.certificate),
        bytes_in(tls.authorities),
    )
    return library().ssl_server_credentials(
        [(key, chain)], root_certificates=authorities, require_client_auth=authorities is not None
    )


def bytes_in(path: Path | None) -> bytes | None:
    """Return what a file holds; None for none.

    Raises:
        ConfigError: it cannot be read.
    """
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read {path}: {why}") from error


class Patience:
    """Waits for messages that have not come; where too many wait, the one that is slowest goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[asyncio.Timeout, None] = {}

    async def message(self, context: Any, seconds: float) -> object:
        """Return the next message of a call, which its client has so long for.

        Raises:
            TimeoutError: it does not come.
        """
        if len(self._waiting) >= self._most:
            self._let_go(next(iter(self._waiting)))
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                self._waiting[limit] = None
                return await context.read()
        finally:
            self._waiting.pop(limit, None)

    def end(self) -> None:
        """Let all go."""
        for limit in list(self._waiting):
            self._let_go(limit)

    def _let_go(self, limit: asyncio.Timeout) -> None:
        del self._waiting[limit]
        if not limit.expired():
            limit.reschedule(0.0)
