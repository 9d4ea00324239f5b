import sys
from types import ModuleType

import pytest

from modelwarden.formats import Limits, Source, View, identify
from modelwarden.formats import identify as identify_function
from modelwarden.formats.catalog import Format, Mark
from modelwarden.formats.identify import reader_of


class Claims:
    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def sniff(self, source: Source) -> bool:
        return self.answer

    def read(self, source: Source, limits: Limits) -> View:
        return View(source=source, format="x")


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch):
    module = ModuleType("fake_formats")
    module.YES = Claims(True)  # type: ignore[attr-defined]
    module.NO = Claims(False)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fake_formats", module)

    def use(*entries: Format) -> None:
        home = sys.modules[identify_function.__module__]
        monkeypatch.setattr(home, "FORMATS", entries)
        home._index.cache_clear()

    yield use
    sys.modules[identify_function.__module__]._index.cache_clear()


def test_a_format_may_be_a_value_in_a_module_of_several():
    assert reader_of(Format("limits", "modelwarden.formats.limits:Limits", "x")) is Limits


def test_a_polyglot_is_every_format_that_claims_it(catalogue):
    first, second = Format("a", "fake_formats:YES", "A"), Format("b", "fake_formats:YES", "B")
    catalogue(first, Format("c", "fake_formats:NO", "C"), second)

    assert identify(Source("f", b"x")) == (first, second)


def test_a_last_format_is_asked_only_when_none_claimed_before(catalogue):
    first = Format("a", "fake_formats:YES", "A", (Mark(b"yes"),))
    last = Format("z", "fake_formats:YES", "Z", last=True)
    catalogue(first, last)

    assert identify(Source("f", b"yes")) == (first,)
    assert identify(Source("f", b"no")) == (last,)


def test_a_format_of_a_family_is_not_asked_itself_but_may_be_expected(catalogue):
    dialect = Format("d", "fake_formats:YES", "D", of="a")
    catalogue(dialect)

    assert identify(Source("f", b"x")) == ()
    assert identify(Source("f", b"x", expect="d")) == (dialect,)
