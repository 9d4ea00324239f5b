"""The items of R data, read one after another without recursion; nothing is evaluated.

A stack holds what is still to be read. Numbers are stepped over; names, texts and calls are kept
with the code that they stand in. Source: `ReadItem`, `ReadBC` in `serialize.c` of R 4.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.rdata.code import Argument, Call, Code, Kind, Name
from modelwarden.formats.rdata.inputs import Binary, Words
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits

_TEXT = 1 << 12
_CODES = 20_000
_REFERENCES = 2_000_000
_PENDING = 4_000_000
_BOUND = 100_000
_ATTRIBUTE, _TAG = 1 << 9, 1 << 10
_WIDTHS = {10: 4, 13: 4, 14: 8, 15: 16}
_SYMBOL, _PAIR, _FUNCTION, _ENVIRONMENT, _PROMISE, _CALL = 1, 2, 3, 4, 5, 6
_CHARACTERS, _STRINGS, _RAW = 9, 16, 24
_CONSTANTS = {254: "", 253: "the workspace", 251: "", 250: "base", 242: "", 241: "base"}
_UNBOUND, _REFERENCE, _NAMESPACE, _PACKAGE, _PERSISTENT, _ALTERNATIVE = 252, 255, 249, 248, 247, 238
_REPEAT_DEFINED, _REPEAT, _CALL_WITH, _PAIR_WITH = 244, 243, 240, 239
_BYTECODE = 21
_CELLS = {_PAIR, _CALL, 17}
_LANGUAGE = {_CALL, _PAIR, _REPEAT_DEFINED, _REPEAT, _CALL_WITH, _PAIR_WITH}


@dataclass(slots=True)
class _Slot:
    """Where an item belongs.

    Attributes:
        code: the code that it is part of. call, place: the call that it is part of, and where.
        name: name that it is bound to. role: `root`, `value`, `home`, `cell`, `bind` or empty.
        texts: collects texts (the names of a package or class).
    """

    code: Code | None = None
    call: Call | None = None
    place: int = 0
    name: str = ""
    role: str = ""
    texts: list[str] | None = None


@dataclass(slots=True)
class Machine:
    """One walk; what it found stands in its attributes.

    Attributes:
        codes: pieces of code. bound: names that the file gives values to.
        packages: packages that loading looks for, with the version where the file tells.
        classes: alternative representations: their class and package, and the texts in them.
        roots: names at the outermost level of a workspace, with the offset of functions among them.
        pointers: external pointers, which load as null.
    """

    data: Binary | Words
    limits: Limits
    codes: list[Code] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    packages: dict[str, str | None] = field(default_factory=dict)
    classes: list[tuple[list[str], list[str]]] = field(default_factory=list)
    roots: list[tuple[str, int, bool]] = field(default_factory=list)
    pointers: int = 0
    _references: list[Argument] = field(default_factory=list)
    _pending: list[tuple[Callable[..., None], tuple[object, ...]]] = field(default_factory=list)

    def run(self, *, workspace: bool) -> None:
        """Read one item with everything in it.

        Raises:
            DamagedError: the data break their format; what was read before stands.
            LimitExceededError: a bound was reached.
        """
        self._next(self._item, _Slot(role="root" if workspace else ""))
        while self._pending:
            step, arguments = self._pending.pop()
            self.limits.spend(operations=1)
            step(*arguments)

    def _next(self, step: Callable[..., None], *arguments: object) -> None:
        if len(self._pending) >= _PENDING:
            raise LimitExceededError("nesting of R data", _PENDING)
        self._pending.append((step, arguments))

    # --- items --------------------------------------------------------------------------------

    def _item(self, slot: _Slot) -> None:
        at = self.data.at
        flags = self.data.integer()
        kind = flags & 255
        if kind in _CELLS:
            self._cell(slot, kind, flags, at)
        elif kind in (_FUNCTION, _PROMISE):
            self._code(slot, kind, flags, at)
        elif kind == _SYMBOL:
            self._next(
                self._item,
                _Slot(
                    slot.code, slot.call, slot.place, slot.name, "symbol:" + slot.role, slot.texts
                ),
            )
        elif kind == _CHARACTERS:
            if flags & _ATTRIBUTE:
                self._next(self._item, _Slot())
            self._characters(slot)
        elif kind == _REFERENCE:
            self._reference(slot, flags)
        elif kind in _CONSTANTS or kind == _UNBOUND:
            self._constant(slot, kind)
        elif kind >= _ALTERNATIVE or kind in (_ENVIRONMENT, 22, 23):
            self._special(slot, kind, flags)
        else:
            self._vector(slot, kind, flags, at)

    def _characters(self, slot: _Slot) -> None:
        size = self.data.integer()
        if size < -1:
            raise DamagedError(f"a text of {size} bytes", self.data.at)
        text = "" if size < 0 else self.data.text(size, _TEXT).decode("utf-8", "replace")
        if slot.texts is not None and len(slot.texts) < 100:
            slot.texts.append(text)
        if slot.role.startswith("symbol:"):
            self._refer(Name(text))
            self._named(slot, text, slot.role.removeprefix("symbol:"))
        elif slot.call is not None:
            slot.call.put(slot.place, text)

    def _named(self, slot: _Slot, name: str, role: str) -> None:
        """Take in a name."""
        if role == "tag":
            if slot.texts is not None:
                slot.texts.append(name)
            return
        if slot.code is not None:
            slot.code.symbol(name)
        if slot.call is not None:
            slot.call.put(slot.place, Name(name))

    def _reference(self, slot: _Slot, flags: int) -> None:
        index = flags >> 8 or self.data.integer()
        if not 0 < index <= len(self._references):
            raise DamagedError(
                f"a reference to item {index} of {len(self._references)}", self.data.at
            )
        known = self._references[index - 1]
        if isinstance(known, Name):
            if slot.texts is not None and slot.role != "tag":
                slot.texts.append(known.text)
            self._named(slot, known.text, slot.role)
        elif slot.role == "home" and slot.code is not None and isinstance(known, str):
            slot.code.home = known

    def _refer(self, value: Argument) -> None:
        if len(self._references) >= _REFERENCES:
            raise LimitExceededError("references of R data", _REFERENCES)
        self._references.append(value)

    def _constant(self, slot: _Slot, kind: int) -> None:
        if slot.role == "value" and slot.code is not None:
            slot.code.pending = kind == _UNBOUND
        if slot.role == "home" and slot.code is not None:
            slot.code.home = _CONSTANTS.get(kind, "")

    def _special(self, slot: _Slot, kind: int, flags: int) -> None:
        if kind == _ENVIRONMENT:
            self.data.integer()
            self._refer("")
            for role in ("", "bind", "bind", ""):  # attributes, table, frame, the one around it
                self._next(self._item, _Slot(role=role))
        elif kind in (_NAMESPACE, _PACKAGE, _PERSISTENT):
            self._package(slot, kind)
        elif kind == _ALTERNATIVE:
            names: list[str] = []
            texts: list[str] = []
            self.classes.append((names, texts))
            for inner in (_Slot(), _Slot(texts=texts), _Slot(texts=names)):
                self._next(self._item, inner)
        elif kind in (22, 23):
            self._refer(None)
            self.pointers += kind == 22
            for _ in range((flags & _ATTRIBUTE != 0) + 2 * (kind == 22)):
                self._next(self._item, _Slot())
        else:
            raise DamagedError(f"an item of the type {kind}", self.data.at)

    def _package(self, slot: _Slot, kind: int) -> None:
        if self.data.integer():
            raise DamagedError("names of a package with names of their own", self.data.at)
        count = self.data.integer()
        if not 0 <= count <= 100:
            raise DamagedError(f"a package with {count} names", self.data.at)
        texts: list[str] = []
        self._next(self._told, slot, kind, texts)
        for _ in range(count):
            self._next(self._item, _Slot(texts=texts))

    def _told(self, slot: _Slot, kind: int, texts: list[str]) -> None:
        """Keep the name of a package that was read, and its version."""
        name = texts[0].removeprefix("package:")[:200] if texts else ""
        self._refer(name)
        if kind != _PERSISTENT and name:
            self.packages.setdefault(name, texts[1][:40] if len(texts) > 1 else None)
        if slot.role == "home" and slot.code is not None:
            slot.code.home = name

    # --- vectors ------------------------------------------------------------------------------

    def _vector(self, slot: _Slot, kind: int, flags: int, at: int) -> None:
        if flags & _ATTRIBUTE:
            self._next(self._item, _Slot(name=slot.name))
        if kind in (7, 8):  # a function of R itself, by its name
            name = self.data.text(self._length(), _TEXT).decode("utf-8", "replace")
            self._named(slot, name, "")
            if slot.role == "body" and slot.code is not None:
                slot.code.call().put(0, Name(name))
        elif kind in _WIDTHS:
            self.data.skip(self._length(), _WIDTHS[kind])
        elif kind == _RAW:
            self.data.skip(self._length(), 1)
        elif kind in (_STRINGS, 19, 20):
            self._elements(slot, kind)
        elif kind == _BYTECODE:
            if slot.code is not None:
                slot.code.compiled = True
            self.data.integer()
            self._next(self._bytecode, slot)
        elif kind not in (0, 25):
            raise DamagedError(f"an item of the type {kind}", at)

    def _length(self) -> int:
        length = self.data.integer()
        if length == -1:
            high, low = self.data.integer(), self.data.integer()
            length = (high << 32) + (low & 0xFFFF_FFFF)
        if length < 0:
            raise DamagedError(f"a length of {length}", self.data.at)
        return length

    def _elements(self, slot: _Slot, kind: int) -> None:
        count = self._length()
        inner = _Slot(name=slot.name, role="bind" if slot.role == "bind" else "", texts=slot.texts)
        if kind == _STRINGS and count == 1:
            inner.call, inner.place = slot.call, slot.place
        if kind == 20:  # an expression holds language
            inner.code = slot.code
        if kind == _STRINGS and inner.call is None and inner.texts is None:
            count = self._texts(count)
        self._next(self._element, inner, count)

    def _texts(self, count: int) -> int:
        """Step over plain texts, and return how many are left from one that is not plain."""
        if not isinstance(self.data, Binary):
            return count
        while count:
            if self.data.peek() & (255 | _ATTRIBUTE) != _CHARACTERS:
                break
            self.data.integer()
            size = self.data.integer()
            self.limits.spend(operations=1)
            if size < -1:
                raise DamagedError(f"a text of {size} bytes", self.data.at)
            self.data.skip(max(size, 0), 1)
            count -= 1
        return count

    def _element(self, inner: _Slot, left: int) -> None:
        if left > 0:
            self._next(self._element, inner, left - 1)
            self._next(
                self._item,
                _Slot(inner.code, inner.call, inner.place, inner.name, inner.role, inner.texts),
            )

    # --- lists and code -----------------------------------------------------------------------

    def _cell(self, slot: _Slot, kind: int, flags: int, at: int) -> None:
        """A cell of a list, or of a call: attributes, a name, the first element, the others."""
        call, place = slot.call, slot.place
        if kind == _CALL and slot.role != "cell":
            code = slot.code or self._found(Kind.LANGUAGE, slot, at)
            call, place = code.call(), 0
            if slot.call is not None:
                slot.call.put(slot.place, call)
            slot = _Slot(code, call, 0, slot.name, "cell")
        elif slot.role != "cell":
            call = None
        self._cells(slot, call, place, self._item, flags & _ATTRIBUTE != 0, flags & _TAG != 0)

    def _cells(
        self,
        slot: _Slot,
        call: Call | None,
        place: int,
        step: Callable[..., None],
        attributed: bool,
        tagged: bool,
    ) -> None:
        inside = "cell" if call is not None else slot.role
        rest = _Slot(slot.code, call, place + 1, slot.name, inside, slot.texts)
        role = "" if inside == "cell" else inside
        first = _Slot(slot.code, call, place, "" if tagged else slot.name, role, slot.texts)
        self._next(step, rest)
        if tagged:
            names: list[str] = []
            self._next(self._first, step, first, names, call is None and slot.role != "")
            self._next(self._item, _Slot(role="tag", texts=names))
        else:
            self._next(step, first)
        if attributed:
            self._next(self._item, _Slot())

    def _first(self, step: Callable[..., None], slot: _Slot, names: list[str], binds: bool) -> None:
        """Read the element of a cell whose name is known by now."""
        slot.name = names[0] if names else ""
        if (binds or (slot.code is not None and slot.call is None)) and len(self.bound) < _BOUND:
            self.bound.add(slot.name)
        if slot.role == "root":
            self.roots.append((slot.name, self.data.at, False))
        self._next(step, slot)

    def _found(self, kind: Kind, slot: _Slot, at: int) -> Code:
        code = Code(kind, at, slot.name, binding=slot.role == "bind")
        if len(self.codes) >= _CODES:
            raise LimitExceededError("pieces of code in R data", _CODES)
        self.codes.append(code)
        return code

    def _code(self, slot: _Slot, kind: int, flags: int, at: int) -> None:
        function = kind == _FUNCTION
        code = self._found(Kind.FUNCTION if function else Kind.PROMISE, slot, at)
        if function and slot.role == "root" and self.roots:
            self.roots[-1] = (*self.roots[-1][:2], True)
        self._next(self._item, _Slot(code, role="body", name=slot.name))
        self._next(self._item, _Slot(code, role="formals" if function else "value", name=slot.name))
        if flags & _TAG:
            self._next(self._item, _Slot(code, role="home"))
        if flags & _ATTRIBUTE:
            self._next(self._item, _Slot())

    # --- bytecode -----------------------------------------------------------------------------

    def _bytecode(self, slot: _Slot) -> None:
        """The instructions, then the constants that they use by number."""
        self._next(self._constants, slot)
        self._next(self._item, _Slot())

    def _constants(self, slot: _Slot) -> None:
        count = self.data.integer()
        if count < 0:
            raise DamagedError(f"{count} constants", self.data.at)
        self._next(self._constant_of, slot, count)

    def _constant_of(self, slot: _Slot, left: int) -> None:
        if left <= 0:
            return
        self._next(self._constant_of, slot, left - 1)
        kind = self.data.integer()
        inner = _Slot(slot.code, name=slot.name)
        if kind == _BYTECODE:
            self._next(self._bytecode, inner)
        elif kind in _LANGUAGE:
            self._language(inner, kind)
        else:
            self._next(self._item, inner)

    def _some_language(self, slot: _Slot) -> None:
        self._language(slot, self.data.integer())

    def _language(self, slot: _Slot, kind: int) -> None:
        """Language among the constants, in which cells may be referred to by number."""
        if kind == _REPEAT:
            self.data.integer()
            return
        if kind == _REPEAT_DEFINED:
            self.data.integer()
            kind = self.data.integer()
        if kind not in (_CALL, _PAIR, _CALL_WITH, _PAIR_WITH):
            self._next(self._item, slot)
            return
        attributed = kind in (_CALL_WITH, _PAIR_WITH)
        call, place = slot.call, slot.place
        if kind in (_CALL, _CALL_WITH) and slot.role != "cell":
            code = slot.code or self._found(Kind.LANGUAGE, slot, self.data.at)
            call, place = code.call(), 0
            if slot.call is not None:
                slot.call.put(slot.place, call)
            slot = _Slot(code, call, 0, slot.name, "cell")
        elif slot.role != "cell":
            call = None
        self._cells(slot, call, place, self._some_language, attributed, tagged=True)
