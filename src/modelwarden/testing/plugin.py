"""The pytest plugin: options, collection, markers and fixtures.

pytest imports this module whenever it starts, so it imports nothing but pytest by itself: the rest
comes with `--modelwarden`, with a marker that asks for something, or with a fixture.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from modelwarden.core import ModelwardenError, Report
    from modelwarden.testing.model import ModelUnderTest
    from modelwarden.testing.runs import Check

_FILE = "modelwarden.toml"
_CHOSEN = pytest.StashKey[Path]()
_CHECKS = pytest.StashKey["dict[Path, Check]"]()
_FOLDER = pytest.StashKey[str]()
_WORD = "modelwarden_folder"
_MARKER = (
    "modelwarden(measure=None, min=None, max=None, where={}, stage=None, inconclusive=None): "
    "fail before the test where the report of the model does not keep this bound, or did not run "
    "this stage to the end; without arguments a label, which the tests of a modelwarden.toml have"
)


class _One(argparse.Action):
    """Keeps the one file that a run tests: of two, one would be left out in silence."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 -- what argparse calls
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,  # noqa: ARG002 -- what argparse calls
    ) -> None:
        before = getattr(namespace, self.dest, None)
        if before and values and before != values:
            raise pytest.UsageError(
                f"--modelwarden: {before!r} and {values!r} are named, and a run tests one model: "
                "run pytest once for each"
            )
        setattr(namespace, self.dest, values or before or values)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("modelwarden", "models under test")
    group.addoption(
        "--modelwarden",
        action=_One,
        nargs="?",
        const="",
        metavar="FILE|DIR",
        help="Test the stages and the policy of a modelwarden.toml (default: the ini option, "
        "else that of this folder). Write --modelwarden=FILE when paths of tests follow.",
    )
    group.addoption(
        "--modelwarden-inconclusive",
        choices=("fail", "skip", "xfail"),
        default="fail",
        help="What becomes of a line that is not settled: a bound within the interval, a gap, "
        "something that was not measured (default: fail, as the command does).",
    )
    group.addoption(
        "--modelwarden-seed", type=int, default=0, metavar="N", help="Root of all chance."
    )
    group.addoption(
        "--modelwarden-baseline", metavar="REPORT", help="An earlier report.json to compare with."
    )
    group.addoption(
        "--modelwarden-trust-model",
        action="store_true",
        help="Run the model without a sandbox where this machine cannot give one.",
    )
    parser.addini(
        "modelwarden",
        "The modelwarden.toml to test when no paths are given, and that fixtures use.",
        default="",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; read the file that is asked for, so that what is wrong is said first.

    Raises:
        UsageError: it cannot be used.
    """
    config.addinivalue_line("markers", _MARKER)
    given: str | None = config.getoption("modelwarden")
    if given is None and not (
        config.getini("modelwarden") and config.args_source is not config.ArgsSource.ARGS
    ):
        return
    value, mark, rest = (given or "").partition("::")
    file = _file(config, value)
    if not hasattr(config, "workerinput"):  # it was read before there were workers
        _read(config, file)
    config.stash[_CHOSEN] = file
    if mark and config.args_source is not config.ArgsSource.ARGS:
        config.args.clear()  # a line was named, which the option took for its own value
    if not any(_is(config, argument, file) for argument in config.args):
        config.args.append(f"{file}{mark}{rest}")


def _file(config: pytest.Config, value: str | None) -> Path:
    """Return the modelwarden.toml that is meant, whether or not it is there."""
    here = config.invocation_params.dir
    if value:
        place = here / value
    elif ini := config.getini("modelwarden"):
        place = (config.rootpath if config.inipath is None else config.inipath.parent) / ini
    else:
        place = here if (here / _FILE).exists() else config.rootpath
    place = place / _FILE if place.is_dir() else place
    return Path(os.path.abspath(place))  # noqa: PTH100 -- `..` goes, links stay


def _is(config: pytest.Config, argument: str, file: Path) -> bool:
    """Tell whether an argument of pytest's names the file, or a test in it."""
    place = config.invocation_params.dir / argument.partition("::")[0]
    try:
        return place.samefile(file)
    except (OSError, ValueError):
        return False


def _read(config: pytest.Config, file: Path) -> None:
    """Read the file, and make sure that what measuring needs is installed.

    Raises:
        UsageError: either is not so.
    """
    from modelwarden.core import ModelwardenError
    from modelwarden.metrics import require

    try:
        check_of(config, file).project()
        require()
    except ModelwardenError as error:
        raise pytest.UsageError(f"--modelwarden: {error.message} ({error.hint})") from None


def check_of(config: pytest.Config, file: Path) -> Check:
    """Return the check of a modelwarden.toml, the same for all who ask."""
    from modelwarden.testing.runs import Asked, Check

    checks = config.stash.setdefault(_CHECKS, {})
    if file not in checks:
        baseline: str | None = config.getoption("modelwarden_baseline")
        asked = Asked(
            file=file,
            seed=config.getoption("modelwarden_seed"),
            trust=config.getoption("modelwarden_trust_model"),
            baseline=None if baseline is None else config.invocation_params.dir / baseline,
        )
        shared = getattr(config, "workerinput", {}).get(_WORD)
        folder = None if shared is None else Path(shared)
        checks[file] = Check(asked, folder if folder is not None and folder.is_dir() else None)
    return checks[file]


def check_or_fail(config: pytest.Config) -> Check:
    """Return the check that fixtures and markers are about, or fail the test in words."""
    from modelwarden.core import ModelwardenError

    check = check_of(config, config.stash.get(_CHOSEN, None) or _file(config, None))
    failed: ModelwardenError | None = None
    try:
        check.project()
    except ModelwardenError as error:
        failed = error
    if failed is not None:  # outside, so that pytest has no other error to show
        _fail(failed)
    return check


def _fail(error: ModelwardenError) -> NoReturn:
    from modelwarden.testing.items import fail, told

    fail(told(error))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the file that is asked for; another modelwarden.toml only when it is named."""
    if file_path.suffix != ".toml":
        return None
    named = file_path.name == _FILE and parent.session.isinitpath(file_path)
    if file_path != parent.config.stash.get(_CHOSEN, None) and not named:
        return None
    from modelwarden.testing.items import ProjectFile

    return ProjectFile.from_parent(parent, path=file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Hold the report against the marks of a user's own test, before its body runs."""
    marks = list(item.iter_markers("modelwarden"))
    if not any(mark.args or mark.kwargs for mark in marks):
        return
    from modelwarden.testing.items import marked

    marked(item, marks)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say of a line that was skipped where it stands."""
    del call
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and item.path.suffix == ".toml":
        from modelwarden.testing.items import PolicyItem, skipped_at

        if isinstance(item, PolicyItem):
            report.longrepr = skipped_at(item, str(report.longrepr[2]))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Give the workers of pytest-xdist a folder to share; only ours may read it."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    if _FOLDER not in config.stash:
        import tempfile

        config.stash[_FOLDER] = tempfile.mkdtemp(prefix="modelwarden-")
    node.workerinput[_WORD] = config.stash[_FOLDER]  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what workers shared."""
    if _FOLDER in config.stash:
        import shutil

        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


@pytest.fixture(scope="session")
def modelwarden_report(pytestconfig: pytest.Config) -> Report:
    """The judged report of `modelwarden check`, run once for all tests."""
    from modelwarden.testing.items import settled

    return settled(check_or_fail(pytestconfig)).report


@pytest.fixture(scope="session")
def model_under_test(pytestconfig: pytest.Config) -> Iterator[ModelUnderTest]:
    """The model of the modelwarden.toml, scanned, and opened in the sandbox."""
    from modelwarden.core import ModelwardenError
    from modelwarden.testing.model import opened

    check = check_or_fail(pytestconfig)
    failed: ModelwardenError | None = None
    with ExitStack() as stack:
        try:
            model = stack.enter_context(opened(check))
        except ModelwardenError as error:
            failed = error
        if failed is not None:
            _fail(failed)
        yield model
