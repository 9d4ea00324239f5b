"""Ask a scanner about files, and put its answer into words that all of them share.

`caught` is a finding at medium or above, in the tool's own terms:

| tool | medium and above |
|---|---|
| ours | a finding at medium, high or critical |
| picklescan | a dangerous global (exit code 1, or `FOUND` on a line); suspicious ones are not |
| modelscan | an issue at medium, high or critical |
| fickling | `--check-safety` ends with 1: anything worse than `LIKELY_SAFE` |
| modelaudit | an issue at warning or critical |

Without such a finding an answer is `incomplete` when the tool says that it could not read, did not
know or did not finish the file, and `clean` when it says nothing of the kind.

picklescan and fickling are asked through their commands, one file a process; modelaudit through
its command with several files, as it takes seconds to start; modelscan through the one call that
its command makes, as a file that crashes it would end the scan of all others. Peers' answers are
kept under `build/benchmarks/`, keyed by version and file digest: delete that folder to ask again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from peers import PEERS, ROOT, Peer
from tables import share

CAUGHT, CLEAN, INCOMPLETE = "caught", "clean", "incomplete"
TIME_LIMIT = 300.0
KEPT = ROOT / "build" / "benchmarks"
_BATCH, _BATCH_BYTES = 25, 1 << 16
_SERIOUS = ("critical", "high", "medium")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one tool said of one file.

    Attributes:
        verdict: `caught`, `clean` or `incomplete`.
        worst: its highest severity in its own word, or its exit code.
        serious: at high or critical, where the tool has such degrees.
    """

    verdict: str
    worst: str = ""
    serious: bool = False
    detail: str = ""


Answers = Mapping[str, Mapping[Path, Answer]]
"""Answers by tool and file."""


def counted(answers: Answers, files: Sequence[Path], verdict: str) -> list[str]:
    """Return for each tool how many of `files` it gave this verdict, with share and interval."""
    hits = [sum(of[f].verdict == verdict for f in files) for of in answers.values()]
    return [share(count, len(files)) for count in hits]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended; `code` is None when it ran out of time."""

    code: int | None
    out: str


def run(command: Sequence[str | Path], *, stdin: str | None = None) -> Outcome:
    """Run a tool with its telemetry and colours off, within the time limit."""
    quiet = {"NO_COLOR": "1", "NO_ANALYTICS": "1", "PROMPTFOO_DISABLE_TELEMETRY": "1"}
    try:
        done = subprocess.run(
            [str(c) for c in command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIME_LIMIT,
            input=stdin or "",
            env=os.environ | quiet | {"COLUMNS": "100000"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, "")
    return Outcome(done.returncode, done.stdout + done.stderr)


def ask_picklescan(peer: Peer, file: Path) -> Answer:
    """One file; it has no JSON, so its lines are read."""
    outcome = run([peer.program, "-p", file])
    if outcome.code is None:
        return Answer(INCOMPLETE, "time", detail="ran out of time")
    found = re.findall(r"dangerous import '([^']*)' FOUND", outcome.out)
    if found or outcome.code == 1:
        return Answer(CAUGHT, "dangerous", serious=True, detail="; ".join(found[:3]))
    scanned = re.search(r"Scanned files: (\d+)", outcome.out)
    unread = "could not parse" in outcome.out or "ERROR" in outcome.out
    if outcome.code or unread or not scanned or scanned[1] == "0":
        return Answer(INCOMPLETE, f"exit {outcome.code}")
    suspicious = re.search(r"Suspicious globals: ([1-9]\d*)", outcome.out)
    return Answer(CLEAN, "suspicious" if suspicious else "none")


# What its command does for one path, without starting anew for every file: it takes a second.
_MODELSCAN = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from modelscan.modelscan import ModelScan
for line in sys.stdin:
    scanner = ModelScan()
    try:
        told = scanner.scan(line.rstrip("\\n"))
    except Exception as error:
        told = {"crash": repr(error)}
    sys.stderr.write("answer " + json.dumps(told, default=str) + "\\n")
"""


def ask_modelscan(peer: Peer, files: Sequence[Path]) -> Iterator[tuple[Path, Answer]]:
    """All files in one process of its own library call; a crash is an answer."""
    listed = "".join(f"{file}\n" for file in files)
    outcome = run([peer.home / "bin" / "python", "-c", _MODELSCAN], stdin=listed)
    told = [line[7:] for line in outcome.out.splitlines() if line.startswith("answer ")]
    for file, line in zip(files, told, strict=True):
        yield file, _modelscan_answer(json.loads(line))


def _modelscan_answer(told: dict[str, object]) -> Answer:
    if crash := told.get("crash"):
        return Answer(INCOMPLETE, "crash", detail=str(crash)[:200])
    grades = [issue["severity"].lower() for issue in told["issues"]]
    if worst := next((g for g in _SERIOUS if g in grades), ""):
        return Answer(CAUGHT, worst, serious=worst != "medium")
    if told["errors"] or not told["summary"]["scanned"]["total_scanned"]:
        return Answer(INCOMPLETE, "not scanned", detail=str(told["errors"])[:200])
    return Answer(CLEAN, grades[0] if grades else "none")


def ask_fickling(peer: Peer, file: Path) -> Answer:
    """One file; the report file that it always writes goes into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        outcome = run([peer.program, "--check-safety", "--json-output", report, file])
        grades = re.findall(r'"severity": "(\w+)"', report.read_text()) if report.exists() else []
    worst = next((g for g in grades if g != "LIKELY_SAFE"), "none").lower()
    if outcome.code == 1:
        return Answer(CAUGHT, worst, serious="malicious" in worst or worst == "likely_unsafe")
    if outcome.code == 0:
        return Answer(CLEAN, worst)
    return Answer(INCOMPLETE, f"exit {outcome.code}", detail=outcome.out[-200:])


def ask_modelaudit(peer: Peer, files: Sequence[Path]) -> Iterator[tuple[Path, Answer]]:
    """Several files in one process; issues are dealt out by the path that they name."""
    for batch in _batches(files):
        answers = _audit(peer, batch)
        if answers is None:  # the batch ran out of time: ask for each alone
            answers = {}
            for file in batch:
                answers |= _audit(peer, [file]) or {file: Answer(INCOMPLETE, "time")}
        yield from answers.items()


def _batches(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield files in groups: it takes a second to start, and many seconds for some large files."""
    batch: list[Path] = []
    for file in files:
        batch.append(file)
        if len(batch) == _BATCH or sum(f.stat().st_size for f in batch) > _BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


def _audit(peer: Peer, batch: Sequence[Path]) -> dict[Path, Answer] | None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [peer.program, "scan", "--format", "json", "--no-cache", "-o", report, *batch]
        outcome = run(command)
        if outcome.code is None:
            return None
        try:
            told = json.loads(report.read_text())
        except (OSError, ValueError):
            return {f: Answer(INCOMPLETE, f"exit {outcome.code}") for f in batch}
    issues: dict[Path, list[str]] = {f: [] for f in batch}
    by_length = sorted(batch, key=lambda f: -len(str(f)))
    for issue in told["issues"]:
        where = issue.get("location") or ""
        if file := next((f for f in by_length if where.startswith(str(f))), None):
            issues[file].append(issue["severity"])
    known = {a["path"]: a.get("type", "unknown") for a in told.get("assets", [])}
    return {f: _graded(issues[f], f, known.get(str(f), "unknown"), outcome.out) for f in batch}


def _graded(grades: list[str], file: Path, kind: str, talk: str) -> Answer:
    if worst := next((g for g in ("critical", "warning") if g in grades), ""):
        return Answer(CAUGHT, worst, serious=worst == "critical", detail=kind)
    line = next((t for t in talk.splitlines() if t.startswith(f"Scanned {file}:")), "")
    if kind == "unknown" or "incomplete" in line or not line:
        return Answer(INCOMPLETE, "info" if grades else "none", detail=kind)
    return Answer(CLEAN, "info" if grades else "none", detail=kind)


_TOGETHER: dict[str, Callable[[Peer, Sequence[Path]], Iterable[tuple[Path, Answer]]]] = {
    "modelscan": ask_modelscan,
    "modelaudit": ask_modelaudit,
}
_ONE_BY_ONE: dict[str, Callable[[Peer, Path], Answer]] = {
    "picklescan": ask_picklescan,
    "fickling": ask_fickling,
}


def ask_peer(peer: Peer, files: Sequence[Path]) -> dict[Path, Answer]:
    """Return a peer's answers, from what was kept where nothing has changed."""
    kept = _Kept(KEPT / f"{peer.name}-{peer.version}.json")
    missing = [f for f in files if kept.get(f) is None]
    if peer.name in _ONE_BY_ONE:
        ask = _ONE_BY_ONE[peer.name]
        fresh: Iterable[tuple[Path, Answer]] = ((f, ask(peer, f)) for f in missing)
    else:
        fresh = _TOGETHER[peer.name](peer, missing)
    for number, (file, answer) in enumerate(fresh, 1):
        kept.put(file, answer)
        if number % 50 == 0:
            print(f"{peer.name}: {number} of {len(missing)}", file=sys.stderr)
            kept.save()
    kept.save()
    return {f: kept.answers[kept.key(f)] for f in files}


def answered(peer: Peer, files: Sequence[Path]) -> list[Path]:
    """Return the files for which a peer's answer is kept."""
    kept = _Kept(KEPT / f"{peer.name}-{peer.version}.json")
    return [f for f in files if kept.get(f) is not None]


class _Kept:
    """Answers of one version of one tool, by file name and digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, Answer] = {}
        if path.is_file():
            told = json.loads(path.read_text())
            self.answers = {key: Answer(**value) for key, value in told.items()}

    def key(self, file: Path) -> str:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return f"{file.name}:{digest}"

    def get(self, file: Path) -> Answer | None:
        return self.answers.get(self.key(file))

    def put(self, file: Path, answer: Answer) -> None:
        self.answers[self.key(file)] = answer

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        told = {key: asdict(value) for key, value in sorted(self.answers.items())}
        self.path.write_text(json.dumps(told, indent=1))


def our_program() -> list[str]:
    """Return our command, as installed beside the running interpreter or as a module."""
    beside = Path(sys.executable).parent / "modelwarden"
    return [str(beside)] if beside.is_file() else [sys.executable, "-m", "modelwarden"]


def our_report(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return the JSON report of `modelwarden scan PATH`.

    Raises:
        RuntimeError: the command gave no report.
    """
    outcome = run([*our_program(), "scan", path, "--format", "json", "--no-hash"])
    begin = outcome.out.find("{")
    if outcome.code not in {0, 1, 3} or begin < 0:
        raise RuntimeError(f"modelwarden scan ended with {outcome.code}: {outcome.out[-500:]}")
    report, _ = json.JSONDecoder().raw_decode(outcome.out[begin:])
    return report


def ask_ours(root: Path, files: Sequence[Path]) -> dict[Path, Answer]:
    """Scan the folder once with our command and deal the findings and gaps out by path."""
    report = our_report(root)
    return {f: _our_answer(report, f.relative_to(root).as_posix()) for f in files}


def ask_ours_alone(file: Path) -> Answer:
    """Scan one file with our command."""
    return _our_answer(our_report(file), file.name)


def _our_answer(report: dict[str, list[dict[str, object]]], name: str) -> Answer:
    mine = [f for f in report["findings"] if _path_of(f) == name]
    grades = {f["severity"] for f in mine}
    rules = "; ".join(sorted({str(f["rule"]) for f in mine if f["severity"] in _SERIOUS}))
    covered = next((c for c in report["coverage"] if c["path"] == name), None)
    kind = str(covered["format"]) if covered else "not met"
    if worst := next((g for g in _SERIOUS if g in grades), ""):
        return Answer(CAUGHT, worst, serious=worst != "medium", detail=f"{kind}: {rules}")
    if covered is None or covered["status"] != "examined" or _gaps(report, name):
        return Answer(INCOMPLETE, min(grades, default="none"), detail=kind)
    return Answer(CLEAN, min(grades, default="none"), detail=kind)


def _path_of(finding: dict[str, object]) -> str:
    location = finding["location"]
    return str(location["path"]) if isinstance(location, dict) else ""


def _gaps(report: dict[str, list[dict[str, object]]], name: str) -> bool:
    return any(re.split(r"[!@]", str(g["what"]))[0] == name for g in report["gaps"])


def ready_peers() -> list[Peer]:
    """Return the peers that are installed, and say which are not."""
    for peer in PEERS:
        if not peer.ready:
            print(f"{peer.name} is not installed: `make peers` does that", file=sys.stderr)
    return [peer for peer in PEERS if peer.ready]
