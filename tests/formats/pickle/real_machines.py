"""Runs CPython's real unpicklers on streams, with a `find_class` that imports nothing.

A program of its own, so that a stream that wants gigabytes or hangs ends here. Streams come in on
stdin, each behind its length in four bytes; one JSON line of events goes out for each. An event is
`[kind, module, name, depth, method, rendered]`: what was imported (`global`), called (`call`),
made (`new`), or called as a method (`method`), and how many calls lie between the imported thing
and this one. `rendered` is the call as the reader shows it, or null when it holds anything whose
text depends on more than the stream.
"""

import copyreg
import io
import json
import pickle
import resource
import signal
import struct
import sys
import warnings

EXTENSIONS = (7, 300, 70_000)
HOOKS = {"__setstate__", "append", "extend", "add"}
FOLDED = {"_codecs", "codecs", "base64", "binascii"}
MEMORY = 640 << 20
SECONDS = 5


class RefusedError(Exception):
    """The inert world ends here."""


class Label:
    """What an inert object stands for."""

    def __init__(self, module, name, depth, text):
        self.module, self.name, self.depth, self.text = module, name, depth, text


class Recorder:
    """Events of one run."""

    def __init__(self):
        self.events = []

    def note(self, kind, label, method, args, kwargs=None):
        if len(self.events) > 4000:
            raise RefusedError
        text = None
        shown = [show(arg) for arg in args] if isinstance(args, tuple) else [None]
        if label.text is not None and not kwargs and None not in shown:
            called = label.text if method is None else f"{label.text}.{method}"
            text = f"{called}({', '.join(shown)})"
        self.events.append([kind, label.module, label.name, label.depth, method, text])
        if label.module in FOLDED or (label.module == "copyreg" and kind == "call"):
            raise RefusedError
        return text


def show(value, room=12):
    """Return the text of an argument as the reader renders it, or None when it cannot tell."""
    kind = type(value)
    if value is None or kind in (bool, int, bytes, str):
        if kind in (bytes, str) and len(value) > 100:
            return None
        return ascii(value)
    if isinstance(value, Meta | Inert):
        return value.label.text
    if kind in (tuple, list) and len(value) < 20 and room:
        parts = [show(part, room - 1) for part in value]
        if None in parts:
            return None
        inner = ", ".join(parts)
        if kind is list:
            return f"[{inner}]"
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    return None


RECORDER = Recorder()


class Meta(type):
    """Inert classes: calling one is noted, and makes an inert object."""

    def __call__(cls, *args, **kwargs):
        text = RECORDER.note("call", cls.label, None, args, kwargs)
        return thing(Label(cls.label.module, cls.label.name, cls.label.depth + 1, text))

    def __setattr__(cls, name, value):
        raise AttributeError(name)

    def append(cls, value):
        RECORDER.note("method", cls.label, "append", (value,))

    def extend(cls, values):
        RECORDER.note("method", cls.label, "extend", (values,))

    def add(cls, value):
        RECORDER.note("method", cls.label, "add", (value,))

    def __setitem__(cls, key, value):
        RECORDER.note("method", cls.label, "__setitem__", (key, value))


class Inert:
    """Inert objects without methods of their own; what the stream sets on them is called."""

    __slots__ = ("__dict__", "label")

    def __call__(self, *args, **kwargs):
        text = RECORDER.note("call", self.label, None, args, kwargs)
        return thing(Label(self.label.module, self.label.name, self.label.depth + 1, text))

    def __new__(cls, *args, **kwargs):
        if isinstance(cls, Inert):  # Python's machine: NEWOBJ of something that is no class
            return made(cls.label, args, kwargs)
        return object.__new__(cls)

    def __setattr__(self, name, value):
        if name not in HOOKS:
            raise AttributeError(name)
        object.__getattribute__(self, "__dict__")[name] = value

    def __getattribute__(self, name):
        # What the stream stores in `__dict__` shadows methods, as on any object.
        own = object.__getattribute__(self, "__dict__")
        if name in own and name != "label":
            return own[name]
        return object.__getattribute__(self, name)


class Full(Inert):
    """Inert objects with every method that an opcode looks up."""

    def __setstate__(self, state):
        RECORDER.note("method", self.label, "__setstate__", (state,))

    def append(self, value):
        RECORDER.note("method", self.label, "append", (value,))

    def add(self, value):
        RECORDER.note("method", self.label, "add", (value,))

    def __setitem__(self, key, value):
        RECORDER.note("method", self.label, "__setitem__", (key, value))


class Extending(Full):
    """The same with `extend`."""

    def extend(self, values):
        RECORDER.note("method", self.label, "extend", (values,))


def made(label, args, kwargs):
    text = RECORDER.note("new", label, None, args, kwargs)
    return thing(Label(label.module, label.name, label.depth + 1, text), instance=True)


def thing(label, *, instance=False):
    """Return an inert class or object; the name decides which, so that streams can choose."""
    choice = sum(map(ord, label.name)) % 4
    if choice == 3 and not instance:

        def new(cls, *args, **kwargs):
            return made(label, args, kwargs)

        return type.__new__(Meta, "C", (), {"label": label, "__new__": new})
    result = object.__new__((Inert, Full, Extending, Extending)[choice])
    Inert.label.__set__(result, label)
    return result


class Machine:
    """Mixed into every unpickler."""

    def find_class(self, module, name):
        if module == "":
            raise ImportError(module)
        label = Label(module, name, 0, ascii(f"{module}.{name}")[1:-1])
        if module == "__extension__":
            label = Label("", f"<extension {name} of copyreg>", 0, None)
        RECORDER.events.append(["global", label.module, label.name, 0, None, None])
        found = KNOWN.get((module, name))
        if found is None:
            found = KNOWN[module, name] = thing(label)
        return found

    def persistent_load(self, pid):
        label = Label("", "<an object that the loader provides>", 0, None)
        shown = show(pid)
        label.text = None if shown is None else f"persistent_load({shown})"
        RECORDER.events.append(["persistent", "", "", 0, None, label.text])
        return thing(label, instance=True)


class CMachine(Machine, pickle.Unpickler):
    """`_pickle.c`."""


class PythonMachine(Machine, pickle._Unpickler):
    """`pickle.py`."""


KNOWN = {}


def runs(data):
    yield CMachine(io.BytesIO(data))
    yield CMachine(io.BufferedReader(io.BytesIO(data), max(len(data), 1)))
    yield CMachine(io.BufferedReader(io.BytesIO(data), 24))
    yield PythonMachine(io.BytesIO(data))


def events_of(data):
    """Return the events of each machine, and whether it reached STOP."""
    global RECORDER
    results = []
    for machine in runs(data):
        RECORDER = Recorder()
        KNOWN.clear()
        copyreg.clear_extension_cache()
        for code in EXTENSIONS:
            copyreg._inverted_registry[code] = ("__extension__", str(code))
        finished = False
        try:
            machine.load()
            finished = True
        except Hung:
            raise
        except BaseException:  # noqa: BLE001 -- whatever a hostile stream makes it raise
            pass
        results.append([RECORDER.events, finished])
        machine = None
    return results


class Hung(BaseException):
    """One stream took too long."""


def _alarm(number, frame):
    raise Hung


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _alarm)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while header := source.read(4):
        data = source.read(struct.unpack("<I", header)[0])
        signal.alarm(SECONDS)
        try:
            results = events_of(data)
        except Hung:
            results = []
        signal.alarm(0)
        sink.write(json.dumps(results).encode() + b"\n")
        sink.flush()


if __name__ == "__main__":
    main()
