"""`[firewall]`: how a firewall runs."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from modelwarden.core import ConfigError
from modelwarden.core.fields import Fields
from modelwarden.core.values import dataclass

_KEYS = (
    "client_header",
    "block_seconds",
    "watch_seconds",
    "request_seconds",
    "upstream_seconds",
    "heads",
    "head_key",
    "hash_key",
)
_TOKEN = re.compile(r"[A-Za-z0-9-]{1,64}")


class Mode(StrEnum):
    """What happens to a request that should be refused."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallConfig:
    """How a firewall runs.

    Attributes:
        client_header: header that names the client; None takes its address.
        block_seconds: how long a client is refused whose requests showed a pattern of attack.
        watch_seconds: between two looks at the watched files.
        request_seconds: that a client has for a whole request.
        upstream_seconds: that the server has for an answer.
        heads: file to which signed heads of the ledger go.
        head_key: private key of these.
        hash_key: key of the hashes in the ledger.
    """

    client_header: str | None = None
    block_seconds: float = 300.0
    watch_seconds: float = 10.0
    request_seconds: float = 10.0
    upstream_seconds: float = 30.0
    heads: Path | None = None
    head_key: Path | None = None
    hash_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the server is."""

    host: str
    port: int
    tls: bool


def load_config(path: Path | None) -> FirewallConfig:
    """Read the section `[firewall]` of a file; None gives the defaults.

    Raises:
        ConfigError: it cannot be read or used.
    """
    if path is None:
        return FirewallConfig()
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read {path}: {why}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no TOML: {str(error)[:100]}") from error
    return _config(Fields(document, str(path), failure=ConfigError).section("firewall"))


def _config(fields: Fields) -> FirewallConfig:
    fields.only(_KEYS)
    default = FirewallConfig()
    header = fields.text("client_header")
    if header is not None and not _TOKEN.fullmatch(header):
        raise fields.error("client_header", "is no name of a header")
    return FirewallConfig(
        client_header=None if header is None else header.lower(),
        block_seconds=_seconds(fields, "block_seconds", default.block_seconds),
        watch_seconds=_seconds(fields, "watch_seconds", default.watch_seconds),
        request_seconds=_seconds(fields, "request_seconds", default.request_seconds),
        upstream_seconds=_seconds(fields, "upstream_seconds", default.upstream_seconds),
        heads=_path(fields, "heads"),
        head_key=_path(fields, "head_key"),
        hash_key=_path(fields, "hash_key"),
    )


def _seconds(fields: Fields, key: str, default: float) -> float:
    value = fields.number(key)
    if value is None:
        return default
    if value < 0 or (value == 0 and key != "block_seconds"):
        raise fields.error(key, "must be greater than 0")
    return value


def _path(fields: Fields, key: str) -> Path | None:
    name = fields.text(key)
    return None if name is None else Path(name)


def upstream_of(url: str) -> Upstream:
    """Return where a URL leads.

    Raises:
        ConfigError: it is no http or https URL of a host alone.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address of a server") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ConfigError(f"{url!r} is no address of a server", hint="Write http://host:port")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} names more than a host and a port")
    tls = parts.scheme == "https"
    return Upstream(parts.hostname, port or (443 if tls else 80), tls)


def listen_of(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`.

    Raises:
        ConfigError: it is something else.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"{text!r} is no address to listen at", hint="Write 127.0.0.1:8080")
    return host.strip("[]"), int(port)
