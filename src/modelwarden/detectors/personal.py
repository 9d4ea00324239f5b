"""Personal data in texts: forms that carry a check digit are checked, others must come often.

Nothing that is found leaves this module but its kind, its row and its shape: letters as `a`, digits
as `9`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelwarden.targets.frames import Column

_LONGEST = 5000
_MOST_ROWS = 50_000
_FEW, _SHARE = 3, 0.0005
_PASSING = 0.6  # of the numbers in the form of a card that must pass the check


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """One kind of personal data in a column.

    Attributes:
        kind: `e-mail address`, `phone number`, `IBAN`, `card number` or a national number.
        rows: that hold it. n: rows that were looked at. shape: of the first one.
    """

    kind: str
    rows: tuple[int, ...]
    n: int
    shape: str


def luhn(digits: str) -> bool:
    """Tell whether the last digit checks the others (ISO/IEC 7812-1).

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if i % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Tell whether the check digits of an account number hold (ISO 13616).

    >>> iban("GB82 WEST 1234 5698 7654 32"), iban("GB83 WEST 1234 5698 7654 32")
    (True, False)
    """
    plain = re.sub(r"\s", "", text).upper()
    turned = plain[4:] + plain[:4]
    if not turned.isalnum() or not turned.isascii():
        return False
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(set(digits)) > 1 and luhn(digits)


def _spanish(text: str) -> bool:
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(text[:8]) % 23] == text[-1].upper()


def _french(text: str) -> bool:
    digits = re.sub(r"\s", "", text)
    return int(digits[:13]) % 97 == 97 - int(digits[13:])


def _always(_: str) -> bool:
    return True


# kind, form, check, whether one row is enough because the check leaves nothing to chance.
_FORMS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool], bool], ...] = (
    (
        "e-mail address",
        re.compile(
            r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b"
        ),
        _always,
        True,
    ),
    (
        "IBAN",
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        iban,
        True,
    ),
    (
        "card number",
        re.compile(
            r"(?<![\d.-])(?:4\d{3}|5[1-5]\d\d|3[47]\d\d|6(?:011|5\d\d))"
            r"(?:[ -]?\d{3,6}){2,3}(?![\d.-])"
        ),
        _card,
        False,
    ),
    (
        "social security number (US)",
        re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
        _always,
        False,
    ),
    (
        "national insurance number (UK)",
        re.compile(r"\b(?![DFIQUV])[A-Z](?![DFIOQUV])[A-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b"),
        _always,
        False,
    ),
    ("identity number (Spain)", re.compile(r"\b\d{8}-?[A-Za-z]\b"), _spanish, False),
    (
        "social security number (France)",
        re.compile(r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\d)"),
        _french,
        False,
    ),
    (
        "phone number",
        re.compile(
            r"(?<![\w.+-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}"
            r"|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-])"
        ),
        lambda text: 8 <= len(re.sub(r"\D", "", text)) <= 15,
        False,
    ),
)


def personal_data(texts: Column) -> Iterator[Personal]:
    """Yield the kinds of personal data in a column (n,) of texts."""
    known = [
        (row, value[:_LONGEST])
        for row, value in enumerate(texts[:_MOST_ROWS].tolist())
        if isinstance(value, str) and any(c.isdigit() or c == "@" for c in value[:_LONGEST])
    ]
    n = min(len(texts), _MOST_ROWS)
    for kind, form, holds, sure in _FORMS:
        rows: dict[int, str] = {}
        met = passed = 0
        for row, text in known:
            for match in form.finditer(text):
                met += 1
                if holds(match[0]):
                    passed += 1
                    rows.setdefault(row, match[0])
        least = 1 if sure else max(_FEW, _SHARE * n)
        # Of numbers at random a tenth passes the check of a card; an identity letter, a 23rd.
        if len(rows) < least or passed < _PASSING * met:
            continue
        first = next(iter(rows.values()))
        yield Personal(kind=kind, rows=tuple(rows), n=n, shape=shape_of(first))


def shape_of(text: str) -> str:
    """Return a text with its letters and digits hidden.

    >>> shape_of("Jo.Doe@mail.org")
    'aa.aaa@aaaa.aaa'
    """
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in text[:40])
