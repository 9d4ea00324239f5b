"""Addresses of clients, as other libraries write them."""

from __future__ import annotations

import ipaddress


def host_in(place: str) -> str:
    """Return the address in one with a port, as sockets have it; "local" where there is none."""
    host = place.rpartition(":")[0].strip("[]")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host or "local"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
