"""What a changed address must be: one that a browser opens, at the same owner's."""

from __future__ import annotations

import re

from modelwarden.attacks.urls.parts import Address, address_of

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/|\[\]-]|%[0-9A-Fa-f]{2})*")
_LONGEST, _LONGEST_HOST = 2048, 253


def broken(before: str, after: str) -> tuple[str, ...]:
    """Return what does not hold of a changed address; empty where it is valid and of one owner."""
    old, new = address_of(before), address_of(after)
    wrong = []
    if len(after) > max(_LONGEST, len(before)):
        wrong.append(f"longer than {_LONGEST} characters")
    if new.scheme not in ("http", "https"):
        wrong.append("neither http nor https")
    if _owner(old) != _owner(new):
        wrong.append("another owner's")
    wrong += _host(new, old)
    kept = (old.path, old.query, old.fragment)
    for name, part in (("path", new.path), ("query", new.query), ("fragment", new.fragment)):
        if part not in kept and not _PATH.fullmatch(part.replace("?", "")):
            wrong.append(f"the {name} holds a character that must be written in percent form")
    return tuple(wrong)


def _owner(address: Address) -> str:
    """Return who answers: the registered domain, or the number of the machine."""
    if address.host.isdigit():
        value = int(address.host)
        if value < 1 << 32:
            return ".".join(str(byte) for byte in value.to_bytes(4, "big"))
    return address.domain


def _host(new: Address, old: Address) -> list[str]:
    if new.host == old.host or new.host.isdigit() or new.is_number:
        return []
    wrong = []
    if len(new.host) > _LONGEST_HOST:
        wrong.append(f"the host is longer than {_LONGEST_HOST} characters")
    for label in new.labels:
        if label in old.labels:
            continue
        if not _LABEL.fullmatch(label):
            wrong.append(f"{label!r} is no name of a host")
        elif label.startswith("xn--"):
            try:
                label[4:].encode("ascii").decode("punycode")
            except UnicodeError:
                wrong.append(f"{label!r} is no name in punycode")
        elif label[2:4] == "--":
            wrong.append(f"{label!r} is reserved")
    return wrong
