"""The 68 opcodes of the pickle protocols 0 to 5.

Source: CPython's `Lib/pickle.py` (the constants) and `Modules/_pickle.c` (what they read).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from modelwarden.core.values import dataclass


class Argument(StrEnum):
    """What stands behind an opcode's byte."""

    NONE = ""
    LINE = "line"
    LINES = "two lines"
    U1 = "1 byte"
    U2 = "2 bytes"
    U4 = "4 bytes"
    U8 = "8 bytes"
    COUNTED1 = "1 byte of length and as many bytes"
    COUNTED4 = "4 bytes of length and as many bytes"
    COUNTED8 = "8 bytes of length and as many bytes"


@dataclass(frozen=True, slots=True)
class Opcode:
    """One opcode; `empty` tells whether it can work on an empty stack."""

    name: str
    code: int
    argument: Argument
    empty: bool


def _table() -> dict[int, Opcode]:
    rows = {
        Argument.NONE: (
            "(MARK .STOP 0POP 1POP_MARK 2DUP NNONE QBINPERSID RREDUCE bBUILD aAPPEND dDICT "
            "}EMPTY_DICT eAPPENDS lLIST ]EMPTY_LIST oOBJ sSETITEM tTUPLE )EMPTY_TUPLE uSETITEMS "
            "\x81NEWOBJ \x85TUPLE1 \x86TUPLE2 \x87TUPLE3 \x88NEWTRUE \x89NEWFALSE "
            "\x8fEMPTY_SET \x90ADDITEMS \x91FROZENSET \x92NEWOBJ_EX \x93STACK_GLOBAL \x94MEMOIZE "
            "\x97NEXT_BUFFER \x98READONLY_BUFFER"
        ),
        Argument.LINE: "FFLOAT IINT LLONG PPERSID SSTRING VUNICODE gGET pPUT",
        Argument.LINES: "cGLOBAL iINST",
        Argument.U1: "KBININT1 hBINGET qBINPUT \x80PROTO \x82EXT1",
        Argument.U2: "MBININT2 \x83EXT2",
        Argument.U4: "JBININT jLONG_BINGET rLONG_BINPUT \x84EXT4",
        Argument.U8: "GBINFLOAT \x95FRAME",
        Argument.COUNTED1: "USHORT_BINSTRING CSHORT_BINBYTES \x8aLONG1 \x8cSHORT_BINUNICODE",
        Argument.COUNTED4: "TBINSTRING XBINUNICODE BBINBYTES \x8bLONG4",
        Argument.COUNTED8: "\x8dBINUNICODE8 \x8eBINBYTES8 \x96BYTEARRAY8",
    }
    empty = set("(NF ILPSV}])cKMJG".replace(" ", "")) | set("UCTXB")
    empty |= set("\x80\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96\x97")
    return {
        ord(word[0]): Opcode(word[1:], ord(word[0]), argument, word[0] in empty)
        for argument, words in rows.items()
        for word in words.split(" ")
    }


OPCODES: Final = _table()
STARTERS: Final = frozenset(code for code, opcode in OPCODES.items() if opcode.empty)
LATEST_PROTOCOL: Final = 5
