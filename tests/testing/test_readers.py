"""The suite for readers catches readers that break their promises."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from modelwarden.core import GapKind
from modelwarden.formats import LimitExceededError, Limits, Source, View
from modelwarden.formats.view import gap
from modelwarden.testing import check_reader

SAMPLE = b"LINE" + bytes(range(60))


@dataclass
class Reader:
    """Reads `LINE` and what follows; `fault` says which promise it breaks."""

    fault: str = ""
    calls: itertools.count = field(default_factory=itertools.count)

    def sniff(self, source: Source) -> bool:
        return source.head[:4] == b"LINE" and self.fault != "blind"

    def read(self, source: Source, limits: Limits) -> View:
        head = source.read(0, 4)
        if self.fault == "raises" and head != b"LINE":
            raise ValueError("no line")
        if self.fault == "greedy":
            source.read(0, source.size)
        why = f"read {next(self.calls)} times" if self.fault == "moody" else "not a line"
        gaps = () if head == b"LINE" and self.fault != "moody" else (gap(source, why),)
        try:
            limits.spend(operations=source.size)
        except LimitExceededError as error:
            if self.fault == "silent":
                return View(source=source, format="short")
            gaps = (gap(source, str(error), GapKind.OVER_LIMIT),)
        return View(source=source, format="line", gaps=gaps)


def test_an_honest_reader_keeps_its_promises():
    check_reader(Reader(), [SAMPLE])


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("blind", "sample 0 is not recognised"),
        ("raises", "ValueError: no line, on 0 bytes"),
        ("moody", "two readings differ"),
        ("silent", "no gap says so"),
    ],
)
def test_a_broken_promise_is_named(fault, told):
    with pytest.raises(AssertionError, match=told):
        check_reader(Reader(fault), [SAMPLE])


def test_more_at_once_than_the_limit_is_asked_by_no_honest_reader():
    large = SAMPLE + bytes(70_000)

    check_reader(Reader(), [large], rounds=0)
    with pytest.raises(AssertionError, match="70064 bytes at once of 65536"):
        check_reader(Reader("greedy"), [large], rounds=0)


def test_a_suite_without_samples_would_prove_nothing():
    with pytest.raises(AssertionError, match="samples"):
        check_reader(Reader(), [])
