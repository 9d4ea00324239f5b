"""An exercise under way: its models served, its folder written, its score kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from modelwarden.core.values import dataclass
from modelwarden.redteam.range import guide
from modelwarden.redteam.range.exercises import Exercise, Stand
from modelwarden.redteam.range.score import Mark, marks
from modelwarden.redteam.range.served import Lineup, Served
from modelwarden.redteam.range.server import RangeServer, check_free
from modelwarden.targets.frames import Inputs

_COARSE = 0.1  # seconds by which a file's time may lag behind the clock


class Wall(Protocol):
    """What stands before a model, running."""

    @property
    def url(self) -> str:
        """Where it listens."""

    @property
    def asked(self) -> int:
        """Requests that reached it."""

    @property
    def refused(self) -> int:
        """Of these."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walled:
    """What a wall is built of.

    Attributes:
        model: behind it. normal: inputs as honest clients send them.
        protocol: that is spoken. upstream: address of the server.
        port: to listen at; 0 takes a free one. alerts: file to which it tells what it saw.
    """

    model: Served
    normal: Inputs
    protocol: str
    upstream: str
    port: int
    alerts: Path


MakeWall = Callable[[Walled], AbstractContextManager[Wall]]


class Play:
    """Serves an exercise until it is left.

    Attributes:
        exercise: that is played. folder: of it.
        lineup: its models. server: of these. wall: before the plain one; None without.
    """

    def __init__(
        self,
        exercise: Exercise,
        folder: Path,
        *,
        port: int = 0,
        make_wall: MakeWall | None = None,
    ) -> None:
        """Make ready.

        Args:
            exercise: that is played.
            folder: into which its files are written.
            port: of the models; the wall takes the next. 0 takes free ones.
            make_wall: builds a firewall; None leaves that step out.
        """
        self.exercise, self.folder = exercise, folder
        self._port, self._make_wall = port, make_wall
        self._stack = ExitStack()
        self.wall: Wall | None = None
        self._since = 0.0

    def __enter__(self) -> Self:
        """Train, serve, write the folder.

        Raises:
            InputError: a port is in use, or the folder is none.
            OutputError: the folder cannot be written.
        """
        self._check_places()
        with ExitStack() as stack:
            self.lineup: Lineup = self.exercise.build()
            models = (self.lineup.plain, self.lineup.hardened)
            self.server = stack.enter_context(RangeServer(models, self._port))
            urls = {Stand.OPEN: self.server.url, Stand.HARDENED: self.server.url}
            wanted = any(step.stand is Stand.FIREWALL for step in self.exercise.steps)
            if self._make_wall is not None and wanted:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.wall = stack.enter_context(self._make_wall(self._walled()))
                urls[Stand.FIREWALL] = self.wall.url
            self.urls = urls
            guide.written(self.exercise, self.lineup, self.folder, urls)
            self._since = time.time() - _COARSE
            self._stack = stack.pop_all()
        return self

    def _check_places(self) -> None:
        """Refuse a port in use, or a folder that is none, before anybody waits for training."""
        guide.check(self.folder)
        check_free(self._port)

    def _walled(self) -> Walled:
        return Walled(
            model=self.lineup.plain,
            normal=self.lineup.normal,
            protocol=self.exercise.protocol,
            upstream=self.server.url,
            port=self._port + 1 if self._port else 0,
            alerts=self.folder / "alerts.jsonl",
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all of it."""
        self._stack.close()

    def seen(self, stand: Stand) -> int:
        """Return what reached a stand: rows of a model, requests of the wall."""
        if stand is Stand.FIREWALL:
            return 0 if self.wall is None else self.wall.asked
        model = self.lineup.hardened if stand is Stand.HARDENED else self.lineup.plain
        return self.server.rows(model.name)

    def marks(self) -> tuple[Mark, ...]:
        """Return every step that can be played here, judged."""
        found = marks(self.exercise, self.folder, self.seen, since=self._since)
        return tuple(mark for mark in found if mark.step.stand in self.urls)
