"""The rules of engagement: which hosts may be asked, and that nothing leads elsewhere."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from modelwarden.core import ConfigError
from modelwarden.core.values import dataclass
from modelwarden.targets.http.connection import Address, is_name_of_here, parse_address

if TYPE_CHECKING:
    from modelwarden.core.fields import Fields

_HERE = "<loopback>"  # no name that a resolver knows
_WORD = "loopback"  # how a list of hosts may say it


@dataclass(frozen=True, slots=True)
class Scope:
    """The one address that is asked, and the hosts that were allowed."""

    address: Address
    hosts: tuple[str, ...]


def check_scope(fields: Fields, url: str) -> Scope:
    """Return where a target is, when the rules allow it.

    Loopback needs no permission of its own unless hosts are listed; any other host must be listed.

    Raises:
        InputError: the address is none, or its host is outside the rules.
    """
    try:
        return scope_of(url, fields.texts("allowed_hosts"))
    except ConfigError as error:
        message = error.message.replace("[model] url", fields.at("url"))
        raise fields.failure(f"{fields.source}: {message}", hint=error.hint) from error


def scope_of(url: str, listed: tuple[str, ...]) -> Scope:
    """Return where an address is, when these hosts allow it; without any, loopback alone is.

    Raises:
        ConfigError: the address is none, or its host is outside the rules.
    """
    address = parse_address(url)
    allowed = {_HERE if host == _WORD else _plain(host) for host in listed} or {_HERE}
    host = _plain(address.host)
    if host not in allowed and f"{host}:{address.port}" not in allowed:
        shown = ", ".join(listed) or "loopback only"
        raise ConfigError(
            f"[model] url = {url!r}: {address.host} is outside the rules of engagement ({shown})",
            hint="List it in allowed_hosts if the authorisation covers it.",
        )
    return Scope(address, listed)


def is_here(host: str) -> bool:
    """Tell whether a host is this machine, by its spelling alone."""
    return _plain(host) == _HERE


def _plain(host: str) -> str:
    """Return a host in one spelling; all names of this machine are one host.

    An address with a dot behind it is none: it is a name, and a resolver says where it leads.

    >>> _plain("LOCALHOST"), _plain("[::1]"), _plain("127.0.0.1:80"), _plain("Model.example.")
    ('<loopback>', '<loopback>', '<loopback>:80', 'model.example')
    >>> _plain("127.0.0.1.")
    '127.0.0.1.'
    """
    name, port = host.strip().lower(), ""
    if name.startswith("["):
        name, _, port = name[1:].partition("]")
        port = port.lstrip(":")
    elif name.count(":") == 1:
        name, _, port = name.partition(":")
    end = f":{port}" if port else ""
    if name.endswith(".") and not _is_address(name.rstrip(".")):
        name = name.rstrip(".")
    if is_name_of_here(name):
        return f"{_HERE}{end}"
    here = _is_address(name) and ipaddress.ip_address(name).is_loopback
    return f"{_HERE}{end}" if here else f"{name}{end}"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
