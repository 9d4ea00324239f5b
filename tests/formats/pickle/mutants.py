# ruff: noqa: E501 -- each text stands as it does in the module
"""Bugs to plant in the reader, each of a kind that scanners of pickles have had.

A mutant is one change of the text of one module. The differential test has to catch all of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str


def _op(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "operations.py", old, new)


def _constant(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "constants.py", old, new)


def _fast(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "machine.py", old, new)


def _call(name: str, old: str, new: str) -> Mutant:
    return Mutant(name, "calls.py", old, new)


MUTANTS = [
    _op("stack-global-order", "    name = m.stack.pop()\n    module = m.stack.pop()\n",
        "    module = m.stack.pop()\n    name = m.stack.pop()\n"),
    _op("inst-wants-mark-first", "    module = constants.name(m)\n    name = constants.name(m)\n    found",
        "    if not m.marks:\n        raise DamagedError('no mark', m.op_at)\n"
        "    module = constants.name(m)\n    name = constants.name(m)\n    found"),
    _op("obj-is-no-call", 'calls.call(m, items[0], tuple(items[1:]), via="OBJ")', "items[0]"),
    _op("newobj-ex-order", "    kwargs = m.stack.pop()\n    args = m.stack.pop()\n",
        "    args = m.stack.pop()\n    kwargs = m.stack.pop()\n"),
    _op("pop-keeps-marks", "if m.marks and m.marks[-1] == len(m.stack):", "if False:"),
    _op("dup-of-nothing", "m.stack.append(m.stack[-1])", "m.stack.append(None)"),
    _op("newest-protocol-unknown", "proto > LATEST_PROTOCOL", "proto >= LATEST_PROTOCOL"),
    _op("append-calls-nothing", 'calls.method(m, target, "append", (items[0],))', "pass"),
    _op("extend-calls-nothing", '            calls.method(m, target, "extend", (items,))\n'
        "            calls.each", "            calls.each"),
    _op("appends-only-extends", 'calls.each(m, target, "append", [(item,) for item in items])',
        "pass"),
    _op("setitem-calls-nothing", "calls.assign(m, target, items)", "pass"),
    _op("additems-calls-nothing", 'calls.each(m, target, "add", [(item,) for item in items])',
        "pass"),
    _op("persid-not-counted", "m.persistent_count += 1", "pass"),
    _op("persid-makes-nothing", "    m.stack.append(m.persistent[-1])\n\n\ndef _ext",
        "    m.stack.append(None)\n\n\ndef _ext"),
    _op("ext-is-no-import", "m.stack.append(m.uses.resolve(known, via))", "m.stack.append(None)"),
    _op("ext4-is-two-bytes", '"EXT4": _ext(4)', '"EXT4": _ext(2)'),
    _op("readonly-buffer-pops", "def _readonly_buffer(m: Machine) -> None:\n    need(m, 1)",
        "def _readonly_buffer(m: Machine) -> None:\n    m.stack.pop()"),
    _op("memoize-counts-holes", "_put_at(m, m.memo.count)", "_put_at(m, len(m.memo.codes))"),
    _op("binput-ignores-index", "    _put_at(m, m.tape.byte())",
        "    m.tape.byte()\n    _put_at(m, m.memo.count)"),
    _op("memo-forgets-fresh", "m.memo.put(index, at if at >= 0 and top is value",
        "m.memo.put(index, at if at >= 0"),
    _op("frame-has-four-bytes", 'int.from_bytes(m.tape.take(8), "little")\n    if size >',
        'int.from_bytes(m.tape.take(4), "little")\n    if size >'),
    _op("tuple3-takes-two", '"TUPLE3": _tuple_of(3)', '"TUPLE3": _tuple_of(2)'),
    _op("build-pops-instance", "    calls.build(m, m.stack[-1], state)\n",
        "    calls.build(m, m.stack.pop(), state)\n    m.stack.append(None)\n"),
    _call("reduce-not-noted",
          "    identity = m.uses.call(callee, args, kind=UseKind.CALLED, at=m.op_at, via=via)\n",
          "    identity = 0\n"),
    _call("result-is-plain", "    return Call(callee, args, m.op_at, identity=identity)\n\n\ndef _known",
          "    return None\n\n\ndef _known"),
    _call("only-globals-are-called", "if not is_callable(callee) and not isinstance(callee, Summary)",
          "if not isinstance(callee, Global)"),
    _call("newobj-not-noted", "    identity = m.uses.call(cls, args, kwargs=kwargs, kind=UseKind.CONSTRUCTED, at=m.op_at, via=via)\n",
          "    identity = 0\n"),
    _call("build-calls-nothing", '    method(m, inst, "__setstate__", (state,))\n', ""),
    _call("set-attributes-not-called", "for hook in m.hooks.get(name, ()):", "for hook in ():"),
    _constant("names-are-ascii", 'text(m, at, size, "utf-8")', 'text(m, at, size, "ascii")'),
    _constant("no-hexadecimal", r"([+-]?)(?:0[xX]", r"([+-]?)(?:0[Q]"),
    _constant("nul-ends-no-number", 'whole.split(b"\\0", 1)[0]', "whole"),
    _constant("long-keeps-its-l", '.removesuffix("L")', ""),
    _constant("strings-keep-escapes", '    if b"\\\\" not in line:\n        return line',
              "    return line"),
    _constant("unicode-is-utf8", '.decode("raw-unicode-escape")', '.decode("utf-8")'),
    _constant("no-surrogates", 'return data.decode("utf-8", "surrogatepass")',
              'return data.decode("utf-8")'),
    _constant("binint2-is-signed-byte", '"BININT2": _fixed("<H")', '"BININT2": _fixed("<b")'),
    _constant("binbytes8-has-four-bytes", '"BINBYTES8": _counted("bytes", 8)',
              '"BINBYTES8": _counted("bytes", 4)'),
    _constant("short-string-is-long", '"SHORT_BINSTRING": _counted("latin", 1)',
              '"SHORT_BINSTRING": _counted("latin", 4)'),
    Mutant("frames-are-honest", "streams.py",
           "pending += alternatives(choices, machine.tape.crossings, READINGS)", "pass"),
    Mutant("frames-always-count", "tape.py",
           "if index < len(self._choices) and self._choices[index]:", "if True:"),
    Mutant("line-needs-newline", "tape.py", "stop = self.end if newline < 0 else newline + 1",
           "if newline < 0:\n                raise DamagedError('no newline', self.at)\n"
           "            stop = newline + 1"),
    _fast("fast-tuple2-order", "value = (pop(), value)", "value = (value, pop())"),
    _fast("fast-put-ignores-index", "elif after == 0x71 and data[pos + 1] == len(codes):",
          "elif after == 0x71:"),
    _fast("fast-string-put-ignores-index",
          "                elif after == 0x71 and data[stop + 1] == len(codes):  # BINPUT\n",
          "                elif after == 0x71:  # BINPUT\n"),
    _fast("fast-memoize-ignores-holes", "            if after == 0x94 and plain:\n                pos += 1",
          "            if after == 0x94:\n                pos += 1"),
    _fast("fast-binint-unsigned-short", "                pos += 5\n                continue\n"
          "            elif op == 0x47", "                pos += 3\n                continue\n"
          "            elif op == 0x47"),
    _fast("fast-tuple-keeps-mark", "                mark = marks.pop()\n                fence = marks",
          "                mark = marks[-1]\n                fence = marks"),
    _fast("fast-append-ignores-type", "                value = stack[-2]\n                if type(value) is not "
          "list:\n                    break\n", "                value = []\n"),
    _fast("fast-result-memoised-as-nothing", "code = HOLE  # is never stored: there is room", "value = None"),
    _fast("fast-calls-nothing", "operations.TABLE[op](self)\n", "stack.pop()\n"),
    _fast("fast-setitems-ignores-type", "if type(value) is not dict or len(value) >= PIECES:\n"
          "                    break\n                if size:",
          "if type(value) is not dict:\n                    value = {}\n                if size:"),
]  # fmt: skip
