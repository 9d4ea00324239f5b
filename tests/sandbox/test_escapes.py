"""Every escape fails, in each spelling, and those that no honest model needs are reported."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelwarden.sandbox import Attempt, ModelError, Tier, Worker, WorkerError
from tests.sandbox.escapes import ESCAPES, PRELUDE

SPELLINGS = [
    pytest.param(escape, body, id=f"{escape.name} ({spelling})")
    for escape in ESCAPES
    for spelling, body in (("python", escape.python), ("native", escape.native))
    if body is not None
]

# What a hostile model would do first: take away what Python could watch it with.
WIPE = """
sys.settrace(None)
sys.setprofile(None)
sys.addaudithook = sys.audit = lambda *_: None
"""


@dataclass(frozen=True)
class Outside:
    """What lies outside of the sandbox and must stay as it is."""

    folder: Path
    port: int
    path: str
    abstract: str

    def unchanged(self) -> bool:
        return (
            sorted(p.name for p in self.folder.iterdir()) == ["secret.txt", "socket"]
            and (self.folder / "secret.txt").read_text() == "made up"
        )


@pytest.fixture
def outside(tmp_path) -> Iterator[Outside]:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("made up")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as nameless,
    ):
        named.bind(str(folder / "socket"))
        named.listen()
        abstract = f"modelwarden-{os.getpid()}-{id(nameless)}"
        nameless.bind(f"\0{abstract}")
        nameless.listen()
        yield Outside(folder, server.getsockname()[1], str(folder / "socket"), abstract)


def fill(body: str, outside: Outside) -> str:
    """Return the code of `act()` for what lies outside."""
    filled = (
        body.replace("{folder}", str(outside.folder))
        .replace("{parent}", str(os.getpid()))
        .replace("{port}", str(outside.port))
        .replace("{socket}", outside.path)
        .replace("{abstract}", outside.abstract)
    )
    indented = "\n".join(f"    {line}" for line in filled.split("\n"))
    return f"{PRELUDE}{WIPE}\ndef act():\n{indented}\n"


def attempt(tmp_path: Path, outside: Outside, body: str) -> tuple[bool, list[Attempt], Tier]:
    """Run `body` in a hostile model; return whether it says that it worked."""
    model = tmp_path / "model"
    model.mkdir()
    code = f"{fill(body, outside)}\ndef predict(rows):\n    return [[act()]]\n"
    (model / "model.py").write_text(code)
    worked = False
    with Worker(sys.executable, readable=[model]) as worker:
        file = str(model / "model.py")
        worker.ask({"operation": "load", "folder": str(model), "file": file, "name": "predict"})
        try:
            data, _, _ = worker.batch(bytes(8), rows=1, columns=1, room=8)
            worked = any(data)
        except (ModelError, WorkerError):
            pass
    return worked, worker.attempts, worker.tier


@pytest.mark.parametrize(("escape", "body"), SPELLINGS)
def test_no_escape_works_and_the_telling_ones_are_reported(escape, body, outside, tmp_path):
    worked, attempts, tier = attempt(tmp_path, outside, body)

    assert not worked
    assert outside.unchanged()
    assert tier is Tier.FULL
    if escape.reported:
        assert escape.reported in {a.what for a in attempts}


CONTROLS = [p for p in SPELLINGS if p.values[0].control]


@pytest.mark.parametrize(("escape", "body"), CONTROLS)
def test_the_same_act_works_outside_of_the_sandbox(escape, body, outside, tmp_path):
    code = f"{fill(body, outside)}\nprint(act())\n"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, timeout=20, check=False
    )

    assert done.stdout.strip() == b"True", done.stderr


def test_every_act_is_also_spelled_below_python():
    assert [escape.name for escape in ESCAPES if escape.native is None] == []
    assert len(ESCAPES) >= 75
