"""What Jinja's operators, filters and string methods make of constants.

Only values of Python's own small types go in and come out, every result is bounded in size, and
what is not known folds to nothing. Formatting is done by hand: a format string of a stranger's
never reaches `str.format` or `%`.
"""

from __future__ import annotations

import base64
import binascii
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import TypeAlias

Constant: TypeAlias = object  # str, int, float, bool, None, or a tuple or dict of these

LENGTH = 4096
ITEMS = 512
_INNER = 16
_INTEGER = 10**18
_PERCENT = re.compile(r"%(?:\((\w+)\))?([-0-9.]{0,3})([csdrixX%])")


class UnknownError(Exception):
    """The value cannot be told, or is not worth telling."""


def bounded(value: Constant) -> Constant:
    """Return `value` when it is of a kind and size that is folded on.

    Raises:
        UnknownError: it is not.
    """
    if isinstance(value, str) and len(value) <= LENGTH:
        return value
    if isinstance(value, int) and abs(value) <= _INTEGER:
        return value
    if value is None or isinstance(value, float):
        return value
    if isinstance(value, tuple | dict) and len(value) <= ITEMS:
        # One container in another and no more: shared deeper ones would take for ever to compare.
        inner = value.values() if isinstance(value, dict) else value
        if all(_flat(part) for part in inner):
            return value
    raise UnknownError


def _flat(value: Constant) -> bool:
    if isinstance(value, tuple):
        return len(value) <= _INNER and not any(isinstance(v, tuple | dict) for v in value)
    return not isinstance(value, dict)


def text_of(value: Constant) -> str:
    """Return what Jinja would print for a constant."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float):
        return str(value)
    raise UnknownError


def add(left: Constant, right: Constant) -> Constant:
    """`left + right`."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    return _number(left) + _number(right)


def multiply(left: Constant, right: Constant) -> Constant:
    """`left * right`, for numbers and repeated strings."""
    for thing, times in ((left, right), (right, left)):
        if isinstance(thing, str | tuple) and isinstance(times, int):
            if len(thing) * times > LENGTH:
                raise UnknownError
            return thing * times
    return _number(left) * _number(right)


def modulo(left: Constant, right: Constant) -> Constant:
    """`left % right`, for numbers and old-style formatting."""
    if isinstance(left, str):
        return percent(left, right if isinstance(right, tuple | dict) else (right,))
    return _number(left) % _number(right)


def power(left: Constant, right: Constant) -> Constant:
    """`left ** right` as long as the result stays small."""
    base, exponent = _number(left), _number(right)
    if abs(exponent) > 64 or abs(base) > 10**6:
        raise UnknownError
    return base**exponent


def _number(value: Constant) -> int | float:
    if isinstance(value, int | float):
        return value
    raise UnknownError


BINARY: Mapping[str, Callable[[Constant, Constant], Constant]] = {
    "Add": add,
    "Sub": lambda a, b: _number(a) - _number(b),
    "Mul": multiply,
    "Mod": modulo,
    "Pow": power,
    "Div": lambda a, b: _number(a) / _number(b),
    "FloorDiv": lambda a, b: _number(a) // _number(b),
}


def percent(form: str, values: tuple[Constant, ...] | Mapping[str, Constant]) -> str:
    """Old-style formatting with plain widths only."""
    position = 0

    def one(match: re.Match[str]) -> str:
        nonlocal position
        name, _, kind = match.groups()
        if kind == "%":
            return "%"
        if isinstance(values, Mapping):
            value = values[name]
        else:
            value = values[position]
            position += 1
        return _shown(value, kind)

    return _PERCENT.sub(one, form)


def braces(form: str, args: Sequence[Constant], kwargs: Mapping[str, Constant]) -> str:
    """`str.format` without attribute access, nested fields or widths."""
    parts: list[str] = []
    position = 0
    for text, name, spec, conversion in Formatter().parse(form):
        parts.append(text)
        if name is None:
            continue
        if not name:
            name, position = str(position), position + 1
        value = args[int(name)] if name.isdecimal() else kwargs[name]
        parts.append(_shown(value, (spec or conversion or "s")[-1]))
    return "".join(parts)


def _shown(value: Constant, kind: str) -> str:
    if kind == "c":
        return value if isinstance(value, str) else _char(value)
    if kind in "xX":
        return format(int(_number(value)), kind)
    return repr(value) if kind == "r" else text_of(value)


def _char(value: Constant) -> str:
    if isinstance(value, int):
        return chr(value)
    raise UnknownError


def item(thing: Constant, key: Constant) -> Constant:
    """`thing[key]` for constants."""
    if isinstance(thing, dict):
        return thing[key]
    if isinstance(thing, str | tuple) and isinstance(key, int | slice):
        return thing[key]
    raise UnknownError


def method(thing: Constant, name: str, args: Sequence[Constant]) -> Constant:
    """`thing.name(*args)` for the methods that build or cut strings."""
    if isinstance(thing, dict) and name in {"keys", "values"}:
        return tuple(getattr(thing, name)())
    if not isinstance(thing, str):
        raise UnknownError
    if name == "join":
        return thing.join(text_of(part) for part in _items(args[0]))
    if name == "format":
        return braces(thing, args, {})
    if name == "replace":
        return _replace(thing, *args)
    if name in {"split", "rsplit"}:
        return tuple(thing.split(text_of(args[0]) if args else None))
    if name in _PLAIN:
        return _PLAIN[name](thing)
    if name in {"strip", "lstrip", "rstrip", "removeprefix", "removesuffix"}:
        cut: Callable[..., str] = operator.attrgetter(name)(thing)
        return cut(*(text_of(a) for a in args[:1]))
    raise UnknownError


_PLAIN: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "capitalize": str.capitalize,
    "casefold": str.casefold,
    "swapcase": str.swapcase,
    "trim": str.strip,
}


def filtered(name: str, value: Constant, args: Sequence[Constant]) -> Constant:
    """`value|name(*args)` for the filters that build strings or choose from a sequence."""
    if name in _FILTERS:
        return _FILTERS[name](value, args)
    if name in _PLAIN and isinstance(value, str):
        return _PLAIN[name](value)
    raise UnknownError


def _items(value: Constant) -> tuple[Constant, ...]:
    if isinstance(value, str | tuple | dict):
        return tuple(value)
    raise UnknownError


def _replace(value: Constant, *args: Constant) -> str:
    text, old, new = text_of(value), text_of(args[0]), text_of(args[1])
    if text.count(old) * len(new) > LENGTH:
        raise UnknownError
    return text.replace(old, new)


def _join(value: Constant, args: Sequence[Constant]) -> str:
    glue = text_of(args[0]) if args else ""
    return glue.join(text_of(part) for part in _items(value))


def _reverse(value: Constant, _: Sequence[Constant]) -> Constant:
    return value[::-1] if isinstance(value, str) else _items(value)[::-1]


def _base64(value: Constant, _: Sequence[Constant]) -> str:
    try:
        return base64.b64decode(text_of(value)[:LENGTH]).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnknownError from error


def _same(value: Constant, _: Sequence[Constant]) -> Constant:
    return value


_FILTERS: Mapping[str, Callable[[Constant, Sequence[Constant]], Constant]] = {
    "b64decode": _base64,
    "base64_decode": _base64,
    "default": _same,
    "d": _same,
    "e": _same,
    "escape": _same,
    "first": lambda v, _: _items(v)[0],
    "format": lambda v, a: percent(text_of(v), tuple(a)),
    "from_base64": _base64,
    "join": _join,
    "last": lambda v, _: _items(v)[-1],
    "list": lambda v, _: _items(v),
    "replace": lambda v, a: _replace(v, *a),
    "reverse": _reverse,
    "safe": _same,
    "sort": lambda v, _: tuple(sorted(text_of(part) for part in _items(v))),
    "string": lambda v, _: text_of(v),
    "unique": lambda v, _: tuple(dict.fromkeys(_items(v))),
}
