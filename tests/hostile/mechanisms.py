"""Pickles that hide a call: in the memo, between streams, behind damage, under lying frames.

Sources: the advisories named in the titles, and the pickle virtual machine as CPython runs it.
"""

from __future__ import annotations

import base64
import codecs
import pickle
import struct
from collections.abc import Callable

from hostile.build import (
    MEDIUM,
    NOT_CLEAN,
    REDUCE,
    STOP,
    Sample,
    call,
    command,
    constant,
    inner,
    name,
    text,
    value,
)
from hostile.roads import P2, P4, P5, SYSTEM, TRUE

# title -> bytes
_WAYS: dict[str, bytes] = {
    "names by GET": P4 + b"Vos\np0\n0Vsystem\np1\n0g0\ng1\n\x93" + TRUE + b"R.",
    "names under memo keys with underscores": (
        P4 + b"Vos\np1_0\n0Vjson\np1\n0g10\nVsystem\n\x93" + TRUE + b"R."
    ),
    "names under a memo key with blanks": P4 + b"Vos\np 7\n0g7 \nVsystem\n\x93" + TRUE + b"R.",
    "MEMOIZE after BINPUT lands on another key (picklescan issue 14)": (
        P4
        + text("json")
        + b"q\x00"
        + text("os")
        + b"\x940h\x01"
        + text("system")
        + b"\x93"
        + TRUE
        + b"R."
    ),
    "a memo entry overwritten before it is read": (
        P4
        + text("json")
        + b"q\x000"
        + text("os")
        + b"q\x000h\x00"
        + text("system")
        + b"\x93"
        + TRUE
        + b"R."
    ),
    "LONG_BINPUT with a key far away": (
        P4
        + text("os")
        + b"r\x00\x00\x01\x000j\x00\x00\x01\x00"
        + text("system")
        + b"\x93"
        + TRUE
        + b"R."
    ),
    "a memo key that was never written, after the call": command()[:-1] + b"h\x63.",
    "a name of the wrong type, after the call": command()[:-1] + b"0K\x2a" + text("x") + b"\x93.",
    "names as UNICODE with escapes": P4 + b"V\\u006f\\u0073\nV\\u0073ystem\n\x93" + TRUE + b"R.",
    "names as STRING with escapes": P4 + b"S'\\x6fs'\nS'\\x73ystem'\n\x93" + TRUE + b"R.",
    "names as SHORT_BINSTRING": P4 + b"U\x02osU\x06system\x93" + TRUE + b"R.",
    "names as BINUNICODE8": (
        P4 + b"\x8d" + struct.pack("<Q", 2) + b"os" + text("system") + b"\x93" + TRUE + b"R."
    ),
    "a second stream behind a harmless one": pickle.dumps({"a": 1}) + command(),
    "a fifth stream": b"".join(pickle.dumps(i) for i in range(4)) + command(),
    "a stream after one that breaks": P4 + value([1, 2]) + b"\xff" + command(),
    "a stream after one that breaks at once": b"\x80\x04\xff" + command(),
    "a stream after a page of zeros": pickle.dumps([1]) + bytes(4096) + command(),
    "a stream after text": pickle.dumps([1]) + b"\nweights follow\n" + command(),
    "garbage behind the call": command()[:-1] + b"\xff\xfe\xfd",
    "no STOP": command()[:-1],
    "an unknown opcode right after the call": command()[:-1] + b"\x0a\x0a.",
    "a stack that runs empty after the call": command()[:-1] + b"000.",
    "a protocol that does not exist, in the middle": P2 + SYSTEM + TRUE + b"R\x80\x63.",
    "protocol 0 header, protocol 4 opcodes": b"\x80\x00"
    + text("os")
    + text("system")
    + b"\x93"
    + TRUE
    + b"R.",
    "protocol 5 header, protocol 0 opcodes": P5 + b"cos\nsystem\n(S'true'\ntR.",
    "no header, protocol 4 opcodes": text("os") + text("system") + b"\x93" + TRUE + b"R.",
    "the header again and again": P2 * 3 + SYSTEM + P4 + TRUE + b"R.",
    "a frame that is too short": P4
    + b"\x95"
    + struct.pack("<Q", 3)
    + text("os")
    + text("system")
    + b"\x93"
    + TRUE
    + b"R.",
    "a frame that is too long": P4 + b"\x95" + struct.pack("<Q", 9999) + SYSTEM + TRUE + b"R.",
    "an empty frame in the middle": P4 + SYSTEM + b"\x95" + bytes(8) + TRUE + b"R.",
    "a frame of all ones": P4 + SYSTEM + TRUE + b"R\x95" + b"\xff" * 8 + b".",
    "DUP of the callable": P2 + SYSTEM + b"2" + TRUE + b"R0" + TRUE + b"R.",
    "POP_MARK throws a decoy away": P2 + b"(" + value([1, 2, 3]) + b"1" + SYSTEM + TRUE + b"R.",
    "the result of the call is popped": P2 + SYSTEM + TRUE + b"R0" + value({"w": [1.0]}) + STOP,
    "the call in a dictionary key": P2 + b"}" + SYSTEM + TRUE + b"RK\x01s.",
    "the call in a persistent id": P2 + SYSTEM + TRUE + b"RQ.",
    "the call in the state of an allowed class": (
        P2 + name("collections", "OrderedDict") + b")R}U\x01a" + SYSTEM + TRUE + b"Rsb."
    ),
    "the call in a nested tuple of an allowed call": (
        P2
        + name("collections", "OrderedDict")
        + b"]("
        + b"U\x01a"
        + SYSTEM
        + TRUE
        + b"R\x86e\x85R."
    ),
    "the function is only referenced": P2 + SYSTEM + STOP,
    "functools.partial called at once": (
        P2 + name("functools", "partial") + SYSTEM + b"U\x04true\x86R)R."
    ),
    "functools.partial re-armed by BUILD": (
        P2
        + name("functools", "partial")
        + name("builtins", "print")
        + b"\x85R("
        + SYSTEM
        + TRUE
        + b"}Ntb)R."
    ),
    "defaultdict with a command as factory": (
        P2 + name("collections", "defaultdict") + SYSTEM + b"\x85R."
    ),
    "weakref.finalize": P2
    + name("weakref", "finalize")
    + name("json", "loads")
    + SYSTEM
    + b"U\x04true\x87R.",
    "a pickle in a byte string, loaded by the outer": (
        P4 + name("pickle", "loads") + b"C" + bytes([len(command())]) + command() + b"\x85R."
    ),
    "a pickle in a bytearray, loaded by the outer": (
        P5
        + name("_pickle", "loads")
        + b"\x96"
        + struct.pack("<Q", len(command()))
        + command()
        + b"\x85R."
    ),
    "a pickle in base64, decoded and loaded by the outer": (
        P4
        + name("pickle", "loads")
        + name("base64", "b64decode")
        + value((base64.b64encode(command()),), 4)
        + b"R\x85R."
    ),
    "a pickle in zlib, loaded by the outer": (
        P4
        + name("pickle", "loads")
        + name("zlib", "decompress")
        + value((codecs.encode(command(), "zlib"),), 4)
        + b"R\x85R."
    ),
    "a pickle in a byte string that nothing loads yet": (
        P4 + b"}" + text("hidden") + b"C" + bytes([len(command())]) + command() + b"s."
    ),
    "eval of a decoded text": (
        P2
        + name("builtins", "eval")
        + name("codecs", "decode")
        + value(("cnff", "rot13"))
        + b"R\x85R."
    ),
    "names that Python 3 maps from Python 2": b"\x80\x02c__builtin__\neval\n"
    + value(("0",))
    + b"R.",
    "a Python 2 module that moved": b"\x80\x02ccommands\ngetoutput\n" + TRUE + b"R.",
    "a name that is not ASCII": "csubprocess\nPopen\n0cmödel\ncläss\n)R.".encode(),
    "_reconstructor of Popen": (
        P2
        + name("copyreg", "_reconstructor")
        + name("subprocess", "Popen")
        + name("builtins", "object")
        + b"N\x87R."
    ),
    "NEXT_BUFFER between name and call": P5 + SYSTEM + b"\x97" + b"0" + TRUE + b"R.",
    "LONG4 that announces more than there is": P2 + SYSTEM + TRUE + b"R\x8b\xff\xff\xff\x7f.",
    "an integer in base sixteen": P2 + b"I0x10\n0" + SYSTEM + TRUE + b"R.",
    "a float nobody can read, after the call": P2 + SYSTEM + TRUE + b"RFnan(x)\n.",
}


def _big_front() -> bytes:
    """The call stands behind 3 MB of harmless numbers."""
    numbers = value([i % 251 for i in range(1_000_000)])
    return P2 + numbers + b"0" + SYSTEM + TRUE + REDUCE + STOP


def _deep() -> bytes:
    """The call stands inside 60,000 nested lists."""
    depth = 60_000
    return P2 + b"]" * depth + SYSTEM + TRUE + REDUCE + b"a" * depth + STOP


def _cycle() -> bytes:
    """The arguments hold themselves."""
    return P2 + SYSTEM + b"]q\x00h\x00a" + b"\x85R."


def _memo_bomb() -> bytes:
    """A memo key near the end of 32 bits."""
    return P2 + SYSTEM + TRUE + REDUCE + b"r\xff\xff\xff\x7f" + STOP


def _many_streams() -> bytes:
    """The call is the thousandth of a thousand streams."""
    return pickle.dumps(0) * 999 + command()


def _thrice_nested() -> bytes:
    """A pickle in a pickle in a pickle, each loaded by the next."""
    return call("pickle", "loads", call("pickle", "loads", command(), protocol=4), protocol=4)


def _inside_dict() -> bytes:
    """The call is one value of a state dict of many floats."""
    body = b"".join(value(f"layer.{i}") + value(0.5) for i in range(500))
    return P2 + b"}(" + body + value("bias") + inner(command()) + b"u."


_GROWN: dict[str, Callable[[], bytes]] = {
    "the call behind three megabytes": _big_front,
    "the call in sixty thousand lists": _deep,
    "arguments that hold themselves": _cycle,
    "a memo key near the end of 32 bits": _memo_bomb,
    "the thousandth stream": _many_streams,
    "pickles three deep": _thrice_nested,
    "one value of a state dict": _inside_dict,
}


# Loaders stop before the call.
_EXPECT = {
    "a frame that is too long": NOT_CLEAN,
    "a stream after one that breaks at once": NOT_CLEAN,
}
_DOES = "runs the call while it unpickles"

MECHANISMS: tuple[Sample, ...] = (
    *(
        Sample(title, "model.pkl", constant(data), _DOES, _EXPECT.get(title, MEDIUM))
        for title, data in _WAYS.items()
    ),
    *(Sample(title, "model.pkl", build, _DOES) for title, build in _GROWN.items()),
)
