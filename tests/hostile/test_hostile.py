"""Sets of samples beside those of single rules: what is harmful is caught, what is not passes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import modelwarden
from hostile.archives import ARCHIVES
from hostile.build import MEDIUM, Sample
from hostile.formats import FORMATS
from hostile.gadgets import GADGETS
from hostile.gadgets_more import GADGETS_MORE
from hostile.harmless import HARMLESS as HARMLESS_FIRST
from hostile.harmless_more import HARMLESS_MORE
from hostile.harmless_readers import HARMLESS_READERS
from hostile.harmless_texts import HARMLESS_TEXTS
from hostile.mechanisms import MECHANISMS
from hostile.mutated import HARMLESS_MUTATED, MUTATED
from hostile.python_roads import PYTHON_ROADS
from hostile.readers import READERS
from hostile.roads import ROADS
from hostile.strangers_again import HARMLESS_AGAIN, STRANGERS_AGAIN
from hostile.strangers_fifth import HARMLESS_FIFTH, STRANGERS_FIFTH
from hostile.strangers_models import STRANGERS_MODELS
from hostile.strangers_repository import STRANGERS_REPOSITORY
from hostile.strangers_sixth import HARMLESS_SIXTH, STRANGERS_SIXTH
from hostile.strangers_third import HARMLESS_THIRD, STRANGERS_THIRD
from hostile.wrappings import WRAPPINGS
from hostile.zips import ZIPS
from modelwarden.core import Outcome, Report, Severity

HARMFUL = (
    *(*GADGETS, *GADGETS_MORE, *ROADS, *MECHANISMS, *ZIPS, *ARCHIVES, *FORMATS, *WRAPPINGS),
    *(*STRANGERS_MODELS, *STRANGERS_REPOSITORY, *STRANGERS_AGAIN, *STRANGERS_THIRD, *READERS),
    *STRANGERS_FIFTH,
    *STRANGERS_SIXTH,
    *MUTATED,
    *PYTHON_ROADS,
)
HARMLESS = (
    *(
        *HARMLESS_FIRST,
        *HARMLESS_MORE,
        *HARMLESS_TEXTS,
        *HARMLESS_AGAIN,
        *HARMLESS_THIRD,
        *HARMLESS_FIFTH,
        *HARMLESS_SIXTH,
        *HARMLESS_READERS,
        *HARMLESS_MUTATED,
    ),
)


def scanned(sample: Sample, folder: Path) -> Report:
    path = folder / sample.file
    path.write_bytes(sample.build())
    for name, data in sample.beside.items():
        (folder / name).write_bytes(data)
    return modelwarden.scan(path)


def serious(report: Report) -> list[str]:
    limit = Severity.MEDIUM.rank
    return [
        f"{f.severity} {f.rule}: {f.message}" for f in report.findings if f.severity.rank <= limit
    ]


@pytest.mark.parametrize("sample", HARMFUL, ids=lambda s: s.name)
def test_a_harmful_file_is_caught(sample, tmp_path):
    report = scanned(sample, tmp_path)

    if sample.expect == MEDIUM:
        assert serious(report), [g.why for g in report.gaps]
    assert report.verdict is not None
    assert serious(report) or report.verdict.outcome is not Outcome.PASS


@pytest.mark.parametrize("sample", HARMLESS, ids=lambda s: s.name)
def test_a_harmless_file_passes(sample, tmp_path):
    report = scanned(sample, tmp_path)

    assert serious(report) == []
    assert [g.why for g in report.gaps] == []


def test_the_set_is_large_and_every_name_stands_once():
    assert len(HARMFUL) >= 150
    assert len(HARMLESS) >= 60
    assert {n for n, c in Counter(s.name for s in (*HARMFUL, *HARMLESS)).items() if c > 1} == set()
