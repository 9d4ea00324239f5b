"""Is a mutant that passes still harmful? Asked of victims, and of other parsers.

A sample's *deeds* are what its victim did with it: programs started, connections, files written,
or, where no victim is here, the facts that hold a word of the findings. A mutant is

- *harmful* when its victim does all these deeds, or all these facts are still there,
- *moved* when it does something else with the same programs and events, or the values stand, under
  the same last key, elsewhere in the file: a person has to look,
- *refused* when the victim cannot read it, *changed* when it reads something else,
- *unjudged* when nobody here reads such files.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modelwarden.sandbox import landlock
from modelwarden.sandbox.order import readable_files

from . import readings
from .readings import Facts, Reading

_ROOT = Path(__file__).resolve().parent.parent.parent
_MODELS = _ROOT / ".venv-models" / "bin" / "python"
_VICTIMS = Path(__file__).with_name("victims.py")
_READABLE = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", str(_ROOT))
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/fd")
_BY_NAME = (
    (".sh", "shell"),
    (".pkl", "pickle"),
    (".py", "python"),
    (".pth", "startup"),
    (".jinja", "template"),
    ("Dockerfile", "image"),
    ("Makefile", "rules"),
)


def victim_of(name: str) -> str:
    """Return the victim of a file of that name, or nothing."""
    return next((kind for ending, kind in _BY_NAME if name.endswith(ending)), "")


class Victims:
    """The process of the victims, started at the first question."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def deeds(self, kind: str, name: str, data: bytes) -> list[str]:
        """Return what the victim did, or one line that begins with `!`."""
        if kind in {"image", "rules"}:
            kind, data = "shell", commands(kind, data)
        process = self._process or self._started()
        request = {"kind": kind, "name": name, "data": data.hex()}
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return list(json.loads(process.stdout.readline()))

    def _started(self) -> subprocess.Popen[str]:
        python = str(_MODELS) if _MODELS.exists() else sys.executable
        rules = landlock.rights(landlock.abi())
        rights = {
            "landlock": {
                **{key: getattr(rules, key) for key in ("handled", "network", "scoped")},
                **{
                    key: getattr(rules, key)
                    for key in ("read", "write", "device", "files", "names")
                },
            },
            "readable": (*_READABLE, *readable_files(python)),
            "listed": (),
            "writable": (),
            "devices": _DEVICES,
        }
        self._process = subprocess.Popen(
            [python, "-I", str(_VICTIMS), json.dumps(rights)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._process

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


def commands(kind: str, data: bytes) -> bytes:
    """Return what a Dockerfile or a makefile has a shell run."""
    text = data.replace(b"\\\n", b"").decode("utf-8", "replace")
    found = []
    for line in text.splitlines():
        if kind == "rules" and line.startswith("\t"):
            found.append(line[1:].lstrip("@-+").replace("$$", "$"))
        if kind == "image":
            word, _, rest = line.strip().partition(" ")
            if word.upper() in {"RUN", "CMD", "ENTRYPOINT"}:
                found.append(_listed(rest))
    return "\n".join(found).encode() + b"\n"


def _listed(rest: str) -> str:
    try:
        words = json.loads(rest)
    except ValueError:
        return rest
    return " ".join(f"'{word}'" for word in words) if isinstance(words, list) else rest


@dataclass(frozen=True, slots=True)
class Judge:
    """What is known of one sample.

    Attributes:
        kind: its victim, or nothing. deeds: what that did with the sample.
        reading: the other parser, or None. core: the facts that make the sample harmful.
    """

    name: str
    kind: str
    deeds: tuple[str, ...]
    reading: Reading | None
    core: Facts

    def verdict(self, data: bytes, victims: Victims) -> str:
        """Return what became of a mutant; see above."""
        if self.deeds:
            met = victims.deeds(self.kind, self.name, data)
            if set(met) >= set(self.deeds):
                return "harmful"
            if kinds(met) >= kinds(self.deeds):
                return "moved"
            return "refused" if met[:1] and met[0][0] == "!" else "changed"
        if self.reading is None:
            return "unjudged"
        facts = readings.read(self.reading, data)
        if facts is None:
            return "refused"
        if self.core <= facts:
            return "harmful"
        return "moved" if _ends(self.core) <= _ends(facts) else "changed"


def kinds(deeds: Iterable[str]) -> set[str]:
    """Return the programs or events, without what they were given."""
    return {line.split(" ")[0] for line in deeds}


def judge_of(name: str, data: bytes, words: Iterable[str], victims: Victims) -> Judge:
    """Return the judge of a sample, by the words that its findings name."""
    kind = victim_of(name)
    deeds = victims.deeds(kind, name, data) if kind else []
    if deeds and deeds[0][0] != "!":
        return Judge(name, kind, tuple(deeds), None, frozenset())
    for reading in readings.readings_of(name, data):
        facts = readings.read(reading, data)
        if facts:
            held = {f for f in facts if any(w in f[1] or w in f[0] for w in words)}
            return Judge(name, kind, (), reading, frozenset(held) or facts)
    return Judge(name, kind, (), None, frozenset())


def _ends(facts: Facts) -> set[tuple[tuple[str, ...], str]]:
    return {(path[-1:], value) for path, value in facts}
