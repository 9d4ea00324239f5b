"""The stage `checks`: what the user's own checks find, each module in a process of its own.

What modelwarden.toml names is the user's own code and runs without a sandbox (`assess.apart`). An
error in a check is a gap that names it, and the others go on; so is one that does not end, or that
ends the process.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import numpy as np

from modelwarden.assess.apart import Serve, apart
from modelwarden.assess.asking import Answers, ask
from modelwarden.assess.context import Context
from modelwarden.assess.custom import STAGE, Case, Check, Found, Number
from modelwarden.assess.stage import RowMark, StageResult
from modelwarden.core import (
    Finding,
    Gap,
    GapKind,
    Json,
    Location,
    MeasureInfo,
    Measurement,
    encode,
    fingerprint,
)
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Inputs

GROUP = "modelwarden.checks"
_MEASURE = re.compile(r"[a-z][a-z0-9_]*")
_ROWS = 100  # listed in a finding; rows.parquet holds all
_MOST = 1000  # of what one check may yield
_MOST_FACTS = 1 << 16

Load = Callable[[], object]


def run(context: Context) -> StageResult:
    """Run the user's own checks; without any, the stage has not run."""
    config = context.assess.checks
    if not config.modules and not config.plugins:
        return StageResult(done=False)
    result = StageResult()
    taken = _reserved()

    def serve(inputs: Inputs | None) -> Answers:
        return context.answers() if inputs is None else ask(context.target, inputs)

    for name, load in (*_files(context), *_plugins(config.plugins)):
        work = partial(_module_ran, context, name, load, frozenset(taken))
        for said in apart(work, serve, config.seconds):
            if isinstance(said, StageResult):
                taken |= {info.id for info in said.rules}
                result += said
            else:
                result += _failed(name, *said)
    return result


def _module_ran(
    context: Context,
    name: str,
    load: Load,
    taken: frozenset[str],
    serve: Serve,
    begins: Callable[[str], None],
) -> Iterator[StageResult]:
    """Yield what the checks of one module give, each as it comes."""

    def asked(_: object, inputs: Inputs, what: str) -> Answers:
        return serve(None if what == "test" else inputs)

    context, known = replace(context, ask=asked), set(taken)
    with _beside(context.root / name):
        try:
            found = _checks_of(load(), name)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- the user's own code
            yield _failed(name, f"cannot be loaded: {_words(error)}")
            return
        for one in found:
            if one.info.id in known:
                why = f"the check {one.info.id} has the name of another rule or check"
                yield _failed(name, why)
                continue
            known.add(one.info.id)
            begins(one.info.id)
            yield from _ran(context, one, name)


def _reserved() -> set[str]:
    from modelwarden.artifacts import catalog as artifacts
    from modelwarden.assess import catalog

    known = {name for stage in catalog.STAGES for name in stage.rules}
    return known | {*catalog.OTHERS} | {rule.id for rule in artifacts.all_rules()}


def _files(context: Context) -> Iterator[tuple[str, Load]]:
    for name in context.assess.checks.modules:
        place = context.root / name
        yield name, lambda place=place: _module(place)  # type: ignore[misc]


def _plugins(names: Sequence[str]) -> Iterator[tuple[str, Load]]:
    known = {point.name: point for point in entry_points(group=GROUP)}
    for name in names:
        if name in known:
            yield name, known[name].load
        else:
            shown = ", ".join(sorted(known)) or "none"
            yield name, _missing(f"no installed package has an entry point of that name ({shown})")


def _missing(why: str) -> Load:
    def fail() -> object:
        raise LookupError(why)

    return fail


def _module(place: Path) -> ModuleType:
    """Import a file of the user's; nothing is written beside it."""
    digest = hashlib.sha256(str(place).encode(errors="surrogateescape")).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(f"modelwarden_checks_{digest}", place)
    if spec is None or spec.loader is None:
        raise ImportError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _beside(place: Path) -> Iterator[None]:
    """Let the user's module import its neighbours, as a script does; write no byte code.

    What it prints goes to where talk goes: the report may stand on standard output.
    """
    folder, wrote = str(place.parent), sys.dont_write_bytecode
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.dont_write_bytecode = wrote
        if folder in sys.path:
            sys.path.remove(folder)


def _checks_of(loaded: object, name: str) -> list[Check]:
    """Return the checks of a module in the order in which they stand, of a list, or the one."""
    if isinstance(loaded, ModuleType):
        values: Iterable[object] = vars(loaded).values()
    elif isinstance(loaded, Iterable):
        values = loaded
    else:
        values = [loaded]
    found = [value for value in values if isinstance(value, Check)]
    if not found:
        raise LookupError(f"{name} has no function with @check")
    return list({id(one): one for one in found}.values())


def _ran(context: Context, one: Check, name: str) -> Iterator[StageResult]:
    """Run one check; what it yielded before an error is kept, and the error is a gap."""
    spec = context.target.spec
    case = Case(
        test=context.test,
        train=context.train,
        classes=spec.classes,
        positive=spec.positive,
        seed=context.seed,
        _context=context,
    )
    yield StageResult(rules=(one.info,))
    try:
        for count, said in enumerate(one.run(case) or ()):
            if count >= _MOST:
                why = (
                    f"the check {one.info.id} gave more than {_MOST} results; the rest is left out"
                )
                yield _failed(name, why, GapKind.OVER_LIMIT)
                return
            yield _told(context, one, said)
    except TargetError as error:
        yield _failed(name, f"the check {one.info.id}: {error.message}", error.kind)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- the user's own code
        yield _failed(name, f"the check {one.info.id} failed: {_words(error)}")


def _told(context: Context, one: Check, said: object) -> StageResult:
    if isinstance(said, Found):
        return _finding(context, one, said)
    if isinstance(said, Number):
        return _number(context, said)
    raise TypeError(f"it gave a {type(said).__name__}, neither Found nor Number")


def _finding(context: Context, one: Check, said: Found) -> StageResult:
    rows = [int(row) for row in said.rows]
    if any(not 0 <= row < len(context.test) for row in rows):
        raise ValueError(f"a row of {said.message!r} is not in the test set")
    facts = {str(key): _plain(value) for key, value in said.facts.items()}
    if rows:
        facts |= {"rows": rows[:_ROWS], "rows_in_all": len(rows)}
    if len(json.dumps(facts)) > _MOST_FACTS:
        raise ValueError(f"the facts of {said.message[:80]!r} are longer than {_MOST_FACTS} bytes")
    identity = said.identity if said.identity is not None else (said.feature or "",)
    path = context.data.test
    finding = Finding(
        rule=one.info.id,
        severity=one.info.severity,
        confidence=one.confidence,
        message=" ".join(str(said.message).split())[:2000],
        location=Location(path=path, feature=said.feature),
        evidence=facts,
        references=one.info.references,
        fingerprint=fingerprint(one.info.id, path, None, identity),
        stage=STAGE,
    )
    marks = tuple(
        RowMark(frame=context.test.name, row=row, rule=one.info.id, detail=finding.message)
        for row in rows
    )
    return StageResult(findings=(finding,), rows=marks)


def _number(context: Context, said: Number) -> StageResult:
    if not _MEASURE.fullmatch(said.name):
        raise ValueError(f"{said.name!r} is no name of a measurement: small letters, digits and _")
    own = {str(key): _plain(value) for key, value in said.conditions.items()}
    low, high = (None if end is None else float(end) for end in (said.low, said.high))
    measurement = Measurement(
        name=said.name,
        value=float(said.value),
        low=low,
        high=high,
        n=int(said.n),
        unit=said.unit,
        higher_is_better=bool(said.higher_is_better),
        group=_plain(said.group),
        conditions={**context.conditions, **own},
        stage=STAGE,
    )
    info = MeasureInfo(
        name=said.name,
        meaning=said.meaning or "measured by a check of the project",
        higher_is_better=bool(said.higher_is_better),
        interval=str(said.conditions.get("interval", "")),
    )
    return StageResult(measurements=(measurement,), measures=(info,))


def _plain(value: object) -> Json:
    """Return a value as a report holds it; numpy's become Python's.

    Raises:
        TypeError: it is of another type.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return encode(value)


def _failed(name: str, why: str, kind: GapKind = GapKind.FAILED) -> StageResult:
    return StageResult(gaps=(Gap(what=name, why=why, kind=kind, stage=STAGE),))


def _words(error: BaseException) -> str:
    """Return an error in one line, with the line of the user's code that raised it."""
    told = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    frames = traceback.extract_tb(error.__traceback__)
    ours = str(Path(__file__))
    theirs = [f for f in frames if f.filename != ours and "importlib" not in f.filename]
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{told} (line {error.lineno})"
    return (
        f"{told} ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else told
    )
