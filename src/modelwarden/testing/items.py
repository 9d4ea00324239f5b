"""A modelwarden.toml as pytest collects it: a test for each stage and each line of its policy."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from modelwarden.core import ModelwardenError
from modelwarden.report.escape import shown
from modelwarden.testing import plugin, words
from modelwarden.testing.lines import Line, about, lines_of, measure_line, plain, said, stage_line

if TYPE_CHECKING:
    from modelwarden.testing.lines import Said
    from modelwarden.testing.runs import Check, Ran


class ProjectFile(pytest.File):
    """A modelwarden.toml."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield the project that it names.

        Raises:
            CollectError: it cannot be used.
        """
        try:
            project = plugin.check_of(self.config, self.path).project()
        except ModelwardenError as error:
            raise self.CollectError(told(error)) from None
        name = plain(shown(project.project.name, 80))
        yield ProjectNode.from_parent(self, name=name)


class ProjectNode(pytest.Collector):
    """The project of a modelwarden.toml."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its tests; those of one file stay together where pytest-xdist is told to group."""
        check = plugin.check_of(self.config, self.path)
        grouping = self.config.pluginmanager.hasplugin("xdist")
        for line in lines_of(check.project().policy):
            item = PolicyItem.from_parent(self, name=line.name, check=check, line=line)
            if grouping:
                item.add_marker(pytest.mark.xdist_group(f"modelwarden {self.name}"))
            yield item


class PolicyItem(pytest.Item):
    """One line of a policy, held against the report.

    Attributes:
        check: gives the report. line: what is asked of it.
    """

    def __init__(self, *, check: Check, line: Line, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self.check, self.line = check, line
        self.add_marker("modelwarden")

    def runtest(self) -> None:
        """Pass, fail, or do what was asked for with what is not settled."""
        ran = settled(self.check)
        self._record(ran)
        spoken = said(self.line, ran.report, self.check.project().policy, ran.today)
        conclude(self.line, spoken, ran, self.config)
        if text := words.numbers(self.line, ran.report):
            self.add_report_section("call", "measured", text)
        if spoken.idle is not None:
            pytest.skip(words.idle(self.line, spoken, ran.report))

    def _record(self, ran: Ran) -> None:
        for one in about(self.line, ran.report):
            self.user_properties.append((shown(one.name, 80), shown(words.value(one))))

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """Return the file, and what the test is called in headings."""
        parent = "" if self.parent is None else self.parent.name
        return self.path, 0, f"{parent}: {self.name}"


def settled(check: Check) -> Ran:
    """Return what the check found, or fail the test that needs it, in words."""
    ran, why = None, ""
    try:
        ran = check.ran()
    except ModelwardenError as error:
        why = told(error)
    if ran is None:  # outside, so that pytest has no other error to show
        fail(why)
    return ran


def conclude(line: Line, spoken: Said, ran: Ran, config: pytest.Config, mode: str = "") -> None:
    """Fail where reasons stand against a line; where it is not settled do as `mode` says."""
    if spoken.fails:
        fail(words.failure(line, spoken, ran.report))
    if not spoken.open:
        return
    text = words.failure(line, spoken, ran.report)
    match mode or config.getoption("modelwarden_inconclusive"):
        case "skip":
            pytest.skip(f"inconclusive: {text.splitlines()[0]}")
        case "xfail":
            pytest.xfail(f"inconclusive: {text.splitlines()[0]}")
        case _:
            fail(f"inconclusive: {text}")


def fail(text: str) -> NoReturn:
    """Fail with these words and without a traceback."""
    pytest.fail(text, pytrace=False)


def told(error: ModelwardenError) -> str:
    """Return an error of ours in words."""
    return f"{error.message}\nwhat to do: {error.hint}"


def marked(item: pytest.Item, marks: Iterable[pytest.Mark]) -> None:
    """Hold the report against the marks of a user's own test, before it runs."""
    for mark in marks:
        if not mark.args and not mark.kwargs:
            continue  # a label to select by
        check = plugin.check_or_fail(item.config)
        line, mode = _line_of(mark, check)
        ran = settled(check)
        spoken = said(line, ran.report, check.project().policy, ran.today)
        conclude(line, spoken, ran, item.config, mode)


_KEYS = ("measure", "min", "max", "where", "stage", "inconclusive")
MODES = ("fail", "skip", "xfail")


def _line_of(mark: pytest.Mark, check: Check) -> tuple[Line, str]:
    """Return the line that a mark asks for, read as strictly as a policy."""
    from modelwarden.core.fields import Fields
    from modelwarden.policy.load import STAGES, parse

    given = dict(mark.kwargs)
    fields = Fields(given, "@pytest.mark.modelwarden")
    try:
        if mark.args:
            raise fields.failure(f"{fields.source} takes its arguments by name")
        fields.only(_KEYS)
        mode = fields.one_of("inconclusive", given.pop("inconclusive", "fail"), "outcome", MODES)
        mode = mode if "inconclusive" in mark.kwargs else ""
        measure, stage = fields.text("measure"), fields.text("stage")
        if (measure is None) == (stage is None):
            raise fields.failure(f"{fields.source} needs either measure or stage")
        if stage is not None:
            fields.only(("stage",))
            fields.one_of("stage", stage, "stage", STAGES)
            return stage_line(stage, check.project().policy, required=True), mode
        bounds = {key: value for key, value in given.items() if key != "measure"}
        parsed = parse({"measure": {measure: bounds}}, fields.source)
        return measure_line(parsed.measures[0]), mode
    except ModelwardenError as error:
        why = told(error)
    fail(why)


def skipped_at(item: PolicyItem, reason: str) -> tuple[str, int, str]:
    """Return where a line was skipped: in its file, and not in ours."""
    return str(Path(item.path)), 1, reason
