"""The few scripts that edits put into pages, and their exact reading.

Each is known to the proof by its whole text, so that what it does can be worked out without
running anything. Each removes itself before it acts: what remains is the tree that the page had.
Strings are written backwards, or in percent form, and every character that could end them is
written as a number.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

_BACK = '"((?:[^"\\\\<>\\r\\n\\u2028\\u2029]|\\\\x[0-9a-f]{2}|\\\\u[0-9a-f]{4})*)"'
_TURN = r'\.split\(""\)\.reverse\(\)\.join\(""\)'
_NAME = r'"([a-z-]+)"'
# What is not written as it is.
_WRITTEN = re.compile(r"[^ -~]|[\"\\<>&']")
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})")

WRITE = re.compile(
    r'<script>\(d=>\{d\.currentScript\.remove\(\);d\["wri"\+"te"\]\('
    + _BACK
    + _TURN
    + r"\)\}\)\(document\)</script>"
)
WRITE_PERCENT = re.compile(
    r"<script>document\.currentScript\.remove\(\);"
    r'document\.write\(decodeURIComponent\("((?:%[0-9A-F]{2})*)"\)\)</script>'
)
SET = re.compile(
    r"\(s=>\{s\.(parentNode|previousElementSibling)\.setAttribute\("
    + _NAME
    + ","
    + _BACK
    + _TURN
    + r"\);s\.remove\(\)\}\)\(document\.currentScript\)"
)
SET_AT_LOAD = re.compile(
    r'\(s=>\{let e=s\.parentNode;addEventListener\("load",\(\)=>e\.setAttribute\('
    + _NAME
    + ","
    + _BACK
    + _TURN
    + r"\)\);s\.remove\(\)\}\)\(document\.currentScript\)"
)
UNCOMMENT = re.compile(
    r"\(s=>\{s\.previousSibling\.remove\(\);s\.remove\(\)\}\)\(document\.currentScript\)"
)
TITLE = re.compile(
    r"\(d=>\{d\.currentScript\.remove\(\);d\.title=" + _BACK + _TURN + r"\}\)\(document\)"
)


def backwards(text: str) -> str:
    """Return the inside of a string literal that holds a text from its end to its start."""
    # A script turns units of 16 bits round: little-endian bytes from the end are those, big-endian.
    data = text.encode("utf-16-le", "surrogatepass")[::-1]
    return _WRITTEN.sub(_escaped, data.decode("utf-16-be", "surrogatepass"))


def _escaped(match: re.Match[str]) -> str:
    data = match[0].encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    return "".join(f"\\x{u:02x}" if u < 0x100 else f"\\u{u:04x}" for u in units)


def forwards(literal: str) -> str:
    """Return the text that the inside of a literal holds, as the script will have it."""
    units = _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)), literal)
    data = units.encode("utf-16-be", "surrogatepass")[::-1]
    return data.decode("utf-16-le", "surrogatepass")


def write(html: str) -> str:
    """Return a script that writes a piece of a page where it stands."""
    return (
        f'<script>(d=>{{d.currentScript.remove();d["wri"+"te"]("{backwards(html)}"'
        '.split("").reverse().join(""))})(document)</script>'
    )


def write_percent(html: str) -> str:
    """Return the same in percent form, the plain way."""
    data = html.encode("utf-8", "replace")
    coded = "".join(f"%{byte:02X}" for byte in data)
    return (
        "<script>document.currentScript.remove();"
        f'document.write(decodeURIComponent("{coded}"))</script>'
    )


def from_percent(coded: str) -> str:
    """Return what percent form holds; what is no UTF-8 raises, as it does in a browser."""
    return unquote(coded, "utf-8", "strict")


def set_parent(name: str, value: str) -> str:
    """Return a script that sets an attribute of the element in which it stands."""
    return _set("parentNode", name, value)


def set_previous(name: str, value: str) -> str:
    """Return a script that sets an attribute of the element before it."""
    return _set("previousElementSibling", name, value)


def _set(whose: str, name: str, value: str) -> str:
    return (
        f'<script>(s=>{{s.{whose}.setAttribute("{name}","{backwards(value)}"'
        '.split("").reverse().join(""));s.remove()})(document.currentScript)</script>'
    )


def set_at_load(name: str, value: str) -> str:
    """Return a script that sets an attribute of the element around it once the page has loaded."""
    return (
        '<script>(s=>{let e=s.parentNode;addEventListener("load",()=>e.setAttribute('
        f'"{name}","{backwards(value)}".split("").reverse().join("")));s.remove()}})'
        "(document.currentScript)</script>"
    )


def swallowed(html: str) -> str:
    """Return a piece that is a comment where scripts run, and is gone once it was read."""
    return (
        f"{write('<!--')}{html}-->"
        "<script>(s=>{s.previousSibling.remove();s.remove()})(document.currentScript)</script>"
    )


def set_title(title: str) -> str:
    """Return a script that sets the title of the page."""
    return (
        f'<script>(d=>{{d.currentScript.remove();d.title="{backwards(title)}"'
        '.split("").reverse().join("")})(document)</script>'
    )


def data_script(code: str) -> str:
    """Return the address of a script that holds its own code."""
    return "data:text/javascript;charset=utf-8," + quote(code, safe="")


def from_data_script(url: str) -> str | None:
    """Return the code in such an address; None where it is another."""
    start = "data:text/javascript;charset=utf-8,"
    if not url.startswith(start):
        return None
    try:
        return unquote(url[len(start) :], "utf-8", "strict")
    except UnicodeDecodeError:
        return None
