"""The JSON in which Keras saves a model: every object in it with the code that it names.

Keras reads it with Python's `json`, and so do we (`jsontree`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.config.text import encoding_of
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.jsontree import tree as parsed
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SIZE = 8 << 20
_PIECE = 1 << 20
_OVERLAP = 256  # bytes of a key that may be cut, in the longest spelling
_SHOWN = 2000
_OBJECTS = 100_000
_HEAD = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*[{\[]")
_ESCAPED = re.compile(rb"\\u00([4-7][0-9a-fA-F])")


@dataclass(frozen=True, slots=True)
class KerasObject:
    """One object that loading would build.

    Attributes:
        path: where it stands, `config.layers[3]`.
        class_name: as written; `Package>Name` for registered classes.
        module: where the class or function is imported from; None in files of Keras 2.
        registered_name: under which custom code registered it.
        settings: the texts in its configuration, each cut to 2,000 characters; a plain text
            as configuration (the name of a function) stands under the empty key.
        code: the configuration carries Python bytecode.
    """

    path: str
    class_name: str
    module: str | None = None
    registered_name: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasConfig(View):
    """One configuration.

    Attributes:
        objects: everything with a class name, in the order of the text.
        described: it only describes a layer whose computation lies in a graph beside it, so that
            its classes are not needed to load the model.
    """

    objects: tuple[KerasObject, ...] = ()
    described: bool = False


def sniff(source: Source) -> bool:
    """Tell whether this is JSON that describes a Keras object.

    Keys may be escaped, and the text may be UTF-16: Keras reads that, too.
    """
    codec = encoding_of(source.head)
    if source.size > 64 * _SIZE or not _HEAD.match(source.head.replace(b"\x00", b"")):
        return False
    wanted = {b'"class_name"', b'"config"'}
    for at in range(0, min(source.size, 8 * _SIZE), _PIECE):
        data = source.read(at, _PIECE + _OVERLAP)
        if not codec.startswith("utf-8"):
            data = data.decode(codec, "replace").encode()
        if _ESCAPED.search(data):
            data = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data)
        wanted = {key for key in wanted if key not in data}
        if not wanted:
            return True
    return False


def read(source: Source, limits: Limits) -> KerasConfig:
    """Collect the objects; text that Keras could not read is a gap."""
    gaps: tuple[Gap, ...] = ()
    objects: tuple[KerasObject, ...] = ()
    version = None
    try:
        tree = parsed(source, limits, "a Keras configuration")
        if isinstance(tree, dict) and isinstance(tree.get("keras_version"), str):
            version = str(tree["keras_version"])
        objects = objects_in(tree, limits)
    except DamagedError as damage:
        gaps = (gap(source, damage.why, at=damage.offset),)
    except LimitExceededError as over:
        gaps = (gap(source, str(over), GapKind.OVER_LIMIT),)
    return KerasConfig(
        source=source,
        format="keras-config",
        producer=producer("keras", version),
        gaps=gaps,
        objects=objects,
        described=source.expect == "keras-layer",
    )


def objects_in(tree: object, limits: Limits) -> tuple[KerasObject, ...]:
    """Return every object of a configuration, wherever it is nested.

    Raises:
        LimitExceededError: more than any model has.
    """
    found: list[KerasObject] = []
    pending: list[tuple[str, object]] = [("", tree)]
    while pending:
        path, value = pending.pop()
        limits.spend(operations=1)
        inner: list[tuple[str, object]] = []
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str):
                found.append(_object(path, value))
            if len(found) > _OBJECTS:
                raise LimitExceededError("objects of a Keras configuration", _OBJECTS)
            inner = [(_step(path, str(key)), part) for key, part in value.items()]
        elif isinstance(value, list):
            inner = [(f"{path}[{n}]", part) for n, part in enumerate(value)]
        pending += [i for i in reversed(inner) if isinstance(i[1], dict | list)]
    return tuple(found)


def _step(path: str, key: str) -> str:
    return f"{path[-400:]}.{key[:60]}" if path else key[:60]


def _object(path: str, value: Mapping[str, object]) -> KerasObject:
    config = value.get("config")
    settings: dict[str, str] = {}
    if isinstance(config, str):
        settings[""] = config[:_SHOWN]
    elif isinstance(config, dict):
        settings = {str(k)[:60]: v[:_SHOWN] for k, v in config.items() if isinstance(v, str)}
    name = str(value["class_name"])
    return KerasObject(
        path=path,
        class_name=name[:200],
        module=_text(value.get("module")),
        registered_name=_text(value.get("registered_name")),
        settings=settings,
        code=_carries_code(name, config),
    )


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) else None


def _carries_code(name: str, config: object) -> bool:
    """Tell whether a `__lambda__` is here, or a function as `[code, defaults, closure]`."""
    if not isinstance(config, dict):
        return False
    if name == "__lambda__" or config.get("function_type") == "lambda":
        return True
    return any(_is_code(config.get(key)) for key in ("function", "mask", "output_shape", "code"))


def _is_code(value: object) -> bool:
    if isinstance(value, dict):
        value = value.get("items")
    return isinstance(value, list) and len(value) == 3 and isinstance(value[0], str)
