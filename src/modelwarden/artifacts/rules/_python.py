"""What the rules over Python code have in common."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.asking import only_asks
from modelwarden.artifacts.known.attacks import FETCHED
from modelwarden.artifacts.known.commands import RUNS_LATER, attack_in
from modelwarden.artifacts.known.harm import code_in
from modelwarden.artifacts.known.python_calls import (
    EVALUATORS,
    Can,
    ability,
    fetches,
    may_write,
    tells_secrets,
)
from modelwarden.artifacts.known.secrets import redacted
from modelwarden.artifacts.rules._dropped import started
from modelwarden.core import Evidence
from modelwarden.core.values import dataclass
from modelwarden.formats.places import escapes
from modelwarden.formats.python.acts import UNKNOWN, Act, Kind, When
from modelwarden.formats.python.reader import PythonFile
from modelwarden.formats.python.values import ANYTHING, Value

MOST = 20
_RAN = (When.IMPORT, When.LOAD)
_SHOWN = 120
_RUNS = frozenset((Can.PROGRAM, Can.CODE, Can.FILE_CODE))
_CONNECTIONS = ("socket.socket()", "socket.create_connection()", "ssl.wrap_socket()")
_OPENS = frozenset(("builtins.open", "io.open", "codecs.open"))
_PICKLES = frozenset(
    "pickle.load pickle.loads dill.load dill.loads cloudpickle.load cloudpickle.loads joblib.load "
    "pandas.read_pickle".split()
)
# These take a document itself, where the others take the name of a file.
_OF_TEXT = ("yaml.", "jsonpickle.")
_INDEXES = ("--index-url", "--extra-index-url", "--find-links")
# Under which operators of Airflow and tasks of Prefect, Luigi and Dagster are told what to run.
_COMMANDS = ("bash_command", "command", "commands", "shell_command", "script")
_HEADERS = frozenset("headers auth token api_key".split())


@dataclass(frozen=True, slots=True)
class Judged:
    """One act with what it can do."""

    act: Act
    can: Can
    dropped: bool = False  # it starts a file that was fetched before

    @property
    def shown(self) -> str:
        """Return the call on one line."""
        return f"{self.act.path}({rendered(self.act)})"


def judged(program: PythonFile) -> Iterator[Judged]:
    """Yield the acts that can do something, in order, each place once."""
    seen: set[tuple[str, int, When, str]] = set()
    dropped = started(program.acts)
    for place, act in enumerate(program.acts):
        if act.kind not in {Kind.CALL, Kind.HANDED}:
            continue
        can = ability(act.path)
        if can is None and _stays(act):
            can = Can.WRITE
        if can is None and (_evaluates(act) or _told(act)):
            can = Can.PROGRAM
        if can is None and act.named.get("trust_remote_code", ANYTHING).const is True:
            can = Can.FILE_CODE
        if can is None and place in dropped:
            can = Can.FILE_CODE
        if act.path == "os.dup2" and _connected(act):
            can = Can.NETWORK
        if can is None or (act.kind is Kind.HANDED and not is_handed(act.path, can)):
            continue
        key = (act.path, act.line, act.when, rendered(act))
        if key not in seen and not _tame(act, can):
            seen.add(key)
            yield Judged(act, can, place in dropped)


def _stays(act: Act) -> bool:
    """Tell whether a file is opened to write into it that something runs later."""
    if act.path not in _OPENS or not act.args:
        return False
    mode = act.args[1] if len(act.args) > 1 else act.named.get("mode")
    names = [act.args[0].text or "", *(flow.partition(":")[2] for flow in act.args[0].flows)]
    return may_write(mode.text if mode else None) and any(RUNS_LATER.search(n) for n in names)


def _told(act: Act) -> bool:
    """Tell whether a scheduler, a task or a session is given a command that attacks."""
    if act.path.startswith(UNKNOWN):
        words = " ".join(value.text or "?" for value in act.args)
        return attack_in(words) is not None
    given = (act.named[name] for name in _COMMANDS if name in act.named)
    texts = (one.text for value in given for one in (value, *(value.items or ())))
    return any(text is not None and attack_in(text) is not None for text in texts)


def _evaluates(act: Act) -> bool:
    """Tell whether a library works out a text as Python, and the text runs commands."""
    first = act.args[0] if act.args else None
    if act.path not in EVALUATORS or first is None or first.text is None:
        return False
    return code_in(first.text.replace("@", "")) is not None


def is_handed(path: str, can: Can) -> bool:
    """Tell whether it matters that something is given away, and not called."""
    return can is Can.PROGRAM or path in {"builtins.exec", "builtins.eval", "builtins.execfile"}


def _tame(act: Act, can: Can) -> bool:
    """Tell whether the arguments make an act harmless."""
    first = act.args[0] if act.args else None
    if can is Can.UNPICKLE:
        return _tame_load(act)
    if (
        act.path in {"builtins.eval", "builtins.exec"}
        and act.kind is Kind.CALL
        and first is not None
    ):
        # A text as it is written in the file: what it does is followed like the rest.
        return first.is_const and first.made != "decoded"
    return False


def _tame_load(act: Act) -> bool:
    if act.path == "numpy.load":
        allow = act.named.get("allow_pickle")
        return allow is None or allow.const is False
    if act.path == "torch.load":
        only = act.named.get("weights_only")
        return only is not None and only.const is True
    if act.path in {"yaml.load", "yaml.load_all"}:
        loader = act.named.get("Loader") or (act.args[1] if len(act.args) > 1 else None)
        return loader is not None and (loader.path is None or "Safe" in loader.path)
    return act.path.startswith("yaml.full")


def rendered(act: Act) -> str:
    """Return the arguments as far as they are known, cut."""
    parts = [one_line(value) for value in act.args[:4]]
    parts += [f"{name}={one_line(value)}" for name, value in list(act.named.items())[:3]]
    return redacted(", ".join(parts))[:_SHOWN]


def one_line(value: Value) -> str:
    """Return a value for people; what is not known is `…`."""
    if value.is_const:
        return redacted(repr(value.const)[:2000])[:80]
    if value.path:
        return value.path[:60]
    if value.items:
        return "[" + ", ".join(one_line(item) for item in value.items[:6]) + "]"
    return "…"


def command_of(act: Act) -> list[str | None]:
    """Return the words of the command that an act starts; None for what is not known."""
    names = (name for name in ("args", "cmd", *_COMMANDS) if name in act.named)
    first = act.args[0] if act.args else act.named.get(next(names, ""))
    if first is None:
        return []
    if len(act.args) > 1 and all(a.text is not None for a in act.args):
        return [a.text for a in act.args if a.text]
    if isinstance(first.const, str):
        return list(first.const.split())
    if isinstance(first.const, bytes):
        return list(first.const.decode("utf-8", "replace").split())
    if isinstance(first.const, tuple):
        return [one if isinstance(one, str) else None for one in first.const]
    if first.items is not None:
        return [item.text if item.text else None for item in first.items]
    return [None]


def asks(act: Act) -> bool:
    """Tell whether the program that an act starts only tells something about the system."""
    words = command_of(act)
    first = act.args[0] if act.args else None
    if any(word and ("://" in word or word.startswith(_INDEXES)) for word in words):
        return False
    if first is not None and first.items and first.items[0].path == "sys.executable":
        return any(word in {"-V", "--version", "-m"} for word in words) and None not in words[1:]
    return bool(words) and only_asks(words)


def attack_of(one: Judged) -> str | None:
    """Say which attack an act is, whenever it runs; None for all others."""
    act, can = one.act, one.can
    attack = FETCHED if one.dropped else _commanded(one)
    if attack is not None:
        return attack
    if (can is Can.PROGRAM or act.path == "os.dup2") and _connected(act):
        return "opens a shell to the network"
    fetched = any(fetches(origin) for origin in act.origins)
    if fetched and act.path in _PICKLES:
        return "unpickles what it has just fetched"
    if can in _RUNS:
        if act.path != "marshal.loads" and fetched:
            return "runs what it has just fetched"
        if can is Can.CODE and _decoded(act):
            return "runs what it has just decoded"
    if can is Can.WRITE and _stays(act):
        return "arranges to run again, or to let somebody in"
    if can in {Can.SEND, Can.NETWORK} and _carries(act):
        return "sends secrets of whoever runs it to the network"
    return None


def _commanded(one: Judged) -> str | None:
    words = command_of(one.act) if one.can is Can.PROGRAM else []
    return attack_in(" ".join(word or "?" for word in words)) if words else None


def _connected(act: Act) -> bool:
    """Tell whether a connection becomes the input or output of a program."""
    given = (*act.args, *act.named.values())
    return any((value.path or "").startswith(_CONNECTIONS) for value in given)


def loads_beside(one: Judged) -> bool:
    """Tell whether a pickle is loaded that lies beside the code, by a name written in it."""
    if one.can is not Can.UNPICKLE or not one.act.args:
        return False
    first = one.act.args[0]
    if first.is_const and one.act.path.startswith(_OF_TEXT):
        return False
    named = {flow.partition(":")[2] for flow in first.flows if ":" in flow}
    names = {first.text} if first.text else named
    return (
        bool(names)
        and not any(fetches(flow) for flow in first.flows)
        and not any(escapes(name or "..") for name in names)
    )


def _decoded(act: Act) -> bool:
    return any(value.made == "decoded" for value in act.args)


def _carries(act: Act) -> bool:
    """Tell whether what is sent holds secrets; one token in the headers is how one logs in."""
    body = [*act.args, *(v for name, v in act.named.items() if name not in _HEADERS)]
    head = [v for name, v in act.named.items() if name in _HEADERS]
    if any(tells_secrets(origin) for value in body for origin in value.flows | _path(value)):
        return True
    return any(tells_secrets(o, named=False) for value in head for o in value.flows | _path(value))


def _path(value: Value) -> frozenset[str]:
    return frozenset((value.path,)) if value.path else frozenset()


def ran(act: Act) -> bool:
    """Tell whether importing the file, or loading a model with it, does this."""
    return act.when in _RAN


def evidence(one: Judged) -> Evidence:
    """Return the facts of an act."""
    return Evidence(
        facts={"call": one.shown, "when": one.act.when.value},
        line=one.act.line,
        identity=(one.act.path, rendered(one.act), one.act.when.value),
    )
