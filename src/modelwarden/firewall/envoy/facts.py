"""What an Envoy says beside a request: who asked, and who answered.

Source: Envoy's documentation, "Attributes" and "Response code details".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto

from modelwarden.firewall.addresses import host_in

ADDRESS, SUBJECT = "source.address", "connection.subject_peer_certificate"
DETAILS = "response.code_details"
_NO_ANSWER = (
    "upstream_", "response_timeout", "no_healthy_upstream", "cluster_not_found",
    "maintenance_mode", "drop_overload",
)  # fmt: skip
_PART = re.compile(r"(?:\\.|[^\\,+])+")
_ESCAPED = re.compile(r"\\(?:([0-9A-Fa-f]{2})|(.))")


class From(Enum):
    """Who answered."""

    SERVER = auto()
    NOBODY = auto()
    """The server did not, and Envoy tells so."""
    LARGE = auto()
    """Envoy, to a request that is larger than it holds."""
    SLOW = auto()
    """Envoy, to a request that did not come whole in time."""
    ENVOY = auto()
    """Another filter, or a route."""
    UNSAID = auto()


def answered_by(attributes: Mapping[str, str]) -> From:
    """Return who gave an answer."""
    details = attributes.get(DETAILS, "")
    if not details:
        return From.UNSAID
    if details == "via_upstream":
        return From.SERVER
    if details.startswith("request_payload_too_large"):
        return From.LARGE
    if details.startswith("request_overall_timeout"):
        return From.SLOW
    return From.NOBODY if details.startswith(_NO_ANSWER) else From.ENVOY


def failure(status: int, attributes: Mapping[str, str]) -> int:
    """Return the status that the proxy would give where the server did not answer.

    Args:
        status: that Envoy gives.
        attributes: of the answer.
    """
    if status == 504:
        return status
    return 503 if "overflow" in attributes.get(DETAILS, "") else 502


def address_in(attributes: Mapping[str, str]) -> str:
    """Return the address of a client; "local" where it is not told."""
    return host_in(attributes.get(ADDRESS, ""))


def name_in(attributes: Mapping[str, str]) -> str | None:
    """Return the first common name of a client's certificate; None without one."""
    return common_name(attributes.get(SUBJECT, ""))


def common_name(subject: str) -> str | None:
    """Return the first common name of a subject as RFC 2253 writes it, the last part first."""
    found = ""
    for part in _PART.findall(subject):
        kind, equals, value = part.partition("=")
        if equals and kind.strip().upper() == "CN":
            found = value
    plain = _ESCAPED.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], found)
    return plain.strip()[:256] or None
