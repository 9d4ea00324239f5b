"""The watch: one loop that looks at files, logs, labels and the model, and tells what changed.

What it knows is kept in one file after every look, so that a restart goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from modelwarden.core import InputError, Json, Severity
from modelwarden.detectors import probes as golden
from modelwarden.detectors.alerts import AlertFile, AlertKind, now
from modelwarden.detectors.answering import version_in
from modelwarden.detectors.asking import post
from modelwarden.detectors.flood import Flood
from modelwarden.detectors.probes import UNREAD, Golden
from modelwarden.detectors.profile import Profile, Watched
from modelwarden.detectors.profile import load as load_profile
from modelwarden.detectors.tamper import FileWatch
from modelwarden.monitor.alerts import Alert
from modelwarden.monitor.config import MonitorConfig
from modelwarden.monitor.follow import Follower, ruled
from modelwarden.monitor.labels import Performance, Worse
from modelwarden.monitor.log import Log
from modelwarden.monitor.notify import Sender
from modelwarden.monitor.relay import Relay
from modelwarden.protocols.tensors import WireError
from modelwarden.targets.frames import Frame

SCHEMA = "modelwarden/monitor-state/1"
_LARGEST = 256 << 20
_TICK = 0.5
_DOWN = 3  # probes without an answer that are told


class StateError(InputError):
    """A file that is no state of a watch."""

    hint = "Give another --state, or remove the file to begin anew."


class Watch:
    """One watch.

    Attributes:
        told: alerts that were written.
        grave: of these, the ones of severity high or worse.
        looks: at the log so far.
    """

    def __init__(self, config: MonitorConfig, say: Callable[[str], None]) -> None:
        """Read profiles, probes and state; `say` takes lines for people.

        Raises:
            InputError: one of them cannot be used.
            OutputError: alerts cannot be written.
        """
        self.told = self.grave = self.looks = 0
        self._config = config
        self._say = say
        self._profiles = [load_profile(path, config.profile_key) for path in config.profiles]
        state = _read_state(config.state)
        self._log = None if config.log is None else Log(config.log, _part(state, "log"))
        self._labels = None if config.labels is None else Log(config.labels, _part(state, "labels"))
        self._relay = None
        if config.firewall_alerts is not None:
            self._relay = Relay(config.firewall_alerts, _part(state, "firewall"))
        try:
            self._followers = {
                p.name: Follower(p, self._left_out(), _part(state, f"follow {p.name}"))
                for p in self._profiles
            } or {"": Follower(None, self._left_out(), _part(state, "follow "))}
            self._of_labels = Follower(None, self._names(), _part(state, "follow labels"))
            self._performance = Performance(config.accuracy, _part(state, "performance"))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            what = "a profile" if not state else f"the state {config.state}"
            told = f"{what} holds what nothing can be followed by: {type(error).__name__}"
            raise StateError(told) from error
        self._sent: dict[str, float] = {
            key: float(value)
            for key, value in _part(state, "sent").items()
            if isinstance(value, int | float)
        }
        self._versions = {k: str(v) for k, v in _part(state, "versions").items()}
        self._files = FileWatch(_watched(config, self._profiles))
        self._probes = list(self._secrets())
        self._alerts = AlertFile(config.alerts)
        self._senders = {c.name: Sender(c) for c in config.channels}
        self._lost: dict[str, int] = {}  # alerts by channel, of which was told
        most = config.alerts_a_minute
        self._flood: Flood[tuple[AlertKind, Severity, str]] = Flood(most / 60, int(most), 60.0)

    def _names(self) -> frozenset[str]:
        return frozenset((self._config.id, *self._config.drop))

    def _left_out(self) -> frozenset[str]:
        return self._names() | {self._config.label}

    def _secrets(self) -> Iterator[_Asked]:
        if self._config.upstream is None or self._config.probe_seconds <= 0:
            return
        for profile, path in zip(self._profiles, self._config.profiles, strict=True):
            place = golden.place_of(path)
            known = golden.load(place, profile.name)
            if known is None:
                self._say(f"{profile.name}: there are no golden probes at {place}")
            else:
                yield _Asked(profile, Golden(profile, known), place)

    def run(self, *, once: bool = False, stop: Callable[[], bool] = lambda: False) -> None:
        """Watch until `stop` says so; `once` looks at everything a single time."""
        try:
            if once:
                self._look()
                self._look_at_files(1.0)
                for asked in self._probes:
                    self._probe_all(asked)
                return
            self._loop(stop)
        finally:
            self._close()

    def _loop(self, stop: Callable[[], bool]) -> None:
        rng = np.random.default_rng()
        began = time.monotonic()
        next_look = began
        next_probe = [began + i * _TICK for i in range(len(self._probes))]
        while not stop():
            here = time.monotonic()
            self._look_at_files(here - began)
            began = here
            if here >= next_look:
                self._look()
                next_look = here + self._config.look_seconds
            for i, asked in enumerate(self._probes):
                if here >= next_probe[i]:
                    self._probe(asked)
                    pause = rng.uniform(0.2, 1.8) * self._config.probe_seconds / 12
                    next_probe[i] = here + (pause if asked.secret.learnt else 0.0)
            self._files.wait(_TICK)

    def _close(self) -> None:
        self._tell_left_out(last=True)
        self._keep()
        self._files.close()
        for sender in self._senders.values():
            sender.close()
            if sender.lost or sender.trouble:
                why = f": {sender.trouble}" if sender.trouble else ""
                self._say(f"channel {sender.channel.name}: {sender.lost} alerts were lost{why}")
        self._alerts.close()

    # What is looked at ---------------------------------------------------------------------------

    def _look(self) -> None:
        self.looks += 1
        self._alerts.follow()
        if self._log is not None:
            for frame in self._log.new():
                self._follow(frame)
            self._trouble(self._log)
        if self._labels is not None:
            for frame in self._labels.new():
                self._label(frame)
            self._trouble(self._labels)
        for alert in [] if self._relay is None else self._relay.new():
            self._pass_on(alert)
        self._tell_channels()
        self._tell_left_out()
        self._keep()

    def _tell_channels(self) -> None:
        """Tell of channels that lost alerts since the last look; the others are told, at least."""
        for name, sender in self._senders.items():
            new = sender.lost - self._lost.get(name, 0)
            if new > 0:
                self._lost[name] = sender.lost
                why = f": {sender.trouble}" if sender.trouble else ""
                told = f"channel {name}: {new} alerts were lost{why}"
                self._tell(AlertKind.SELF, Severity.HIGH, "channel", told, "", key=name)

    def _trouble(self, log: Log) -> None:
        for told in log.trouble:
            self._tell(AlertKind.SELF, Severity.MEDIUM, "log", told, "", key=told)
        log.trouble = []

    def _follow(self, frame: Frame) -> None:
        config = self._config
        for name, part in self._by_model(frame):
            clients = _words(part, "client")
            answers = frozenset((config.prediction, config.score, "decision"))
            for drift in self._followers[name].add(part, clients):
                one = ruled(drift, answers, frozenset())
                detail = f"{one.told} (last {one.rows} rows)"
                key = ",".join(one.features[:3])
                self._tell(AlertKind.DRIFT, Severity.MEDIUM, one.rule, detail, name, key=key)
            self._lacks(name)
        if config.id in frame.names and config.prediction in frame.names:
            worse = self._performance.answered(frame[config.id], frame[config.prediction])
            self._worse(worse)
        if config.score in frame.names and config.prediction in frame.names:
            self._worse(self._performance.scored(frame[config.score]))
        if config.label in frame.names:
            self._label(frame)

    def _lacks(self, name: str) -> None:
        """Tell that rows are not held against a profile, a part of whose inputs they lack."""
        if lacking := self._followers[name].lacking:
            shown = ", ".join(map(repr, lacking[:5])) + (" …" if len(lacking) > 5 else "")
            told = f"the log has not all inputs of the profile, so none is held against it: {shown}"
            self._tell(AlertKind.SELF, Severity.MEDIUM, "log", told, name, key="lacking")

    def _by_model(self, frame: Frame) -> Iterator[tuple[str, Frame]]:
        """Yield rows by the model that they are of, where there are several."""
        if len(self._followers) == 1 or "model" not in frame.names:
            yield next(iter(self._followers)), frame
            return
        models = np.array(_words(frame, "model"), np.object_)
        for name in self._followers:
            rows = np.flatnonzero(models == name)
            if len(rows):
                yield name, frame.take(rows)

    def _label(self, frame: Frame) -> None:
        config = self._config
        if config.id not in frame.names or config.label not in frame.names:
            return
        label = frame[config.label]
        self._worse(self._performance.labelled(frame[config.id], label))
        only = Frame((config.label,), (label,))
        for drift in self._of_labels.add(only, [""] * len(frame)):
            one = ruled(drift, frozenset(), frozenset((config.label,)))
            detail = f"{one.told} (last {one.rows} labels)"
            self._tell(AlertKind.DRIFT, Severity.MEDIUM, one.rule, detail, self._first)

    @property
    def _first(self) -> str:
        return next(iter(self._followers))

    def _worse(self, found: list[Worse]) -> None:
        for one in found:
            real = one.rule == "performance-drop"
            severity = Severity.HIGH if real else Severity.MEDIUM
            self._tell(AlertKind.DRIFT, severity, one.rule, one.told, self._first, key=one.rule)

    def _look_at_files(self, seconds: float) -> None:
        for change in self._files.look(seconds):
            if change.told:
                detail = f"{change.path} {change.told}"
                self._tell(AlertKind.TAMPER, Severity.CRITICAL, "digest-changed", detail, "")

    # The model -----------------------------------------------------------------------------------

    def _probe_all(self, asked: _Asked) -> None:
        """Ask until every probe is learnt and was asked once more, for a look that is alone."""
        for _ in range(40):
            if self._probe(asked) and asked.secret.learnt and asked.rounds >= asked.secret.count:
                return
            if asked.silent >= _DOWN:
                return

    def _probe(self, asked: _Asked) -> bool:
        """Ask some probes; tell whether there was an answer."""
        secret, profile = asked.secret, asked.profile
        some = secret.next()
        new = not secret.learnt
        status, body = post(self._config.upstream or "", secret.path, secret.body(some))
        if status != 200:
            asked.silent += 1
            if asked.silent == _DOWN:
                detail = f"the model does not answer: {status or 'no connection'}"
                self._tell(AlertKind.UPSTREAM, Severity.HIGH, "upstream", detail, profile.name)
            return False
        asked.silent = 0
        try:
            wrong = secret.heard(some, body)
        except WireError as error:
            wrong = "" if new else f"golden probes are no longer answered: {error.message}"
            asked.unread += new
            if asked.unread == UNREAD:
                detail = f"golden probes cannot be learnt, so none watches: {error.message}"
                severity = Severity.MEDIUM
                self._tell(AlertKind.SELF, severity, "probes-learnt", detail, profile.name)
        asked.rounds += 0 if new else len(some)
        if wrong:
            rule = "golden-probes"
            self._tell(AlertKind.TAMPER, Severity.CRITICAL, rule, wrong, profile.name, key=rule)
        if new and secret.learnt:
            self._learnt(asked)
        self._pin(profile, body)
        return True

    def _learnt(self, asked: _Asked) -> None:
        detail = f"learnt the answers of {asked.secret.count} golden probes on first use"
        detail += asked.secret.caveat
        try:
            golden.write(asked.place, asked.secret.probes)
        except OSError as error:
            detail += f"; they cannot be kept: {(error.strerror or str(error)).lower()}"
        self._tell(AlertKind.SELF, Severity.INFO, "probes-learnt", detail, asked.profile.name)

    def _pin(self, profile: Profile, body: bytes) -> None:
        version = version_in(profile.protocol, body)
        if version is None:
            return
        known = self._versions.setdefault(profile.name, profile.model_version or version)
        if known != version:
            self._versions[profile.name] = version
            detail = f"answers as version {version!r}, was {known!r}"
            self._tell(AlertKind.TAMPER, Severity.CRITICAL, "version-changed", detail, profile.name)

    # What is told --------------------------------------------------------------------------------

    def _tell(
        self, kind: AlertKind, severity: Severity, rule: str, detail: str, model: str, key: str = ""
    ) -> None:
        self._pass_on(
            Alert(
                kind=kind,
                severity=severity,
                rule=rule,
                detail=detail,
                model=model,
                key=key,
                time=now(),
            )
        )

    def _pass_on(self, alert: Alert) -> None:
        here = time.time()
        last = self._sent.get(alert.identity)
        if last is not None and 0 <= here - last < self._config.repeat_seconds:
            return
        if len(self._sent) > 10_000:
            self._sent = dict(sorted(self._sent.items(), key=lambda item: item[1])[5_000:])
        self._sent[alert.identity] = here
        if self._flood.take((alert.kind, alert.severity, alert.rule)):
            self._send(alert)

    def _tell_left_out(self, *, last: bool = False) -> None:
        """Tell of a flood of one rule how many alerts were left out."""
        for (kind, severity, rule), count in self._flood.due(all_of_them=last):
            told = f"{count} more alerts of this rule were left out"
            self._send(
                Alert(kind=kind, severity=severity, rule=rule, detail=told, model="", time=now())
            )

    def _send(self, alert: Alert) -> None:
        self.told += 1
        self.grave += alert.severity.rank <= Severity.HIGH.rank
        self._alerts.write(alert.document())
        about = f" {alert.model or alert.client or ''}".rstrip()
        named = f"{alert.kind.value}/{alert.rule}{about}"
        self._say(f"{alert.severity.value} {named}: {alert.detail}")
        for name in dict.fromkeys(self._channels_of(alert)):
            self._senders[name].send(alert)

    def _channels_of(self, alert: Alert) -> Iterator[str]:
        if not self._config.routes:
            yield from self._senders
        for route in self._config.routes:
            if route.kinds and alert.kind not in route.kinds:
                continue
            if alert.severity.rank <= route.severity.rank:
                yield from route.to

    def summary(self) -> str:
        """Return one line on what was watched."""
        looks = "1 look" if self.looks == 1 else f"{self.looks} looks"
        alerts = "1 alert" if self.told == 1 else f"{self.told} alerts"
        parts = [looks, alerts, self._performance.told]
        return " · ".join(part for part in parts if part)

    # What is kept --------------------------------------------------------------------------------

    def _keep(self) -> None:
        if self._config.state is None:
            return
        state: dict[str, Json] = {
            "schema": SCHEMA,
            "performance": self._performance.saved(),
            "follow labels": self._of_labels.saved(),
            "sent": dict(self._sent),
            "versions": dict(self._versions),
        }
        if self._relay is not None:
            state["firewall"] = self._relay.position
        state |= {f"follow {name}": one.saved() for name, one in self._followers.items()}
        for key, log in (("log", self._log), ("labels", self._labels)):
            if log is not None:
                state[key] = log.position
        try:
            _write(self._config.state, json.dumps(state, separators=(",", ":")).encode())
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._tell(
                AlertKind.SELF, Severity.HIGH, "state", f"the state cannot be kept: {why}", ""
            )


class _Asked:
    """The probes of one model."""

    def __init__(self, profile: Profile, secret: Golden, place: Path) -> None:
        self.profile, self.secret, self.place = profile, secret, place
        self.silent = self.rounds = self.unread = 0


def _watched(config: MonitorConfig, profiles: list[Profile]) -> tuple[Watched, ...]:
    """Return the files of the models, and the profiles themselves as they are now."""
    files = [w for profile in profiles for w in profile.watched]
    own = (Watched(str(p), hashlib.sha256(p.read_bytes()).hexdigest()) for p in config.profiles)
    return tuple(dict.fromkeys((*files, *own)))


def _words(frame: Frame, name: str) -> list[str]:
    if name not in frame.names:
        return [""] * len(frame)
    return ["" if v is None else str(v) for v in frame[name].tolist()]


def _part(state: dict[str, Json], key: str) -> dict[str, Json]:
    part = state.get(key)
    return part if isinstance(part, dict) else {}


def _read_state(path: Path | None) -> dict[str, Json]:
    if path is None:
        return {}
    try:
        with path.open("rb") as stream:
            state = json.loads(stream.read(_LARGEST))
    except FileNotFoundError:
        return {}
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise StateError(f"cannot read the state {path}: {why}") from error
    except (ValueError, RecursionError) as error:
        raise StateError(f"{path} is no state of a watch") from error
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        raise StateError(f"{path} is no state of a watch of the schema {SCHEMA}")
    return state


def _write(path: Path, data: bytes) -> None:
    """Write beside and rename; readable for its owner only, for it holds answers and labels."""
    beside = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    with suppress(FileNotFoundError):
        beside.unlink()
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut may leave the new name and nothing in it
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


__all__ = ["SCHEMA", "StateError", "Watch"]
