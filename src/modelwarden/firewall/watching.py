"""What a firewall does beside answering: drift of traffic, and tampering with the model.

Requests only leave what they asked in a queue; everything is judged in tasks of the same process,
a few times a second. A queue that is full loses rows, never requests.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt

from modelwarden.core import Severity
from modelwarden.core.values import dataclass
from modelwarden.detectors import probes as golden
from modelwarden.detectors.answering import AnswerWindows, Refusals, version_in
from modelwarden.detectors.coding import Coder
from modelwarden.detectors.probes import Golden, Probes
from modelwarden.detectors.profile import Profile
from modelwarden.detectors.tamper import FileWatch
from modelwarden.detectors.windows import Drift, Windows
from modelwarden.firewall.alerts import Alert, AlertKind
from modelwarden.protocols.tensors import WireError

Ask = Callable[[Profile, str, bytes], Awaitable[tuple[int, bytes]]]

_QUEUE = 4096  # requests, or answers, that wait to be judged
_PAUSE = 0.2
_LOOK = 1.0  # seconds between two looks at files that nothing reports as touched
_HOSTILE = 2.0  # seconds after a refusal in which no probe is sent …
_LATEST = 8.0  # … but none waits longer for that
_AT_ONCE = 0.05  # seconds between the questions that are learnt from
_RETRY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """The probes of one model.

    Attributes:
        probes: as they were read.
        path: where learnt answers are kept; None keeps them for this run alone.
    """

    probes: Probes
    path: Path | None = None


class Watching:
    """Watches what goes through, and the model behind it.

    Attributes:
        lost: requests and answers that were not looked at, for there were too many.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        *,
        emit: Callable[[Alert], None],
        ask: Ask | None = None,
        secrets: Mapping[str, Secret] | None = None,
        probe_seconds: float = 15.0,
        drift: bool = True,
    ) -> None:
        """Make ready; `run` does the work.

        Args:
            profiles: of the models behind the firewall.
            emit: takes alerts.
            ask: asks a model, for probes: profile, path and body to status and body.
            secrets: probes by the model's name.
            probe_seconds: in which every probe is asked about once; 0 asks none.
            drift: whether traffic is held against the profiles.

        Raises:
            ProfileError: probes do not go with their profile.
        """
        self.lost = 0
        self._emit = emit
        self._ask = ask
        self._probe_seconds = probe_seconds
        self._drift = drift
        self._models = {id(p): _Model(p) for p in profiles}
        self._secrets = [
            (p, Golden(p, known.probes), known.path)
            for p in profiles
            if secrets is not None and (known := secrets.get(p.name)) is not None
        ]
        self._watched = tuple(dict.fromkeys(w for p in profiles for w in p.watched))
        self._refused_at = -_LATEST
        self._unread: Counter[str] = Counter()
        self._silent: Counter[str] = Counter()

    def seen(self, profile: Profile, values: Mapping[str, npt.NDArray[Any]], client: str) -> None:
        """Take note of a request that went on to the model."""
        model = self._models.get(id(profile))
        if model is None or not self._drift:
            return
        if len(model.asked) >= _QUEUE:
            self.lost += 1
            return
        model.asked.append((values, client))

    def refused(self, profile: Profile, reason: str, client: str) -> None:
        """Take note of a request that was, or should have been, refused."""
        self._refused_at = time.monotonic()
        model = self._models.get(id(profile))
        if model is not None and self._drift and len(model.asked) < _QUEUE:
            model.asked.append((None, f"{reason}\0{client}"))

    def alarmed(self, profile: Profile, client: str) -> None:
        """Take note that a client showed a pattern of attack: what it sends is no drift."""
        model = self._models.get(id(profile))
        if model is not None:
            model.alarmed(client)

    def answered(self, profile: Profile, body: bytes) -> None:
        """Take note of an answer of the model."""
        model = self._models.get(id(profile))
        if model is None:
            return
        if len(model.said) >= _QUEUE // 8:
            self.lost += 1
            return
        model.said.append(body)

    async def run(self) -> None:
        """Work until the task is cancelled; an error of one part does not end the others."""
        parts = [self._lasting("drift", self._judge)]
        if self._watched:
            parts.append(self._lasting("tamper", self._files))
        if self._ask is not None and self._probe_seconds > 0:
            parts += [
                self._lasting("probes", lambda s=secret: self._probe(*s))  # type: ignore[misc]
                for secret in self._secrets
            ]
        await asyncio.gather(*parts)

    async def _lasting(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await part()
            except Exception as error:  # noqa: BLE001 -- one part of the watch: it begins anew
                detail = f"the watch of {name} failed: {type(error).__name__}: {str(error)[:200]}"
                self._tell(AlertKind.SELF, Severity.HIGH, "watch", detail)
                await asyncio.sleep(10 * _RETRY)

    async def _judge(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            for model in self._models.values():
                for drift in model.judged():
                    self._tell(
                        AlertKind.DRIFT,
                        Severity.MEDIUM,
                        drift.rule,
                        f"{model.profile.name}: {drift.told} (last {drift.rows} rows)",
                    )
                for version in model.versions():
                    self._tell(AlertKind.TAMPER, Severity.CRITICAL, "version-changed", version)

    async def _files(self) -> None:
        watch = FileWatch(self._watched)
        try:
            seconds = _LOOK
            while True:
                for change in await asyncio.to_thread(watch.look, seconds):
                    if change.told:
                        detail = f"{change.path} {change.told}"
                        self._tell(AlertKind.TAMPER, Severity.CRITICAL, "digest-changed", detail)
                began = time.monotonic()
                await asyncio.to_thread(watch.wait, _LOOK)
                seconds = time.monotonic() - began
        finally:  # in a thread: the look that is under way ends first, and nothing waits for it
            asyncio.get_running_loop().run_in_executor(None, watch.close)

    async def _probe(self, profile: Profile, secret: Golden, path: Path | None) -> None:
        told = ""
        new = not secret.learnt
        while True:
            await asyncio.sleep(self._pause(secret))
            await self._quiet()
            asked = secret.next()
            wrong = await self._asked(profile, secret, asked)
            if wrong and wrong != told:
                detail = f"{profile.name}: {wrong}"
                self._tell(AlertKind.TAMPER, Severity.CRITICAL, "golden-probes", detail)
            told = wrong or told
            if new and secret.learnt:
                new = False
                self._keep(profile, secret, path)

    def _pause(self, secret: Golden) -> float:
        if not secret.learnt:
            return _AT_ONCE
        # Batches hold a twelfth of the probes on average; the times are drawn, so that nobody
        # knows when the next one comes.
        return random.uniform(0.2, 1.8) * self._probe_seconds / 12  # noqa: S311 -- no secret hangs on it

    async def _quiet(self) -> None:
        """Wait while hostile requests come in, for a while: they are not to be mixed with ours."""
        began = time.monotonic()
        while time.monotonic() - self._refused_at < _HOSTILE and time.monotonic() - began < _LATEST:
            await asyncio.sleep(_PAUSE)

    async def _asked(self, profile: Profile, secret: Golden, asked: Sequence[int]) -> str:
        if self._ask is None:
            return ""
        try:
            status, body = await self._ask(profile, secret.path, secret.body(asked))
        except OSError:
            status, body = 0, b""
        if status != 200:
            self._silent[profile.name] += 1
            if self._silent[profile.name] == golden.UNREAD:
                said = f"answered {status}" if status else "not answered"
                detail = f"{profile.name}: golden probes are {said}, so none watches the model"
                self._tell(AlertKind.SELF, Severity.HIGH, "watch", detail)
            await asyncio.sleep(_RETRY)
            return ""
        self._silent[profile.name] = 0
        try:
            return secret.heard(asked, body)
        except WireError as error:
            if not secret.learnt:
                self._unread[profile.name] += 1
                if self._unread[profile.name] == golden.UNREAD:
                    detail = f"{profile.name}: golden probes cannot be learnt: {error.message}"
                    self._tell(AlertKind.SELF, Severity.MEDIUM, "probes-learnt", detail)
                await asyncio.sleep(_RETRY)
                return ""
            return f"golden probes are no longer answered as before: {error.message}"

    def _keep(self, profile: Profile, secret: Golden, path: Path | None) -> None:
        detail = f"{profile.name}: learnt the answers of {secret.count} golden probes on first use"
        detail += secret.caveat
        if path is not None:
            try:
                golden.write(path, secret.probes)
            except OSError as error:
                detail += f"; they cannot be kept: {(error.strerror or str(error)).lower()}"
        self._tell(AlertKind.SELF, Severity.INFO, "probes-learnt", detail)

    def _tell(self, kind: AlertKind, severity: Severity, rule: str, detail: str) -> None:
        self._emit(Alert(kind=kind, severity=severity, rule=rule, detail=detail))


class _Model:
    """What is known of the traffic of one model."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.asked: deque[tuple[Mapping[str, npt.NDArray[Any]] | None, str]] = deque()
        self.said: deque[bytes] = deque()
        self._windows = Windows(Coder(profile.inputs, profile.counts), profile.relations)
        self._answers = AnswerWindows(profile)
        self._refusals = Refusals()
        self._hostile: set[str] = set()
        self._versions: list[str] = []
        self._version = profile.model_version

    def alarmed(self, client: str) -> None:
        """Count its rows no longer."""
        if len(self._hostile) < _QUEUE:
            self._hostile.add(client)
        self._windows.forget(client)

    def judged(self) -> list[Drift]:
        """Judge what waits."""
        found: list[Drift] = []
        while self.asked:
            values, client = self.asked.popleft()
            if values is None:
                reason, _, client = client.partition("\0")
                if client not in self._hostile:
                    found += self._refusals.add(reason, client)
                continue
            if client in self._hostile:
                continue
            found += self._refusals.add(None, client)
            rows = len(next(iter(values.values())))
            found += self._windows.add(values, [client] * rows)
        while self.said:
            body = self.said.popleft()
            found += self._answers.add(body)
            self._pin(body)
        return found

    def versions(self) -> list[str]:
        """Return what is to be told of versions, once."""
        told, self._versions = self._versions, []
        return told

    def _pin(self, body: bytes) -> None:
        version = version_in(self.profile.protocol, body)
        if version is None:
            return
        if not self._version:
            self._version = version
        elif version != self._version:
            name = self.profile.name
            self._versions.append(f"{name} answers as version {version!r}, was {self._version!r}")
            self._version = version
