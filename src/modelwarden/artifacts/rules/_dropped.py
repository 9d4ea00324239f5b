"""Files that Python code fetches and then starts, followed from one act to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known.publishers import only_known
from modelwarden.artifacts.known.python_calls import Can, ability, fetches, may_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelwarden.formats.python.acts import Act
    from modelwarden.formats.python.values import Value

_Key = str | int
# Which argument names the file, behind the address.
_INTO = {
    "urllib.request.urlretrieve": (1, "filename"),
    "urllib.urlretrieve": (1, "filename"),
    "wget.download": (1, "out"),
    "gdown.download": (1, "output"),
    "torch.hub.download_url_to_file": (1, "dst"),
}
_OPENS = frozenset(("builtins.open", "io.open", "codecs.open", "os.fdopen"))
_PATHS = frozenset(("pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath"))
_WRITES = frozenset(
    "builtins.open().write io.open().write os.fdopen().write pathlib.Path().write_bytes "
    "pathlib.Path().write_text shutil.copyfileobj os.write".split()
)
# Files of a repository of models, by the place where they were put.
_HANDED_OUT = frozenset(
    "huggingface_hub.hf_hub_download huggingface_hub.file_download.hf_hub_download "
    "huggingface_hub.cached_download huggingface_hub.snapshot_download gdown.download "
    "torch.hub.download_url_to_file wget.download".split()
)
_STARTS = frozenset((Can.PROGRAM, Can.FILE_CODE, Can.NATIVE))
_FOUND_BY = frozenset(("sys.path.insert", "sys.path.append", "sys.path.extend"))
_NAMED = 200


def started(acts: Iterable[Act]) -> frozenset[int]:
    """Return which acts, by their place, start a file that an act before fetched, unchecked.

    What is worked out of the file's digest in between is a check.
    """
    return frozenset(_started(acts))


def _started(acts: Iterable[Act]) -> Iterator[int]:
    fetched: set[_Key] = set()
    opened: set[_Key] = set()
    for place, act in enumerate(acts):
        if act.path.startswith("hashlib."):
            fetched.clear()
        can = Can.FILE_CODE if act.path in _FOUND_BY else ability(act.path)
        if can in _STARTS and (_handed_out(act) or not fetched.isdisjoint(_programs(act))):
            yield place
        if (into := _INTO.get(act.path)) is not None and not _known(act):
            fetched |= _keys(_argument(act, *into))
        elif act.path in _OPENS or act.path in _PATHS:
            mode = _argument(act, 1, "mode")
            if act.path in _PATHS or (mode is not None and may_write(mode.text)):
                opened = _keys(_argument(act, 0, "file"))
        elif act.path in _WRITES and any(fetches(origin) for origin in act.origins):
            fetched |= opened
        if len(fetched) > _NAMED:
            return


def _argument(act: Act, place: int, name: str) -> Value | None:
    return act.args[place] if place < len(act.args) else act.named.get(name)


def _keys(value: Value | None) -> set[_Key]:
    """Return by what a file is known again: its name, or the very value that names it."""
    if value is None:
        return set()
    if value.text is not None:
        return {value.text.removeprefix("./")} if value.text else set()
    return {id(value)}


def _programs(act: Act) -> set[_Key]:
    """Return what an act starts: the first words of a command, or a file that is loaded."""
    keys: set[_Key] = set()
    for value in act.args[:2]:
        if value.items is not None:
            for item in value.items[:3]:
                keys |= _keys(item)
        elif isinstance(value.const, tuple):
            keys |= {word.removeprefix("./") for word in value.const[:3] if isinstance(word, str)}
        elif value.text is not None:
            keys |= {word.strip("\"'").removeprefix("./") for word in value.text.split()[:4]}
            keys.add(value.text)
        else:
            keys |= _keys(value)
    return keys


def _handed_out(act: Act) -> bool:
    """Tell whether what is started is a file of a repository of models: not what it is given."""
    first = act.args[0] if act.args else None
    if first is not None and first.items:
        first = first.items[0]
    return first is not None and not _HANDED_OUT.isdisjoint(first.flows | _path(first))


def _path(value: Value) -> frozenset[str]:
    return frozenset((value.path.removesuffix("()"),)) if value.path else frozenset()


def _known(act: Act) -> bool:
    """Tell whether the address is that of a publisher who is known for programs."""
    address = _argument(act, 0, "url")
    return address is not None and address.text is not None and only_known(address.text)
