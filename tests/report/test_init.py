from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings

from modelwarden.core import Report, UnknownNameError
from modelwarden.report import FORMATS, render

from . import golden, samples
from .strategies import build

SUFFIX = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif",
    "junit": "xml",
    "markdown": "md",
    "gitlab": "json",
    "html": "html",
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("sample", ["telling", "clean", "assessed"])
def test_a_document_is_what_it_was(name, sample):
    document = render(getattr(samples, sample)(), name)

    if name == "html":  # the style sheet stands in its own file; it need not stand here again
        document = re.sub(r"(?s)<style>.*</style>", "<style></style>", document)
        document = re.sub(r"'sha256-[^']*'", "'sha256-…'", document)
    golden.check(f"{sample}-{name}.{SUFFIX[name]}", document)


@pytest.mark.parametrize("name", FORMATS)
def test_a_document_is_the_same_each_time_and_ends_in_a_line_break(name):
    first = render(samples.telling(), name)

    assert first == render(samples.telling(), name)
    assert first.endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_in_every_field_never_reaches_a_terminal(name, text):
    document = render(samples.hostile(text), name)

    assert not {c for c in document if c in samples.FORBIDDEN}
    assert document.encode()


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"json"}))
def test_ten_megabytes_in_every_field_make_a_short_document(name):
    document = render(samples.hostile("x" * 10_000_000), name)

    assert len(document) < 300_000


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(report=build(Report))
def test_any_report_at_all_has_a_document(name, report):
    document = render(report, name)

    assert not {c for c in document if c in samples.FORBIDDEN}


def test_the_json_keeps_a_long_message_whole():
    message = "x" * 10_000_000

    assert message in render(samples.telling_with(message), "json")


def test_an_unknown_format_names_the_nearest_known_one():
    with pytest.raises(UnknownNameError) as caught:
        render(samples.clean(), "jsno")

    assert caught.value.nearest == "json"


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"html"}))
def test_only_html_imports_jinja_and_only_a_terminal_imports_rich(name):
    code = (
        "import sys, samples; from modelwarden.report import render\n"
        f"render(samples.telling(), {name!r})\n"
        "assert not {'jinja2', 'rich', 'click', 'yaml'} & set(sys.modules), 'heavy import'"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=samples.__file__.rpartition("/")[0],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
