"""What all forms of a bill of materials share: time, identity, texts, links."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modelwarden.core import InputError, encode
from modelwarden.report.escape import json_text, shown

if TYPE_CHECKING:
    from modelwarden.core import Json, Measurement

Node = dict[str, "Json"]

_VARIABLE = "SOURCE_DATE_EPOCH"
_LATEST = 253402300799  # the last second of the year 9999
EPOCH = "1970-01-01T00:00:00Z"

_PLACES = (
    ("CVE-", "NVD", "https://nvd.nist.gov/vuln/detail/"),
    ("GHSA-", "GitHub Advisory Database", "https://github.com/advisories/"),
    ("PYSEC-", "PyPA Advisory Database", "https://osv.dev/vulnerability/"),
)


def made_at() -> str | None:
    """Return the time that `SOURCE_DATE_EPOCH` gives; without it documents have none.

    Raises:
        InputError: it is no number of seconds.
    """
    text = os.environ.get(_VARIABLE)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > _LATEST:
        raise InputError(f"{_VARIABLE} is no number of seconds: {shown(text, 40)}")
    return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(document: Node) -> str:
    """Return an identifier that follows from the content, so the same content has the same."""
    data = json.dumps(encode(document), sort_keys=True, ensure_ascii=True).encode()
    digest = bytearray(hashlib.sha256(data).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # version 8, of one's own making: RFC 9562, section 5.8
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def source_of(name: str) -> Node:
    """Return who published an advisory, by its id, and where it can be read."""
    for start, owner, place in _PLACES:
        if name.startswith(start):
            return {"name": owner, "url": f"{place}{name}"}
    return {"name": "OSV", "url": f"https://osv.dev/vulnerability/{name}"}


def number(value: float | None) -> str:
    """Return a number as text, the same on every machine; empty for none."""
    return "" if value is None else repr(float(value))


def slice_of(measurement: Measurement) -> str:
    """Return the group or slice of a measurement as text; empty for all."""
    group = measurement.group
    if group is None:
        return ""
    if isinstance(group, str):
        return shown(group, 300)
    return shown(json.dumps(encode(group), sort_keys=True, ensure_ascii=False), 300)


def written(document: Node) -> str:
    """Return the document as text, with nothing in it that a terminal obeys."""
    return json_text(document, indent=2) + "\n"
