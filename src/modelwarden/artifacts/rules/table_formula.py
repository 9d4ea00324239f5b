"""`table-formula`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.core.patterns import lazily
from modelwarden.formats.plaintext import PlainText

_PIECE = 1 << 20
_OVERLAP = 1 << 10
_MOST = 20
_SIGN = rb"(?:^|[,;\t\n\r|\"'])[ \t]*[=+\-@]"
_WITHIN = rb"[^\n\r]{0,200}?"
# A program that is started by data exchange, or a function that sends or fetches.
_FORMULAS = tuple(
    re.compile(_SIGN + _WITHIN + tail, re.IGNORECASE)
    for tail in (
        rb"\b(?:cmd|msexcel|rundll32|powershell|mshta|[wc]script|regsvr32|sh|bash)(?:\.exe)?[ ]*\|",
        rb"\b(?:WEBSERVICE|IMPORT(?:XML|DATA|FEED|HTML|RANGE)|DDE|REGISTER\.ID|CALL|EXEC)[ ]*\(",
        rb"\bHYPERLINK[ ]*\([^\n\r]{0,200}?(?:&|CONCAT)",
        rb"\bIMAGE[ ]*\([^\n\r]{0,200}?&",
    )
)
_WORDS = lazily(
    rb"\|[ ]*['\"/ ]|WEBSERVICE|IMPORT|HYPERLINK|\bDDE|REGISTER|\bCALL|\bEXEC|FILTERXML|IMAGE",
    re.IGNORECASE,
)


@rule(
    "table-formula",
    title="A cell of a table is a formula that runs, sends or fetches",
    severity=Severity.MEDIUM,
    reads=PlainText,
    confidence=Confidence.MEDIUM,
    references=("CWE-78", "CWE-506"),
    weakness="custom_code_in_model",
)
def table_formula(table: PlainText) -> Iterator[Hit]:
    """Flag cells of CSV and TSV files that start programs, or carry other cells to an address.

    Why: a spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula: opened
    there, the table starts a program by data exchange, or sends what stands in it.

    Fix: do not open the file in a spreadsheet; put a quote in front of such cells.

    Blind spot: formulas that only calculate are left out.
    """
    if table.format not in ("csv", "tsv") and not table.source.label.lower().endswith(
        (".csv", ".tsv")
    ):
        return
    for at, shown in islice(_formulas(table), _MOST):
        yield Hit(f"a cell holds the formula {shown!r}", Evidence(at, {"cell": shown}))


def _formulas(table: PlainText) -> Iterator[tuple[int, str]]:
    source, seen = table.source, -1
    for at in range(0, source.size, _PIECE):
        piece = source.read(at, _PIECE + _OVERLAP)
        if b"\0" in piece[:64] or not _WORDS.search(piece):
            continue
        places = sorted((m.start(), m) for form in _FORMULAS for m in form.finditer(piece))
        for start, found in places:
            if at + start > seen:
                seen = at + found.end()
                yield at + start, found[0].decode("utf-8", "replace").strip()[:100]
