"""The lists: every entry has its reason, none contradicts another, every module is decided."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from modelwarden.artifacts.known.allowed import PRODUCERS, Allow, entries_of
from modelwarden.artifacts.known.danger_libraries import LIBRARY_DANGERS
from modelwarden.artifacts.known.danger_stdlib import STDLIB_DANGERS
from modelwarden.artifacts.known.libraries import LIBRARIES, PLAIN_STDLIB
from modelwarden.artifacts.known.names import spellings

PRODUCER_MODULES = sorted(set(PRODUCERS.values()))


def entries(producer: str) -> list[tuple[str, str, Allow]]:
    exact, patterns = entries_of(producer)
    return [*((m, n, entry) for (m, n), entry in exact.items()), *patterns]


@pytest.mark.parametrize("producer", PRODUCER_MODULES)
def test_every_entry_of_an_allow_list_says_why(producer: str):
    for module, name, entry in entries(producer):
        assert len(entry.reason.split()) >= 2, f"{module}.{name}"
        assert entry.kinds


@pytest.mark.parametrize("producer", PRODUCER_MODULES)
def test_a_producer_lists_only_what_is_looked_up_there(producer: str):
    for module, name, _ in entries(producer):
        top = module.partition(".")[0].partition("*")[0]
        assert PRODUCERS.get(top, "python") == producer, f"{module}.{name} is never found"


@pytest.mark.parametrize("producer", PRODUCER_MODULES)
def test_nothing_is_both_allowed_and_dangerous_by_name(producer: str):
    for module, name, entry in entries(producer):
        if "*" in module or "*" in name:
            continue
        for spelled in spellings(module, name):
            path = ".".join(spelled)
            stored_only = path in {"operator.itemgetter"} or path.startswith("builtins.")
            if len(entry.kinds) == 3 or not stored_only:
                assert path not in STDLIB_DANGERS, path
            assert path not in LIBRARY_DANGERS, path


@pytest.mark.parametrize("table", [STDLIB_DANGERS, LIBRARY_DANGERS])
def test_every_danger_has_its_reason(table: dict[str, str]):
    assert all(reason and path for path, reason in table.items())


def test_every_module_of_the_standard_library_is_decided():
    decided = {*STDLIB_DANGERS, *PLAIN_STDLIB}

    undecided = {
        name
        for name in sys.stdlib_module_names
        if not decided.intersection(module for module, _ in spellings(name, "x"))
    }

    assert undecided == set()


def test_no_module_is_both_plain_and_dangerous():
    assert PLAIN_STDLIB & STDLIB_DANGERS.keys() == set()
    assert LIBRARIES.keys() & LIBRARY_DANGERS.keys() == set()


def test_the_lists_are_imported_only_for_the_libraries_that_a_file_names():
    code = (
        "import sys; from modelwarden.artifacts.known import judge;"
        "from modelwarden.core import UseKind; judge('numpy', 'dtype', UseKind.CALLED);"
        "print(sorted(m.rpartition('.')[2] for m in sys.modules if '.known.allow.' in m))"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == "['numpy']"


def test_judging_is_fast_enough_for_hundreds_of_thousands_of_uses():
    from modelwarden.artifacts.known import judge
    from modelwarden.core import UseKind

    judge("numpy", "dtype", UseKind.CALLED)
    began = time.process_time()
    for _ in range(20_000):
        judge("numpy", "dtype", UseKind.CALLED)

    assert time.process_time() - began < 0.2
