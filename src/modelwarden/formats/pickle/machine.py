"""The symbolic machine: the opcodes of one stream, run on values that only describe.

Most bytes of a large pickle are a dozen opcodes that build plain data. `Machine._fast` runs those
without a call or an object for each; everything else is a function in `operations`, one for each
opcode.
"""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.pickle import operations
from modelwarden.formats.pickle.memo import (
    CONTAINERS,
    DICT_CODE,
    HOLE,
    LIST_CODE,
    TUPLE_CODE,
    Memo,
)
from modelwarden.formats.pickle.nested import suspicious, telling
from modelwarden.formats.pickle.squeeze import CONTAINER_OPCODES, CROWDED, squeeze
from modelwarden.formats.pickle.tape import Tape
from modelwarden.formats.pickle.uses import Recorder
from modelwarden.formats.pickle.values import DROPPED, Call
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.pickle.tokens import PickledToken
    from modelwarden.formats.pickle.values import Global, Persistent
    from modelwarden.formats.source import Source

PIECES = 4
ITEMS = 1024
STACK = 1 << 22
MARKS = 1 << 22
MADE = 1 << 18
CACHE = 1 << 14
TOKENS = 100
LOOKED = 1 << 20
BEHIND = 4096  # what a string that begins in a window may reach over its end


class Machine:
    """One stream while it runs.

    Attributes:
        tape: where it reads.
        stack, marks: as in CPython; `fence` is the stack's size at the newest mark.
        proto: as the last PROTO said; decides how names are mapped.
        fresh: the newest string constant and the offset of its opcode, for the memo.
        uses: what was imported and called.
        persistent: persistent ids, the first of them.
        persistent_count: all of them.
        suspects: constants that may hold a pickle, as (offset of the opcode, value).
        tokens: strings that may be secrets.
        extensions: EXT codes that the file itself registered.
        hooks: what the file set as an attribute that an opcode looks up and calls.
        hook: asked after each BUILD; skips raw data that stands in the stream, or ends it.
        memoized: MEMOIZE was run, for which it matters what the memo held when the stream began.
        raw_arrays: arrays that it skipped.
        done: STOP was reached; the result is on the stack.
    """

    __slots__ = (
        "_left",
        "_made",
        "_roomy",
        "_suspicious",
        "cache",
        "done",
        "extensions",
        "fence",
        "fresh",
        "hook",
        "hooks",
        "limits",
        "marks",
        "memo",
        "memoized",
        "notes",
        "op_at",
        "opcode",
        "persistent",
        "persistent_count",
        "proto",
        "protocol",
        "raw_arrays",
        "stack",
        "start",
        "suspects",
        "tape",
        "tokens",
        "uses",
    )

    def __init__(
        self,
        source: Source,
        limits: Limits,
        *,
        start: int = 0,
        end: int | None = None,
        choices: tuple[bool, ...] = (),
        extensions: dict[int, Global] | None = None,
        hook: Callable[[Machine, object], None] | None = None,
    ) -> None:
        self.tape = Tape(source, start, source.size if end is None else end, choices)
        self.limits = limits
        self.start = start
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.fence = 0
        self.memo = Memo()
        self.memoized = False
        self.proto = 0
        self.protocol = 0
        self.op_at = start
        self.opcode = 0
        self.fresh: tuple[object, int] = (None, -1)
        self.cache: dict[int, str | bytes] = {}
        self.uses = Recorder()
        self.persistent: list[Persistent] = []
        self.persistent_count = 0
        self.suspects: list[tuple[int, object]] = []
        self.tokens: dict[tuple[str, str], PickledToken] = {}
        self.extensions: dict[int, Global] = {} if extensions is None else extensions
        self.hook = hook
        self.hooks: dict[str, list[object]] = {}
        self.notes: list[str] = []
        self.raw_arrays = 0
        self.done = False
        self._made = 0
        self._left = 0
        self._roomy = CROWDED
        self._suspicious = True

    def run(self) -> None:
        """Run to STOP.

        Raises:
            DamagedError: here CPython stops with an error; what came before was executed.
            LimitExceededError: a bound was reached.
        """
        tape = self.tape
        before = base = -1
        while not self.done:
            if tape.passes:
                tape.arrive()
            limit = tape.window()
            if tape.base != base:
                self._spend(tape.at - max(before, self.start))
                before = base = tape.base
            self._run_window(limit)

    def _run_window(self, limit: int) -> None:
        """Run one opcode, and go on up to `limit` in the window for as long as it holds."""
        table, tape = operations.TABLE, self.tape
        data, base = tape.data, tape.base
        # Up to the end of the stream no window follows; the last opcodes are run one by one.
        last = base + len(data) >= tape.end and not tape.frames
        index = tape.at - base
        while True:
            if index < limit and data[index] in _FAST:
                self._fast(limit)
                index = tape.at - base
            self.op_at = tape.at
            if index < limit:
                self.opcode = data[index]
                tape.at += 1
            else:
                self.opcode = tape.byte()
            operation = table.get(self.opcode)
            if operation is None:
                raise DamagedError("not an opcode", self.op_at)
            operation(self)
            index = tape.at - base
            if self.done or self.opcode == _FRAME or tape.passes:
                return
            if not 0 <= index < limit and (index < 0 or not last):
                return

    def _spend(self, stepped: int) -> None:
        """Pay for a window's worth of opcodes, and make room when much was built."""
        self.limits.spend(operations=min(max(stepped, 0), len(self.tape.data)) + 1)
        if len(self.stack) > STACK or len(self.marks) > MARKS:
            raise LimitExceededError("entries on the pickle machine's stack", STACK)
        data = self.tape.data
        self._suspicious = suspicious(data)
        if telling(data):
            self._keep_tokens(self.tape.base, len(data) + BEHIND)
        self._made += sum(map(data.count, CONTAINER_OPCODES))
        if self._made > MADE + self._left or len(self.stack) > self._roomy:
            self._made = 0
            # As many again as there are to look at, so that looking stays in proportion.
            self._left = len(self.stack) + len(self.memo.values)
            self._roomy = max(CROWDED, len(self.stack) * 2)
            squeeze(self.stack, self.memo.values)

    def look(self, at: int, size: int) -> None:
        """Keep what in these bytes of the stream may be a secret."""
        if telling(self.tape.source.read(at, min(size, LOOKED, self.tape.end - at))):
            self._keep_tokens(at, size)

    def _keep_tokens(self, at: int, size: int) -> None:
        from modelwarden.formats.pickle.tokens import pickled_tokens  # few pickles need it

        data = self.tape.source.read(at, min(size, LOOKED, self.tape.end - at))
        for token in pickled_tokens(data, at):
            if len(self.tokens) >= TOKENS:
                return
            self.tokens.setdefault((token.key, token.value), token)

    def _fast(self, limit: int) -> None:  # noqa: C901 -- one loop, no calls
        """Run common opcodes up to `limit` in the window, or to one that is not common.

        What fits no fast case is left to its operation: the loop ends before that opcode.
        """
        tape, stack, marks, memo = self.tape, self.stack, self.marks, self.memo
        data, text, base = tape.data, tape.text, tape.base
        push, pop = stack.append, stack.pop
        codes, values, cache = memo.codes, memo.values, self.cache
        remember, keep, cached = codes.append, values.append, cache.get
        dense = not memo.holes and not memo.sparse
        plain = dense and self.memoized
        fence = self.fence
        wary = self._suspicious
        pos = tape.at - base
        value: object
        while pos < limit:
            op = data[pos]
            if op == 0x4B:  # BININT1
                push(data[pos + 1])
                pos += 2
                continue
            if op == 0x8C or op == 0x55:  # SHORT_BINUNICODE, SHORT_BINSTRING
                stop = pos + 2 + data[pos + 1]
                string = text[pos + 2 : stop]
                if wary or not string.isascii():
                    break
                push(string)
                after = data[stop]
                if after == 0x94 and plain:  # MEMOIZE
                    remember(base + pos)
                    pos = stop + 1
                elif after == 0x71 and data[stop + 1] == len(codes):  # BINPUT
                    remember(base + pos)
                    pos = stop + 2
                elif after == 0x72 and unpack_from("<I", data, stop + 1)[0] == len(codes):
                    remember(base + pos)
                    pos = stop + 5
                elif after in _PUTS:
                    pop()
                    break
                else:
                    pos = stop
                continue
            if op == 0x68 or op == 0x6A:  # BINGET, LONG_BINGET
                if op == 0x68:
                    index, after = data[pos + 1], pos + 2
                else:
                    index, after = unpack_from("<I", data, pos + 1)[0], pos + 5
                if index >= len(codes):
                    break
                code = codes[index]
                if code >= 0:
                    value = cached(code)
                    if value is None:
                        break
                elif code == HOLE:
                    break
                else:
                    value = values[~code]
                push(value)
                pos = after
                continue
            if op == 0x43 and not wary:  # SHORT_BINBYTES
                stop = pos + 2 + data[pos + 1]
                after = data[stop]
                if data[pos + 2] == 0x80:  # as a pickle begins
                    break
                if after == 0x94 and plain:  # MEMOIZE
                    remember(base + pos)
                elif after in _PUTS:
                    break
                push(data[pos + 2 : stop])
                pos = stop + (after == 0x94)
                continue
            if op == 0x28:  # MARK
                fence = len(stack)
                marks.append(fence)
                pos += 1
                continue
            if 0x85 <= op <= 0x87:  # TUPLE1, TUPLE2, TUPLE3
                if op == 0x86:
                    if len(stack) - fence < 2:
                        break
                    value = pop()
                    value = (pop(), value)
                elif op == 0x87:
                    if len(stack) - fence < 3:
                        break
                    value = tuple(stack[-3:])
                    del stack[-3:]
                else:
                    if len(stack) <= fence:
                        break
                    value = (pop(),)
                push(value)
                code = TUPLE_CODE
            elif op == 0x52 or op == 0x81:  # REDUCE, NEWOBJ
                self.op_at, self.opcode, self.fence = base + pos, op, fence
                tape.at = base + pos + 1
                operations.TABLE[op](self)
                value = stack[-1]
                if type(value) is not Call or not dense or len(values) >= CONTAINERS:
                    pos += 1
                    continue
                code = HOLE  # is never stored: there is room
            elif op == 0x7D:  # EMPTY_DICT
                value = {}
                push(value)
                code = DICT_CODE
            elif op == 0x75:  # SETITEMS
                if not marks:
                    break
                mark = marks[-1]
                outer = marks[-2] if len(marks) > 1 else 0
                size = len(stack) - mark
                if mark <= outer or size & 1:
                    break
                value = stack[mark - 1]
                if type(value) is not dict or len(value) >= PIECES:
                    break
                if size:
                    value[len(value)] = stack[mark:]
                    del stack[mark:]
                marks.pop()
                fence = outer
                pos += 1
                continue
            elif op == 0x65:  # APPENDS
                if not marks:
                    break
                mark = marks[-1]
                outer = marks[-2] if len(marks) > 1 else 0
                if mark <= outer:
                    break
                value = stack[mark - 1]
                if type(value) is not list:
                    break
                if len(value) < ITEMS:
                    value += stack[mark:]
                elif value[-1] is not DROPPED:
                    value.append(DROPPED)
                del stack[mark:]
                marks.pop()
                fence = outer
                pos += 1
                continue
            elif op == 0x73:  # SETITEM
                if len(stack) - fence < 3:
                    break
                value = stack[-3]
                if type(value) is not dict or len(value) >= PIECES:
                    break
                value[len(value)] = stack[-2:]
                del stack[-2:]
                pos += 1
                continue
            elif op == 0x61:  # APPEND
                if len(stack) - fence < 2:
                    break
                value = stack[-2]
                if type(value) is not list:
                    break
                if len(value) < ITEMS:
                    value.append(pop())
                else:
                    pop()
                    if value[-1] is not DROPPED:
                        value.append(DROPPED)
                pos += 1
                continue
            elif op == 0x4D:  # BININT2
                push(data[pos + 1] | data[pos + 2] << 8)
                pos += 3
                continue
            elif op == 0x4A:  # BININT
                push(unpack_from("<i", data, pos + 1)[0])
                pos += 5
                continue
            elif op == 0x47:  # BINFLOAT
                push(unpack_from(">d", data, pos + 1)[0])
                pos += 9
                continue
            elif op == 0x4E:  # NONE
                push(None)
                pos += 1
                continue
            elif op == 0x58:  # BINUNICODE
                size = unpack_from("<I", data, pos + 1)[0]
                if size > 240:
                    break
                stop = pos + 5 + size
                string = text[pos + 5 : stop]
                if wary or not string.isascii():
                    break
                push(string)
                after = data[stop]
                if after == 0x94 and plain:
                    remember(base + pos)
                    pos = stop + 1
                elif after == 0x71 and data[stop + 1] == len(codes):
                    remember(base + pos)
                    pos = stop + 2
                elif after == 0x72 and unpack_from("<I", data, stop + 1)[0] == len(codes):
                    remember(base + pos)
                    pos = stop + 5
                elif after in _PUTS:
                    pop()
                    break
                else:
                    pos = stop
                continue
            elif op == 0x5D:  # EMPTY_LIST
                value = []
                push(value)
                code = LIST_CODE
            elif op == 0x74:  # TUPLE
                if not marks:
                    break
                mark = marks.pop()
                fence = marks[-1] if marks else 0
                value = tuple(stack[mark:])
                del stack[mark:]
                push(value)
                code = TUPLE_CODE
            elif op == 0x29:  # EMPTY_TUPLE
                value = ()
                push(value)
                code = TUPLE_CODE
            elif op == 0x88 or op == 0x89:  # NEWTRUE, NEWFALSE
                push(op == 0x88)
                pos += 1
                continue
            else:
                break
            # A container was made; the opcode that memoises it nearly always follows.
            pos += 1
            after = data[pos]
            if after == 0x94 and plain:
                pos += 1
            elif after == 0x71 and data[pos + 1] == len(codes):
                pos += 2
            elif after == 0x72 and unpack_from("<I", data, pos + 1)[0] == len(codes):
                pos += 5
            else:
                continue
            if len(values) < CONTAINERS:
                keep(value)
                remember(~(len(values) - 1))
            else:
                remember(code)
        self.fence = fence
        tape.at = base + pos


_PUTS = frozenset(b"\x94qrp")
_FRAME = 0x95
# What `_fast` runs; the loop is not entered for any other.
_FAST = frozenset(b"K\x8cUhjC(\x85\x86\x87R\x81}uesaMJGNX]t)\x88\x89")
