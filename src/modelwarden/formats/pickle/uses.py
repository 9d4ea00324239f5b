"""What a pickle imports and calls: the values that rules judge."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from modelwarden.core import UseKind
from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle.bytecode import Code, code_of
from modelwarden.formats.pickle.nested import head
from modelwarden.formats.pickle.render import (
    Canonical,
    canonical,
    canonical_call,
    is_plain_call,
    render,
    render_call,
)
from modelwarden.formats.pickle.values import (
    DROPPED,
    Call,
    Global,
    Persistent,
    Span,
    globals_in,
    pairs,
)

if TYPE_CHECKING:
    from modelwarden.formats.source import Source

KEPT_PER_CALLEE = 64
ARGUMENTS = 4
TEXT = 256
HEAD = 32
TEMPLATE = "_parse_arg_template"
FORMULA = "formula"
FILENAME = "filename"
DECIDING = 64
_PIECES = 4  # a wrapper of an array has few settings
DISTINCT = 20_000
NAMES = 2 << 20  # characters of all names that one pickle imports
RECENT = 4096
FORMS = 1_000_000
_RANK: Final = {UseKind.REFERENCED: 0, UseKind.CONSTRUCTED: 1, UseKind.CALLED: 2}


@dataclass(frozen=True, slots=True)
class Argument:
    """One positional argument, as far as it decides what a call does.

    Attributes:
        text: a string constant of up to `TEXT` characters; None for anything else.
        module, name: the imported thing that this is, or that made it; empty for plain data.
        made_at: offset of the call that made it; None for the imported thing itself.
        empty: it is None.
        head: the first bytes of a constant of bytes; None for anything else.
        template: of the state of an object, the text under `TEMPLATE`; empty when there is no such
            key, None when it cannot be told.
        formula, filename: likewise, the text under `FORMULA` and `FILENAME`.
        true: whether it is a number that counts as true.
        function: of a state as `functools.partial` has it, the imported thing that it stores.
        made: likewise, what it stores where a call made that, with the offset of the call.
        classes: of a tuple of a few imported things and nothing else, which they are.
    """

    text: str | None = None
    module: str = ""
    name: str = ""
    made_at: int | None = None
    empty: bool = False
    head: bytes | None = None
    template: str | None = None
    formula: str | None = None
    filename: str | None = None
    true: bool = False
    function: tuple[str, str] | None = None
    made: tuple[str, str, int] | None = None
    classes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing that a pickle does with something that it imports.

    Attributes:
        module: as Python 3 imports it; empty when the name is not known before the load.
        name: within the module; dotted when it goes through attributes.
        kind: referenced when nothing is done with it.
        at: offset of the opcode in the source.
        via: name of the opcode.
        rendered: the call as Python source, bounded, printable ASCII but for an ellipsis.
        method: what is looked up on the object and called (`__setstate__`, `extend`, …) when it
            is not the imported thing itself that is called.
        callee: what is called, or what the method is looked up on, rendered, when that is the
            result of an earlier call; `module` and `name` are those that the chain begins with.
        callee_at: offset of the opcode that made the callee.
        raw: `module.name` as it stands in the file, when the mapping of Python 2 names changed it.
        resolved: False when the name is computed while loading.
        passed_to: for something referenced: the first call that gets it as an argument.
        argument_count: positional arguments, or -1 when it cannot be told.
        arguments: the first `ARGUMENTS` of them.
        imports: imported things among all arguments, also within containers and calls, bounded.
        chain: calls between the imported thing and what is called here; 0 for the thing itself.
        times: how often it happens with the same arguments. Where calls with too many different
            arguments were met, those that are not listed are one use: `argument_count` is -1.
        skipped: how many of `times` had arguments that were not looked at.
        again: a method is called on an object whose state was restored before.
        code: what a code object names, when the call has the arguments of one.
    """

    module: str
    name: str
    kind: UseKind
    at: int
    via: str
    rendered: str
    method: str | None = None
    callee: str | None = None
    callee_at: int | None = None
    raw: str | None = None
    resolved: bool = True
    passed_to: str | None = None
    argument_count: int = 0
    arguments: tuple[Argument, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    chain: int = 0
    times: int = 1
    skipped: int = 0
    again: bool = False
    code: Code | None = None
    _canonical: Canonical = field(repr=False, compare=False)
    _source: Source = field(repr=False, compare=False)
    _stream: tuple[int, int] = field(repr=False, compare=False)

    @property
    def dotted(self) -> str:
        """`module.name`."""
        return f"{self.module}.{self.name}" if self.module else self.name

    @property
    def arguments_digest(self) -> str:
        """Hex SHA-256 over the arguments; the same for any protocol. Reads long constants."""
        return self._canonical.finish(self._source, *self._stream)


@dataclass(slots=True)
class _Seen:
    """A use while the stream is still running."""

    target: Global
    kind: UseKind
    at: int
    via: str
    rendered: str
    form: Canonical
    method: str | None = None
    callee: str | None = None
    callee_at: int | None = None
    argument_count: int = 0
    arguments: tuple[Argument | bytes | Span, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    chain: int = 0
    times: int = 0
    again: bool = False
    code: Code | None = None


class Recorder:
    """Collects the uses of one stream.

    Calls are grouped by what is called, how, and by the arguments that decide what it does: the
    imported things among them and the short strings behind the first. Of each group the first
    `KEPT_PER_CALLEE` with different arguments are kept one by one; the others are one more use,
    whose arguments are not known.
    """

    def __init__(self) -> None:
        self.globals: dict[tuple[str, str, str | None], Global] = {}
        self.unresolved: list[Global] = []
        self._passed: dict[int, str] = {}
        self._groups: dict[tuple[object, ...], dict[Canonical | None, _Seen]] = {}
        self._forms = 0
        self._names = 0
        self._recent: dict[tuple[object, ...], tuple[_Seen, int]] = {}
        self._crowded: dict[tuple[object, ...], tuple[_Seen, int]] = {}
        self._seen: list[_Seen] = []
        self._used: set[int] = set()
        self._last: tuple[object, object, str] = (None, None, "")

    def resolve(self, found: Global, via: str) -> Global:
        """Note that a name is imported; return the one value that stands for it."""
        key = (found.module, found.name, found.raw)
        known = self.globals.get(key) if found.resolved else None
        if known is not None:
            return known
        if len(self._seen) >= DISTINCT:
            raise LimitExceededError("different uses in one pickle", DISTINCT)
        self._names += len(found.module) + len(found.name)
        if self._names > NAMES:
            raise LimitExceededError("characters of the names in one pickle", NAMES)
        if found.resolved:
            self.globals[key] = found
        else:
            self.unresolved.append(found)
        form = canonical(found)
        rendered = render(found)
        self._seen.append(_Seen(found, UseKind.REFERENCED, found.at, via, rendered, form))
        return found

    def call(
        self,
        callee: object,
        args: object,
        *,
        kind: UseKind,
        at: int,
        via: str,
        method: str | None = None,
        kwargs: object = None,
        times: int = 1,
        again: bool = False,
    ) -> int:
        """Note that `callee`, or its `method`, is called with `args`.

        Returns:
            What tells this callee with these arguments from others.
        """
        signature: tuple[object, ...] = ()
        alike: tuple[object, ...] = ()
        if kwargs is None and type(args) is tuple:
            types = tuple(map(type, args))
            if _LEAVES.issuperset(types):
                made_by: object = callee
                if type(callee) is Call:
                    made_by = callee.root, callee.depth, callee.identity
                signature = (made_by, kind, via, method, again, args, types)
                known = self._recent.get(signature)
                if known is None:
                    words = [t if t in _NUMBERS else v for t, v in zip(types, args)]  # noqa: B905
                    alike = (made_by, kind, via, method, again, *words)
                    known = self._crowded.get(alike)
                if known is not None:
                    known[0].times += times
                    return known[1]
        seen, identity = self._group(
            callee, args, kwargs, kind=kind, at=at, via=via, method=method, again=again
        )
        seen.times += times
        if signature:
            # Where a group is full, arguments that are not kept are all one.
            full = seen.form is UNKNOWN
            kept, mark = (self._crowded, alike) if full else (self._recent, signature)
            if len(kept) >= RECENT:
                kept.clear()
            kept[mark] = seen, identity
        return identity

    def _group(
        self,
        callee: object,
        args: object,
        kwargs: object,
        *,
        kind: UseKind,
        at: int,
        via: str,
        method: str | None,
        again: bool,
    ) -> tuple[_Seen, int]:
        """Find or make the use that stands for a call."""
        target = callee if isinstance(callee, Global) else getattr(callee, "root", None)
        if not isinstance(target, Global):
            target = NAMELESS
        self._used.add(id(target))
        passed = globals_in(args)
        chain = (0, 0)
        if isinstance(callee, Call):
            chain = callee.depth, 0 if method else callee.identity
        code = code_of(args)  # each code object is looked at, however many there are
        key = (
            *(id(target), kind, via, method, again, chain),
            *(tuple(map(id, passed)), _deciding(args), code),
        )
        group = self._groups.setdefault(key, {})
        self._forms += 1
        known = len(group) <= KEPT_PER_CALLEE and args is not ANY_ARGUMENTS
        known = known and self._forms <= FORMS
        form = canonical_call(args, kwargs) if known else None
        seen = group.get(form)
        if seen is None and len(group) >= KEPT_PER_CALLEE:
            form, seen = None, group.get(None)
        if seen is None:
            if form is None:
                args, kwargs = ANY_ARGUMENTS, None
            seen = _Seen(target, kind, at, via, "", form or UNKNOWN, method, again=again)
            self._keep(seen, callee, args, kwargs)
            seen.imports = tuple((item.module, item.name) for item in passed)
            seen.code = code
            group[form] = seen
            for item in passed:
                self._passed.setdefault(id(item), seen.rendered)
        return seen, hash((key, form))

    def _keep(self, seen: _Seen, callee: object, args: object, kwargs: object) -> None:
        if len(self._seen) >= DISTINCT:
            raise LimitExceededError("different uses in one pickle", DISTINCT)
        shown = self._shown(callee) if seen.method or isinstance(callee, Call) else ""
        if seen.method:
            seen.rendered = f"{shown}.{render_call(_Name(seen.method), args, kwargs)}"
        else:
            seen.rendered = render_call(callee, args, kwargs)
        if isinstance(callee, Call):
            seen.chain, seen.callee, seen.callee_at = callee.depth, shown, callee.at
        if isinstance(args, tuple):
            seen.argument_count = len(args)
            seen.arguments = tuple(_argument(value) for value in args[:ARGUMENTS])
        else:
            seen.argument_count = -1
        self._seen.append(seen)

    def _shown(self, callee: object) -> str:
        """Return the text of a callee; of an object that is filled item by item, once."""
        known, args, text = self._last
        if known is callee and isinstance(callee, Call) and callee.args is args:
            return text
        text = render(callee, 200)
        if isinstance(callee, Call) and is_plain_call(callee):
            self._last = callee, callee.args, text
        return text

    def finish(self, source: Source, start: int, end: int) -> list[Use]:
        """Return the uses in the order in which they happen."""
        return [
            self._use(seen, source, (start, end))
            for seen in self._seen
            if seen.kind is not UseKind.REFERENCED or id(seen.target) not in self._used
        ]

    def _use(self, seen: _Seen, source: Source, stream: tuple[int, int]) -> Use:
        target = seen.target
        referenced = seen.kind is UseKind.REFERENCED
        return Use(
            module=target.module,
            name=target.name,
            kind=seen.kind,
            at=seen.at,
            via=seen.via,
            rendered=seen.rendered,
            method=seen.method,
            callee=seen.callee,
            callee_at=seen.callee_at,
            raw=target.raw,
            resolved=target.resolved,
            passed_to=self._passed.get(id(target)) if referenced else None,
            argument_count=seen.argument_count,
            arguments=tuple(
                argument
                if isinstance(argument, Argument)
                else Argument(head=head(source, argument))
                for argument in seen.arguments
            ),
            imports=seen.imports,
            chain=seen.chain,
            times=max(seen.times, 1),
            skipped=seen.times if seen.form is UNKNOWN else 0,
            again=seen.again,
            code=seen.code,
            _canonical=seen.form,
            _source=source,
            _stream=stream,
        )


NAMELESS: Final = Global("", "<an object that the loader provides>", 0, resolved=False)


_LEAVES: Final = frozenset({int, float, str, bytes, bool, type(None), Global, Call, Persistent})
_NUMBERS: Final = frozenset({int, float, bytes, bool, type(None)})
ANY_ARGUMENTS: Final = [DROPPED]
UNKNOWN: Final = Canonical(b"", (), whole=True)


class _Name(Global):
    """A method's bare name, for rendering."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__("", name, 0)


def _argument(value: object) -> Argument | bytes | Span:
    """Describe an argument; of a constant of bytes, keep where its bytes are until the end."""
    if isinstance(value, bytes) or (isinstance(value, Span) and value.kind == "bytes"):
        return value if isinstance(value, Span) else value[:HEAD]
    if isinstance(value, str):
        return Argument(text=value if len(value) <= TEXT else None)
    if isinstance(value, Global):
        return Argument(module=value.module, name=value.name)
    if isinstance(value, Call):
        root = value.root if isinstance(value.root, Global) else NAMELESS
        return Argument(module=root.module, name=root.name, made_at=value.at)
    if isinstance(value, int):
        return Argument(true=bool(value))
    template, formula, file = (_under(value, key) for key in (TEMPLATE, FORMULA, FILENAME))
    return Argument(
        empty=value is None,
        template=template,
        formula=formula,
        filename=file,
        function=_stored(value),
        made=_made(value),
        classes=_classes(value),
    )


def _classes(value: object) -> tuple[tuple[str, str], ...]:
    """Return the imported things of a tuple that holds nothing else, as the bases of a class."""
    if type(value) is not tuple or len(value) > ARGUMENTS:
        return ()
    found = tuple(item for item in value if type(item) is Global and item.resolved)
    return tuple((g.module, g.name) for g in found) if len(found) == len(value) else ()


def _stored(state: object) -> tuple[str, str] | None:
    """Return what a state of `functools.partial` stores: function, arguments, names, attributes.

    The `__new__` of a class counts where its first argument is a class of the same module.
    """
    if not isinstance(state, tuple) or len(state) != 4:
        return None
    function, given = state[:2]
    if isinstance(function, Global):
        return function.module, function.name
    if not isinstance(function, Call) or function.depth != 1 or function.built:
        return None
    root, args = function.root, function.args
    if root is None or root.name != "getattr" or not isinstance(args, tuple) or len(args) != 2:
        return None
    made, first = args[0], given[0] if isinstance(given, tuple) and given else None
    if args[1] != "__new__" or not isinstance(made, Global) or not isinstance(first, Global):
        return None
    same = made.resolved and first.resolved and made.module == first.module
    return (first.module, f"{first.name}.__new__") if same else None


def _made(state: object) -> tuple[str, str, int] | None:
    """Return the object that a state of `functools.partial` stores, where a call made it."""
    if not isinstance(state, tuple) or len(state) != 4 or not isinstance(state[0], Call):
        return None
    root = state[0].root
    return (root.module, root.name, state[0].at) if isinstance(root, Global) else None


def _under(state: object, wanted: str) -> str | None:
    """Return the text that a state has under a key; some classes run it when they are restored.

    Before SciPy 1.6 the state of a distribution was (settings, random generator) and held none.
    """
    if isinstance(state, tuple) and len(state) == 2:
        old = isinstance(state[0], dict) and len(pairs(state[0])) > 2
        return "" if old else None
    if not isinstance(state, dict):
        return None
    found = ""
    for key, value in pairs(state):
        if not isinstance(key, str):
            return None
        if key == wanted:
            if not isinstance(value, str) or found:
                return None
            found = value
    return found


def _deciding(args: object) -> tuple[str, ...]:
    if not isinstance(args, tuple):
        return ()
    if len(args) == 1 and isinstance(args[0], dict) and 0 < len(args[0]) <= _PIECES:
        file = _under(args[0], FILENAME)  # each file of an old model of joblib is looked at
        return (file,) if file and len(file) <= TEXT else ()
    return tuple(value for value in args[1:4] if isinstance(value, str) and len(value) <= DECIDING)


def strongest(kinds: list[UseKind]) -> UseKind:
    """Return the kind that gives a file most."""
    return max(kinds, key=_RANK.__getitem__)
