"""Streams for the differential test: written opcode by opcode, mutated from seeds, or random."""

from __future__ import annotations

import pickle
import pickletools
import random
import struct
from collections.abc import Iterator, Sequence

MODULES = (b"os", b"posix", b"a.b", b"pkg", b"m", b"pkg.sub", "mödul".encode(), b"x y")
NAMES = (b"system", b"f", b"g.h", b"K", b"Klass", b"Make", b"z", "näme".encode(), b"two words")
HOOKS = (b"__setstate__", b"append", b"extend", b"add", b"__setitem__")
WORDS = (*MODULES, *NAMES, *HOOKS, b"", b"\xc3\xa9", b"7", b"\xff", b"\xed\xa0\x80")
INTEGERS = (
    *(b"0", b"1", b"00", b"01", b"-1", b"0x10", b"1_0", b" 7 ", b"0o7", b"0b1", b"+3", b"7\r"),
    b"99999999999999999999",
)
ODD_INTEGERS = (b"010", b"1L", b"0x1fL", b"", b"x", b"1.5", b"2\x00junk", b"1__0", b"0x", b"-0x_f")
FLOATS = (b"1.5", b"-0", b"1e400", b"nan", b"inf")
ODD_FLOATS = (b" 1", b"1_0.0", b"x", b"", b"0x1p3", b"1\x00y")
STRINGS = (b"'a'", b'"os"', b"'\\x6fs'", b"'\\157s'", b"''", b"'\\\\'", b"'f'", b"'m'", b"'\\d'")
ODD_STRINGS = (
    *(b"'a", b"a", b"'", b"'\\x4'", b"'a' ", b"'\\'", b'"\\"', b"'\xe9'", b"'sys\\\x00'"),
)
UNICODES = (b"os", b"system", b"\\u006fs", b"\\U0001F600", b"\xff", b"", b"f", b"m")
ODD_UNICODES = (b"\\u00", b"\\U00110000", b"\\")
MEMO = (b"0", b"1", b"2", b"3")
ODD_MEMO = (b"5", b"007", b"-1", b"1_0", b"x", b"", b" 3", b"1\x00z", b"300")

PADDING = b"." * 900

# What has to stand above the newest mark, and how much more or less stands there afterwards.
NEEDS = {
    "POP": (1, -1), "DUP": (1, 1), "NONE": (0, 1), "BINPERSID": (1, 0), "REDUCE": (2, -1),
    "BUILD": (2, -1), "APPEND": (2, -1), "EMPTY_DICT": (0, 1), "EMPTY_LIST": (0, 1),
    "SETITEM": (3, -2), "EMPTY_TUPLE": (0, 1), "NEWOBJ": (2, -1), "TUPLE1": (1, 0),
    "TUPLE2": (2, -1), "TUPLE3": (3, -2), "NEWTRUE": (0, 1), "NEWFALSE": (0, 1),
    "EMPTY_SET": (0, 1), "NEWOBJ_EX": (3, -2), "STACK_GLOBAL": (2, -1), "MEMOIZE": (1, 0),
    "NEXT_BUFFER": (0, 1), "READONLY_BUFFER": (1, 0), "PUT": (1, 0), "BINPUT": (1, 0),
    "LONG_BINPUT": (1, 0),
}  # fmt: skip
AFTER_MARK = {
    "POP_MARK": 0, "DICT": 1, "LIST": 1, "TUPLE": 1, "FROZENSET": 1, "OBJ": 1, "INST": 1,
    "APPENDS": 0, "SETITEMS": 0, "ADDITEMS": 0,
}  # fmt: skip
CODES = {opcode.name: opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
# Opcodes that lead somewhere are tried more often.
WEIGHTS = {
    "GLOBAL": 6, "STACK_GLOBAL": 2, "REDUCE": 14, "NEWOBJ": 6, "NEWOBJ_EX": 3, "BUILD": 10,
    "MARK": 8, "TUPLE": 4, "TUPLE1": 5, "EMPTY_TUPLE": 6, "SHORT_BINUNICODE": 12, "OBJ": 6,
    "INST": 4, "APPENDS": 5, "APPEND": 4, "SETITEM": 4, "SETITEMS": 5, "ADDITEMS": 4,
    "MEMOIZE": 5, "BINGET": 4, "BINPUT": 4, "EMPTY_DICT": 4, "EMPTY_LIST": 3, "EXT1": 2,
    "FRAME": 3, "UNICODE": 2, "POP": 2, "STOP": 0, "EMPTY_SET": 2,
}  # fmt: skip


class Writer:
    """Writes one stream, keeping a rough account of the stack so that most of it runs."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.parts: list[bytes] = []
        self.depths = [0]
        self.memo: list[int] = []

    def stream(self) -> bytes:
        rng = self.rng
        self.parts = []
        self.depths = [0]
        self.memo = []
        if rng.random() < 0.6:
            proto = rng.choice((0, 1, 2, 3, 4, 4, 4, 5)) if rng.random() < 0.98 else 6
            self.parts.append(b"\x80" + bytes([proto]))
        if rng.random() < 0.5:
            self.a_global()
        for _ in range(rng.randrange(1, 30)):
            if rng.random() < 0.4:
                self.gadget()
            else:
                self.opcode(self.pick())
        if rng.random() < 0.8:
            self.parts.append(b".")
        return self.framed(b"".join(self.parts))

    def framed(self, data: bytes) -> bytes:
        """Sometimes put a frame somewhere, honest or lying."""
        rng = self.rng
        while rng.random() < 0.3:
            at = rng.choice((0, 2, rng.randrange(len(data) + 1)))
            size = rng.choice((len(data) - at, rng.randrange(len(data) + 20), rng.randrange(12)))
            data = data[:at] + b"\x95" + struct.pack("<Q", max(size, 0)) + data[at:]
        return data

    def pick(self) -> str:
        rng = self.rng
        names = list(CODES)
        weights = [WEIGHTS.get(name, 1) for name in names]
        for _ in range(20):
            name = rng.choices(names, weights)[0]
            if rng.random() < 0.02 or self.fits(name):
                return name
        return "NONE"

    def fits(self, name: str) -> bool:
        if name in AFTER_MARK:
            enough = len(self.depths) > 1
            if name in {"APPENDS", "SETITEMS", "ADDITEMS"}:
                enough = enough and self.depths[-2] > 0
            return enough and (name != "OBJ" or self.depths[-1] > 0)
        if name in {"BINGET", "GET", "LONG_BINGET"} and not self.memo:
            return False
        return self.depths[-1] >= NEEDS.get(name, (0, 0))[0]

    def opcode(self, name: str) -> None:
        argument = self.argument(name)
        self.parts.append(CODES[name] + argument)
        if name == "MARK":
            self.depths.append(0)
        elif name in AFTER_MARK:
            if len(self.depths) > 1:
                self.depths.pop()
            self.depths[-1] += AFTER_MARK[name]
        else:
            pushes = 0 if name in {"FRAME", "PROTO", "STOP"} else 1
            self.depths[-1] = max(0, self.depths[-1] + NEEDS.get(name, (0, pushes))[1])
        self.remember(name, argument)

    def remember(self, name: str, argument: bytes) -> None:
        if name == "MEMOIZE":
            self.memo.append(len(set(self.memo)))
        elif name == "PUT" and argument.strip().isdigit():
            self.memo.append(int(argument))
        elif name in {"BINPUT", "LONG_BINPUT"}:
            self.memo.append(int.from_bytes(argument, "little"))

    def gadget(self) -> None:
        """A few opcodes that belong together."""
        gadgets = (
            *(self.chain, self.chain, self.instance, self.old_class, self.state, self.filled),
            *(self.remembered, self.scattered, self.computed, self.marked, self.buffer),
        )
        self.rng.choice(gadgets)()

    def chain(self) -> None:
        """A call, and calls of what it returns."""
        self.a_global()
        self.arguments()
        self.opcode("REDUCE")
        for _ in range(self.rng.choice((0, 0, 1, 2, 3))):
            self.arguments()
            self.opcode(self.rng.choice(("REDUCE", "BUILD", "NEWOBJ", "REDUCE")))

    def instance(self) -> None:
        self.a_global(b"K" if self.rng.random() < 0.8 else None)
        self.arguments()
        if self.rng.random() < 0.5:
            self.opcode("NEWOBJ")
        else:
            self.opcode("EMPTY_DICT")
            self.opcode("NEWOBJ_EX")

    def old_class(self) -> None:
        self.opcode("MARK")
        name = self.rng.choice(("OBJ", "INST"))
        if name == "OBJ":
            self.a_global()
        for _ in range(self.rng.randrange(3)):
            self.constant()
        self.opcode(name)

    def filled(self) -> None:
        """An object that is treated like a container."""
        self.a_global()
        self.opcode("MARK")
        for _ in range(self.rng.randrange(4)):
            self.constant()
        self.opcode(self.rng.choice(("APPENDS", "SETITEMS", "ADDITEMS")))

    def remembered(self) -> None:
        self.constant()
        self.opcode(self.rng.choice(("MEMOIZE", "BINPUT", "PUT", "LONG_BINPUT")))
        self.opcode("POP")
        self.opcode(self.rng.choice(("BINGET", "GET", "LONG_BINGET")))

    def scattered(self) -> None:
        """Arguments that come out of a memo with holes in it."""
        self.a_global()
        self.constant()
        self.opcode("BINPUT")
        self.opcode("TUPLE1")
        self.opcode("MEMOIZE")
        self.opcode("POP")
        self.parts.append(b"g%d\n" % self.memo[-1])
        self.depths[-1] += 1
        self.opcode("REDUCE")

    def shared(self) -> None:
        """A call whose result comes out of the memo, and is called in its turn."""
        self.a_global()
        self.opcode("EMPTY_TUPLE")
        self.opcode(self.rng.choice(("REDUCE", "NEWOBJ")))
        self.opcode(self.rng.choice(("MEMOIZE", "MEMOIZE", "BINPUT", "LONG_BINPUT")))
        self.opcode("POP")
        self.parts.append(b"h%c" % (self.memo[-1] % 256))
        self.depths[-1] += 1
        self.opcode("EMPTY_TUPLE")
        self.opcode("REDUCE")

    def marked(self) -> None:
        """A mark that POP takes away."""
        self.opcode("MARK")
        self.parts.append(b"0")
        self.depths.pop()

    def buffer(self) -> None:
        self.a_global()
        self.opcode("SHORT_BINBYTES")
        self.opcode("READONLY_BUFFER")
        self.opcode("TUPLE1")
        self.opcode("REDUCE")

    def computed(self) -> None:
        """Import by two strings that came through the memo."""
        rng = self.rng
        for words in (MODULES, NAMES):
            word = rng.choice(words)
            self.parts.append(b"\x8c" + bytes([len(word)]) + word + b"\x94")
            self.remember("MEMOIZE", b"")
        self.parts.append(b"\x93")
        self.depths[-1] += 1

    def state(self) -> None:
        """A state that sets what a later opcode calls."""
        if not self.depths[-1]:
            self.a_global()
            self.arguments()
            self.opcode("REDUCE")
        self.opcode("EMPTY_DICT")
        hook = self.rng.choice(HOOKS)
        self.parts.append(b"\x8c" + bytes([len(hook)]) + hook)
        self.depths[-1] += 1
        self.a_global()
        self.opcode("SETITEM")
        self.opcode("BUILD")
        self.constant()
        self.opcode(self.rng.choice(("BUILD", "APPEND")))

    def a_global(self, wanted: bytes | None = None) -> None:
        rng = self.rng
        module, name = rng.choice(MODULES), wanted or rng.choice(NAMES)
        if rng.random() < 0.5:
            self.parts.append(b"c" + module + b"\n" + name + b"\n")
        elif rng.random() < 0.2:
            self.parts.append(b"\x82\x07")
        else:
            for word in (module, name):
                self.parts.append(b"\x8c" + bytes([len(word)]) + word)
            self.parts.append(b"\x93")
        self.depths[-1] += 1

    def arguments(self) -> None:
        count = self.rng.randrange(4)
        for _ in range(count):
            self.constant()
        self.opcode(("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")[count])

    def constant(self) -> None:
        names = ("SHORT_BINUNICODE", "BININT1", "NONE", "SHORT_BINBYTES", "INT", "STRING", "BININT")
        if self.rng.random() < 0.2:
            self.a_global()
        else:
            self.opcode(self.rng.choice(names))

    def legal(self, usual: Sequence[bytes], odd: Sequence[bytes]) -> bytes:
        return self.rng.choice(usual if self.rng.random() < 0.95 else odd)

    def argument(self, name: str) -> bytes:
        rng = self.rng
        make = getattr(self, f"_{name.lower()}", None)
        if make is not None:
            return bytes(make())
        if name in {"INT", "LONG"}:
            return self.legal(INTEGERS, ODD_INTEGERS) + b"\n"
        if name == "GET" and self.memo and rng.random() < 0.9:
            return b"%d\n" % rng.choice(self.memo)
        if name in {"GET", "PUT"}:
            return self.legal(MEMO, ODD_MEMO) + b"\n"
        counted = {"1": "<B", "4": "<I", "8": "<Q"}
        argument = {opcode.name: opcode for opcode in pickletools.opcodes}[name].arg
        if argument is None:
            return b""
        if argument.n == -1:
            return self.legal(NAMES, (b"", b"\xff")) + b"\n"
        if argument.n >= 0:
            return rng.choice(
                (bytes(argument.n), rng.randbytes(argument.n), self.small(argument.n))
            )
        width = {-2: "1", -3: "4", -4: "4", -5: "8"}[argument.n]
        word = rng.choice(WORDS)
        size = len(word) if rng.random() < 0.98 else rng.choice((0, 3, 255, len(word) + 1))
        return struct.pack(counted[width], size) + word

    def small(self, size: int) -> bytes:
        return bytes([self.rng.randrange(4)]) + bytes(size - 1)

    def _binget(self) -> bytes:
        known = [index for index in self.memo if index < 256]
        return bytes([self.rng.choice(known or [0])])

    def _long_binget(self) -> bytes:
        return struct.pack("<I", self.rng.choice(self.memo or [0]))

    def _binput(self) -> bytes:
        return bytes([self.rng.choice((0, 1, 2, 3, 9, 200))])

    def _long_binput(self) -> bytes:
        return struct.pack("<I", self.rng.choice((0, 1, 2, 3, 9, 70_000)))

    def _global(self) -> bytes:
        module, name = self.legal(MODULES, (b"\xff", b"")), self.legal(NAMES, (b"", b"\xff"))
        return module + b"\n" + name + b"\n"

    def _inst(self) -> bytes:
        return self._global()

    def _string(self) -> bytes:
        return self.legal(STRINGS, ODD_STRINGS) + b"\n"

    def _unicode(self) -> bytes:
        return self.legal(UNICODES, ODD_UNICODES) + b"\n"

    def _float(self) -> bytes:
        return self.legal(FLOATS, ODD_FLOATS) + b"\n"

    def _frame(self) -> bytes:
        odd = (9, 20, 40, 1 << 40, 1 << 63) if self.rng.random() < 0.3 else (0, 1)
        return struct.pack("<Q", self.rng.choice(odd))

    def _proto(self) -> bytes:
        return bytes([self.rng.choice((0, 2, 3, 4, 5) if self.rng.random() < 0.95 else (6, 255))])

    def _ext1(self) -> bytes:
        return bytes([self.rng.choice((7, 7, 7, 7, 7, 7, 0, 9))])

    def _ext2(self) -> bytes:
        return struct.pack("<H", self.rng.choice((7, 300, 7, 300, 7, 300, 0)))

    def _ext4(self) -> bytes:
        return struct.pack("<i", self.rng.choice((7, 70_000, 7, 70_000, 7, 0, -1)))

    def _long4(self) -> bytes:
        size = self.rng.choice((0, 1, 3, -1))
        return struct.pack("<i", size) + self.rng.randbytes(max(size, 0))


def mutated(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return a seed with a few bytes changed, cut, doubled, or mixed with another."""
    data = bytearray(rng.choice(seeds)[:1500])
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data) + 1)
        choice = rng.randrange(6)
        if choice == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif choice == 1 and at < len(data):
            data[at] = rng.choice(list(CODES.values()))[0]
        elif choice == 2:
            del data[at : at + rng.randrange(1, 8)]
        elif choice == 3:
            data[at:at] = Writer(rng).stream()[: rng.randrange(1, 40)]
        elif choice == 4:
            data[at:at] = data[at : at + rng.randrange(1, 20)]
        else:
            data[at:at] = b"\x95" + struct.pack("<Q", rng.randrange(60))
    return bytes(data)


class Value:
    """Something with a state, for seeds."""

    def __init__(self) -> None:
        self.word = "x"


def seeds() -> list[bytes]:
    """Return honest pickles of every protocol, and a few written by hand."""
    value = [
        1,
        -5,
        1 << 40,
        2.5,
        "text",
        "ü\n",
        b"bytes",
        (1, 2),
        {"k": [None, True]},
        {3},
        Value(),
    ]
    made = [pickle.dumps([value, value, frozenset({"f"})], protocol) for protocol in range(6)]
    return [
        *made,
        pickle.dumps(bytearray(b"mutable"), 5),
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    ]


def streams(seed: int, count: int, extra: Sequence[bytes] = ()) -> Iterator[bytes]:
    """Yield `count` streams, the same for the same seed.

    Half of them have bytes behind them, as the reader takes common opcodes in another way where
    it is far from the end; those stop at the first of these bytes, if not before.
    """
    known = [*seeds(), *extra]
    for index in range(count):
        rng = random.Random(f"{seed}/{index}")
        yield _stream(rng, known) + rng.choice((b"", PADDING))


def results(count: int) -> Iterator[bytes]:
    """Yield streams that call what other calls gave them, by way of the memo."""
    for index in range(count):
        writer = Writer(random.Random(f"results/{index}"))
        for _ in range(3):
            writer.shared()
        yield b"".join([*writer.parts, b".", PADDING])


def _stream(rng: random.Random, known: Sequence[bytes]) -> bytes:
    choice = rng.random()
    if choice < 0.65:
        return Writer(rng).stream()
    if choice < 0.95:
        return mutated(rng, known)
    codes = b"".join(CODES.values())
    return bytes(rng.choices(codes + b"\n\n\n0123'osf\x00\x01\x02", k=rng.randrange(1, 60)))
