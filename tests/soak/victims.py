"""Victims: programs that read a file as those do whom it harms, in a process without rights.

    python victims.py RIGHTS

reads requests, one a line (JSON: kind, name, bytes as hexadecimal digits), and answers each with
what the file did. The process writes no file, has no network and bash is the only program it
starts: the kernel sees to it. Each request is a fork of it that lives for a few seconds. Python's
own victims run under an audit hook that refuses each deed before it happens, and notes it.

Standard library only: it runs in the environment of the models' libraries.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import io
import json
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import types
from pathlib import Path

with contextlib.suppress(ImportError):  # the victim of templates, where it is installed
    import jinja2.ext
    import jinja2.sandbox

SECONDS = 4
_HERE = Path(__file__).resolve().parent
_WORKER = _HERE.parent.parent / "src" / "modelwarden" / "sandbox" / "worker.py"
_DEEDS = frozenset(
    """
    os.system os.exec os.posix_spawn os.spawn subprocess.Popen pty.spawn socket.connect socket.bind
    socket.getaddrinfo urllib.Request os.remove os.rename os.rmdir os.mkdir os.chmod os.link
    os.symlink os.truncate shutil.rmtree shutil.move ctypes.dlopen os.kill webbrowser.open
    ftplib.connect os.putenv template.escape
    """.split()
)
_WRITES = frozenset("wax+")


class _RefusedError(BaseException):
    """A deed was refused."""


class _Hook:
    """Notes deeds and refuses them, while it is armed."""

    def __init__(self) -> None:
        self.met: list[str] = []
        self.armed = False
        sys.addaudithook(self._heard)

    def _heard(self, event: str, given: tuple[object, ...]) -> None:
        if not self.armed:
            return
        wrote = event == "open" and isinstance(given[1], str) and bool(_WRITES & set(given[1]))
        if event in _DEEDS or wrote:
            self.met.append(f"{event} {given!r}"[:300])
            raise _RefusedError


def _render(text: str) -> None:
    """Render a chat template as Transformers does; what its sandbox refuses is a deed."""

    class Told(jinja2.sandbox.ImmutableSandboxedEnvironment):
        def is_safe_attribute(self, value: object, name: str, _: object) -> bool:
            safe = super().is_safe_attribute(value, name, _)
            if not safe:
                sys.audit("template.escape", name)
            return safe

    source = Told(extensions=["jinja2.ext.loopcontrols"], trim_blocks=True, lstrip_blocks=True)
    source.from_string(text).render(
        messages=[{"role": "user", "content": "x"}], add_generation_prompt=True, bos_token="<s>"
    )


def _load(kind: str, name: str, data: bytes) -> None:
    match kind:
        case "pickle":
            stream = io.BytesIO(data)
            while stream.tell() < len(data):
                pickle.load(stream)
        case "python":
            module = sys.modules["modeling_x"] = types.ModuleType("modeling_x")
            exec(compile(data, name, "exec", dont_inherit=True), vars(module))
        case "startup":
            for line in data.decode("utf-8", "surrogateescape").splitlines():
                if line.startswith(("import ", "import\t")):
                    exec(compile(line, name, "exec", dont_inherit=True))
        case "template":
            _render(data.decode())


def _python(kind: str, name: str, data: bytes) -> list[str]:
    hook = _Hook()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        hook.armed = True
        try:
            _load(kind, name, data)
        except _RefusedError:
            pass
        except BaseException as error:  # noqa: BLE001 -- whatever a stranger's file raises
            if not hook.met:
                return [f"! {type(error).__name__}"]
        finally:
            hook.armed = False
    return hook.met


def _shell(data: bytes) -> list[str]:
    """Let bash run a script for which no program is there."""
    log, told = os.pipe()
    os.dup2(told, 9, inheritable=True)
    script = os.memfd_create("script")
    os.write(script, data)
    os.lseek(script, 0, os.SEEK_SET)
    bash = subprocess.Popen(
        ["/bin/bash", "--noprofile", "--norc", f"/dev/fd/{script}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": "/nowhere", "HOME": "/nobody", "BASH_ENV": str(_HERE / "prelude.sh")},
        pass_fds=(9, script),
    )
    os.close(told)
    os.close(9)
    _, errors = bash.communicate()
    words = []
    while select.select([log], [], [], 0)[0] and (part := os.read(log, 1 << 16)):
        words += part.decode("utf-8", "replace").splitlines()
    for line in errors.decode("utf-8", "replace").splitlines():
        if line.endswith(("Permission denied", "No such file or directory", "unreachable")):
            words.append("refused " + line.partition("line ")[2].partition(": ")[2])
    return words


def _answer(request: dict[str, str]) -> list[str]:
    data = bytes.fromhex(request["data"])
    if request["kind"] == "shell":
        return _shell(data)
    return _python(request["kind"], request["name"], data)


def _forked(request: dict[str, str]) -> list[str]:
    """Answer in a process of its own, which is ended with all that it started."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        try:
            told = json.dumps(_answer(request))
            os.write(writing, told.encode()[: 1 << 15])
        finally:
            os._exit(0)
    os.close(writing)
    text = b""
    while select.select([reading], [], [], SECONDS)[0] and (part := os.read(reading, 1 << 16)):
        text += part
    os.close(reading)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return list(json.loads(text))
    except ValueError:
        return ["! no answer"]


def _confine(rights: dict[str, object]) -> None:
    spec = importlib.util.spec_from_file_location("worker", _WORKER)
    worker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(worker)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(1, 9, 0, 0, 0)  # end with the parent
    if not worker._leave_namespaces(libc):
        raise SystemExit("the network cannot be cut")
    worker._check(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    if not worker._restrict_files(libc, rights):
        raise SystemExit("files cannot be kept from being written")


def main() -> None:
    """Give up all rights and answer."""
    _confine(json.loads(sys.argv[1]))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
