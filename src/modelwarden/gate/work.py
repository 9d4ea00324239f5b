"""The work of one `check`, from the scan of the model to the merged report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import modelwarden
from modelwarden.assess import catalog
from modelwarden.core import (
    ConfigError,
    Finding,
    Gap,
    GapKind,
    InputError,
    Measurement,
    ModelwardenError,
    Report,
    RuleInfo,
    Subject,
    Tool,
)
from modelwarden.core.stages import RowMark, Stage, StageResult
from modelwarden.core.values import dataclass
from modelwarden.gate import stages as every
from modelwarden.gate.cards import cards_of
from modelwarden.gate.datasets import Sets, measured_on, read_sets
from modelwarden.gate.merging import (
    meanings,
    not_run,
    once,
    result_of,
    rules_of,
    unread,
    weakest,
)
from modelwarden.gate.project import Project
from modelwarden.gate.subject import Scanned, models_of, scan_models
from modelwarden.gate.walk import printable

if TYPE_CHECKING:
    from modelwarden.assess.context import Context
    from modelwarden.core import Json
    from modelwarden.data.given import Given, Said
    from modelwarden.gate.opening import Opened, Tools
    from modelwarden.gate.state import State
    from modelwarden.targets.config import ModelConfig
    from modelwarden.targets.data import DataSet

SCANNED = ("artifacts", "dependencies")
"""What `scan` examines."""
_OWN = "modelwarden.toml is your own code: it names what is run, and decides what must be shown"


class Told(Protocol):
    """Is told how far a check is."""

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """`done` of `total` steps are done; `stage` is the one that begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHow:
    """How a check is worked; the report is the same for all of it.

    Attributes:
        engine: where files are scanned: `local` or `ray`.
        state: folder in which an interrupted check is kept; None keeps nothing.
        progress: told before each stage.
        unopened: told why the model is not opened, before what needs no model is worked out.
        tools: how data are read and models are opened; None takes ours.
    """

    engine: str = "local"
    state: Path | None = None
    progress: Told | None = None
    unopened: Callable[[str], None] | None = None
    tools: Tools | None = None


class Work:
    """One check, from the scan to the merged report."""

    def __init__(
        self,
        project: Project,
        chosen: tuple[str, ...],
        seed: int,
        trust: bool,
        how: CheckHow,
        *,
        named: bool,
    ) -> None:
        self.project, self.chosen, self.seed = project, chosen, seed
        self.trust, self.how, self.named = trust, how, named
        self.stages = [stage for stage in every.built() if stage.name in chosen]
        self.results: list[tuple[Stage, StageResult]] = []
        self.notes: list[str] = [_OWN]
        self.gaps: list[Gap] = []
        self.findings: list[Finding] = []
        self.repeated: list[Measurement] = []
        self.rules: list[RuleInfo] = []
        self.isolation: str | None = None
        self.shut: str | None = None

    def report(self) -> tuple[Report, tuple[RowMark, ...]]:
        """Do the work; return the report without its verdict, and all rows."""
        self._check_choice()
        data, cards = None, {}
        if self.stages:
            cards = cards_of(self.project)
            data = read_sets(self.project, self._tools(), self.chosen)
            self.notes += [f"{one.name}: {note}" for one in data for note in one.notes]
            self.gaps += unread(data) if "data" in self.chosen else ()
            self._check_settings(data)
        self._tell("artifacts")
        scanned = scan_models(
            self.project,
            dependencies="dependencies" in self.chosen or not self.named,
            engine=self.how.engine,
        )
        self.shut = scanned.shut
        if data is not None:
            self._assess(scanned, data, cards)
        marks = dict.fromkeys(row for _, r in self.results for row in r.rows)
        return self._merged(scanned), tuple(marks)

    def _check_choice(self) -> None:
        if not self.stages:
            return
        from modelwarden.metrics import require

        require()
        if self.project.data.test is None:
            raise ConfigError(
                f"{printable(str(self.project.file))}: data.test is missing",
                hint=f"Name the rows to measure on; `--stage {SCANNED[0]}` needs none.",
            )
        for model in models_of(self.project):
            self._check_model(model)

    def _check_model(self, model: ModelConfig) -> None:
        """Refuse an interpreter or an address that cannot be used, before anything is scanned.

        Raises:
            InputError: one line says which.
        """
        if model.python is not None:
            from modelwarden.sandbox import readable_files

            readable_files(model.python)
        if model.url is not None:
            from modelwarden.targets.http.connection import parse_address

            parse_address(model.url)

    def _tell(self, stage: str) -> None:
        if self.how.progress is not None:
            order = ["artifacts", *(s.name for s in self.stages)]
            self.how.progress(stage, order.index(stage), len(order))

    def _check_settings(self, sets: Sets) -> None:
        """Refuse settings that do not go with the data, before anything is run.

        Raises:
            InputError: one line says which.
        """
        if not any(stage.name == "robustness" for stage in self.stages):
            return
        from modelwarden.assess.robustness.plan import check_settings

        check_settings(self._unopened(sets))

    def _unopened(self, sets: Sets) -> Context:
        """Return what stages are given, as far as it is known before a model is open."""
        from modelwarden.assess.context import Context
        from modelwarden.gate.opening import Unopened

        project = self.project
        return Context(
            project=project.project,
            model=project.model,
            data=project.data,
            assess=project.assess,
            features=project.features,
            test=sets.test,
            train=sets.train,
            target=Unopened(),
            root=project.root,
        )

    def _tools(self) -> Tools:
        if self.how.tools is not None:
            return self.how.tools
        from modelwarden.gate.opening import Ours

        return Ours()

    def _assess(self, scanned: Scanned, sets: Sets, cards: Mapping[str, bytes]) -> None:
        """Open the model and run the stages; without one, each that asks it says why it cannot."""
        test, train = sets.test, sets.train
        if scanned.shut is not None:
            self._none(scanned.shut, scanned.kind, sets)
            return
        if not len(test):
            why = f"{printable(test.source or test.name)} holds no row"
            self._none(why, GapKind.NOT_ASSESSABLE)
            return
        from modelwarden.targets.errors import TargetError

        with ExitStack() as stack:
            opened: list[Opened] = []
            try:
                for model, digest in zip(models_of(self.project), scanned.digests, strict=True):
                    opened.append(stack.enter_context(self._open(model, digest, test, train)))
                self._run(opened, scanned, sets, cards)
            except TargetError as error:
                self._none(_with_hint(error), error.kind, sets)
                self._take_from_error(error)
            except InputError as error:
                self._none(_with_hint(error), GapKind.NOT_ASSESSABLE, sets)
            except ModelwardenError:
                raise
            except Exception as error:  # noqa: BLE001 -- what was found before must stand
                self._none(_failure(error), GapKind.FAILED, sets)
                self._take_from_error(error)
            self._take_from(opened)

    def _take_from(self, opened: Sequence[Opened]) -> None:
        """Keep what the sandbox saw of the models that were opened, also where another was not."""
        for one in opened:
            self.findings += one.findings()
            self.gaps += one.gaps()
            self.notes += one.notes
        self.isolation = weakest(one.isolation for one in opened)

    def _take_from_error(self, error: Exception) -> None:
        """Keep what the sandbox saw before the model failed to open."""
        for finding in getattr(error, "findings", ()):
            self.findings.append(finding)

    def _open(
        self, model: ModelConfig, digest: str | None, test: DataSet, train: DataSet | None
    ) -> AbstractContextManager[Opened]:
        from modelwarden.gate.labels import classes_of

        return self._tools().open_model(
            self.project.project,
            model,
            self.project.limits,
            self.project.root,
            train=train,
            sample=test,
            classes_hint=classes_of(self.project, test, train),
            positive=self.project.data.positive,
            trust=self.trust,
            expected_digest=digest,
            hidden=measured_on(self.project),
        )

    def _none(self, why: str, kind: GapKind, sets: Sets | None = None) -> None:
        """Run what asks no model, and leave a gap for every other stage that has not run yet."""
        model = self.project.model
        what = printable(model.path or model.url or self.project.project.name)
        if self.how.unopened is not None:
            self.how.unopened(f"{what}: {why}")
        run = {stage.name for stage, _ in self.results}
        for stage in (one for one in self.stages if one.name not in run):
            if not stage.model and sets is not None:
                self.results.append((stage, self._without_model(stage, sets)))
                continue
            gap = Gap(what=what, why=why, kind=kind, stage=stage.name)
            self.results.append((stage, StageResult(gaps=(gap,), done=False)))

    def _without_model(self, stage: Stage, sets: Sets) -> StageResult:
        from modelwarden.engine import map_units

        (end,) = map_units([stage], lambda one: self._stage(None, self._given(sets), one))
        return result_of(end, stage, self.project.project.name)

    def _given(self, sets: Sets, context: Context | None = None) -> Given:
        """Return what a stage is given that works on the data, with or without a model."""
        from modelwarden.data.given import Given

        def answers(data: DataSet) -> Said:
            if context is None:
                raise AssertionError  # no model is open
            if data is sets.test:
                return context.answers()
            return context.ask(context.target, data.inputs, data.name)

        return Given(
            project=self.project.project,
            data=self.project.data,
            test=sets.test,
            train=sets.train,
            current=sets.current,
            seed=self.seed,
            conditions=self._conditions(sets),
            margins=self.project.assess.data,
            ask=None if context is None else answers,
            spec=None if context is None else context.target.spec,
        )

    def _conditions(self, sets: Sets) -> dict[str, Json]:
        """Return what every measurement rests on."""
        part: dict[str, Json] = {"part": sets.test.part} if sets.test.part else {}
        return {"data": sets.test.digest, "seed": self.seed, **part}

    def _run(
        self,
        opened: Sequence[Opened],
        scanned: Scanned,
        sets: Sets,
        cards: Mapping[str, bytes],
    ) -> None:
        """Run the stages in order, taking up what an interrupted run has done."""
        from modelwarden.gate.state import state_for

        digests = {one.name: one.digest for one in sets}
        digests |= {f"model {i}": digest or "" for i, digest in enumerate(scanned.digests)}
        digests |= {f"card {n}": hashlib.sha256(data).hexdigest() for n, data in cards.items()}
        for i, one in enumerate(opened):
            digests[f"environment {i}"] = repr(sorted(one.environment.items()))
        state = state_for(self.project, self.how.state, digests, self.seed, trust=self.trust)
        context = self._context(opened, sets, cards, state)
        try:
            self._settle(state, context, self._given(sets, context))
        finally:
            state.close()
        self._tell_resumed(state)
        state.clear()

    def _settle(self, state: State, context: Context, given: Given) -> None:
        """Run the stages; what was settled by an interrupted run is taken from there."""
        from modelwarden.engine import Plan, map_units
        from modelwarden.gate.state import stage_codec

        plan = Plan(codec=stage_codec(), resume=state.resume_stages())
        work = partial(self._stage, context, given)
        settled = map_units(self.stages, work, plan)
        for stage, end in zip(self.stages, settled, strict=True):
            state.resumed += end.resumed
            self.results.append((stage, result_of(end, stage, self.project.project.name)))

    def _tell_resumed(self, state: State) -> None:
        """Say what was taken up, and how many rows had to be asked twice for it."""
        again = state.repeated_rows()
        if again is None and not state.resumed:
            return
        self.notes.append("an interrupted check was taken up where it had stopped")
        if again is not None:
            from modelwarden.metrics.values import measured

            self.repeated.append(measured("repeated_rows", again, None, again))

    def _context(
        self,
        opened: Sequence[Opened],
        sets: Sets,
        cards: Mapping[str, bytes],
        state: State,
    ) -> Context:
        from modelwarden.gate.opening import spent

        first = opened[0]
        return replace(
            self._unopened(sets),
            current=sets.current,
            target=first.target,
            reference=opened[1].target if len(opened) > 1 else None,
            seed=self.seed,
            conditions={**self._conditions(sets), "tile": first.target.spec.tile},
            cards=cards,
            ask=state.asker(),
            journal=state.journal,
            spent=partial(spent, first),
            asks=self.project.policy.measures,
        )

    def _stage(self, context: Context | None, given: Given, stage: Stage) -> StageResult:
        """Run one stage; what the model does wrong, and what the data lack, is a gap."""
        from modelwarden.targets.errors import TargetError

        self._tell(stage.name)
        try:
            return stage.load()(context if stage.model else given)
        except TargetError as error:
            why, kind = _with_hint(error), error.kind
        except InputError as error:
            why, kind = _with_hint(error), GapKind.NOT_ASSESSABLE
        gap = Gap(what=self.project.project.name, why=why, kind=kind, stage=stage.name)
        return StageResult(gaps=(gap,), done=False)

    def _merged(self, scanned: Scanned) -> Report:
        seen = scanned.report
        done = [stage.name for stage, result in self.results if result.done]
        # The files are always scanned, and whole: that counts whichever stages are asked for.
        ran = [n for n in (*seen.stages, *done) if n == SCANNED[0] or n in self.chosen]
        results = [result for _, result in self.results]
        rules = {info.id: info for info in (*seen.rules, *self.rules, *self._rules())}
        report = replace(
            seen,
            subject=Subject(
                kind="model", name=self.project.project.name, digest=scanned.digests[0]
            ),
            tool=Tool(version=modelwarden.__version__),
            run=replace(
                seen.run,
                command="check",
                seed=self.seed,
                notes=(*self.notes, *seen.run.notes, *(n for r in results for n in r.notes)),
            ),
            findings=(
                *seen.findings,
                *self.findings,
                *once(f for r in results for f in r.findings),
            ),
            measurements=(*(m for r in results for m in r.measurements), *self.repeated),
            gaps=(*seen.gaps, *self.gaps, *(g for r in results for g in r.gaps)),
            tables=tuple(t for r in results for t in r.tables),
            measures=meanings(results),
            rules=tuple(rules.values()),
            stages=tuple(ran),
            isolation=self.isolation,
            verdict=None,
        )
        built = {*SCANNED, *(stage.name for stage in every.built())}
        missed = not_run(report, self.chosen, built) if self.named else ()
        return replace(report, gaps=(*report.gaps, *missed))

    def _rules(self) -> Iterator[RuleInfo]:
        """Yield what is shown of the rules that ran; of the sandbox's where a model was opened."""
        from modelwarden.standards import describe

        if self.isolation is not None or self.findings:
            yield describe(catalog.rule_of("sandbox-attempt"))
        yield from rules_of(self.results)


def _failure(error: Exception) -> str:
    """Return what an error of ours was; the traceback is logged for whoever debugs us."""
    import logging  # 5 ms that no good run needs

    from modelwarden.engine.settled import brief

    why = f"it could not be opened and asked: {brief(error)}"
    logging.getLogger(__name__).debug("%s", why, exc_info=error)
    return why


def _with_hint(error: ModelwardenError) -> str:
    """Return what went wrong, with the next step."""
    end = "" if error.message.endswith("…") else "."
    return f"{error.message.rstrip('.')}{end} {error.hint}" if error.hint else error.message
