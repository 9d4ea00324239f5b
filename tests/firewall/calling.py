"""gRPC of the Open Inference Protocol: messages written by hand, a small real server, a client."""

from __future__ import annotations

import asyncio
import re
import struct
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import grpc.aio

SERVICE = "/inference.GRPCInferenceService/"
WIDTH = 12


def varint(value):
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        if not value:
            return out + bytes([low])
        out += bytes([low | 0x80])


def whole(number, value):
    return varint(number << 3) + varint(value % (1 << 64))


def sized(number, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def packed(number, form, values):
    return sized(number, struct.pack(f"<{len(values)}{form}", *values))


def tensor_of(rows=None, *, name="x", datatype="FP32", shape=None, contents=None, more=b""):
    """Return one tensor; with rows and no contents its values are typed float32."""
    out = sized(1, name) + sized(2, datatype)
    shape = [len(rows), WIDTH] if shape is None else shape
    out += sized(3, b"".join(varint(size % (1 << 64)) for size in shape))
    if contents is None and rows is not None:
        contents = packed(6, "f", [float(v) for row in rows for v in row])
    return out + (b"" if contents is None else sized(5, contents)) + more


def raw_of(rows):
    return struct.pack(f"<{len(rows) * WIDTH}f", *(float(v) for row in rows for v in row))


def request(*tensors, model="m", raw=(), ident="", version="", more=b""):
    out = sized(1, model) + (sized(2, version) if version else b"")
    out += sized(3, ident) if ident else b""
    out += b"".join(sized(5, tensor) for tensor in tensors)
    return out + b"".join(sized(7, part) for part in raw) + more


def fields(data):
    """Return the fields of a message; an independent reader, of what is well formed only."""
    at, found = 0, []

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        wire = tag & 7
        if wire == 0:
            found.append((tag >> 3, number()))
        else:
            size = {1: 8, 5: 4}.get(wire) or number()
            found.append((tag >> 3, data[at : at + size]))
            at += size
    return found


def first(data, number, default=b""):
    return next((value for key, value in fields(data) if key == number), default)


def sums_in(message):
    """Return the sums of the rows that a request asks for, as a server computes them."""
    tensor = first(message, 5)
    values = first(message, 7) or first(first(tensor, 5), 6)
    numbers = struct.unpack(f"<{len(values) // 4}f", values)
    return [sum(numbers[at : at + WIDTH]) for at in range(0, len(numbers), WIDTH)]


def answer_to(message):
    sums = sums_in(message)
    output = sized(1, "s") + sized(2, "FP64") + sized(3, varint(len(sums)))
    return (
        sized(1, "m")
        + sized(2, "1")
        + sized(5, output)
        + sized(6, struct.pack(f"<{len(sums)}d", *sums))
    )


@dataclass
class Model:
    """A gRPC server that answers the sum of each row, and remembers what reached it."""

    port: int = 0
    seen: list = field(default_factory=list)
    mode: str = "good"
    seconds: float = 5.0

    async def answer(self, method, message, context):
        self.seen.append((method, message, dict(context.invocation_metadata())))
        if self.mode == "slow":
            await asyncio.sleep(self.seconds)
        if self.mode == "garbage":
            return b"\xff\xff\xff no message"
        if self.mode == "short":  # raw contents that are not of the shape
            output = sized(1, "s") + sized(2, "FP64") + sized(3, varint(3))
            return sized(5, output) + sized(6, b"\0" * 8)
        if self.mode == "broken":
            raise RuntimeError("a secret of the server")
        if self.mode == "refusing":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such version")
        if not method.endswith("ModelInfer"):
            return whole(1, 1) if method.endswith(("Live", "Ready")) else sized(1, "m")
        return answer_to(message)


@contextmanager
def served(credentials=None):
    """Run a server of `grpc.aio` in a thread; encrypted with credentials."""
    state, ready, loop = Model(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            async def handle(message, context):
                return await state.answer(details.method, message, context)

            return grpc.unary_unary_rpc_method_handler(handle)

    async def run():
        server = grpc.aio.server(
            handlers=(Handler(),), options=(("grpc.max_receive_message_length", 64 << 20),)
        )
        if credentials is None:
            state.port = server.add_insecure_port("127.0.0.1:0")
        else:
            state.port = server.add_secure_port("127.0.0.1:0", credentials)
        await server.start()
        ready.set()
        await stop.wait()
        await server.stop(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield state
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@dataclass
class Answer:
    code: str
    said: str
    trailing: dict
    message: bytes

    @property
    def refused(self):
        return self.trailing.get("x-modelwarden") == "refused"


class Client:
    """Calls one port."""

    def __init__(self, port, credentials=None):
        place, options = f"127.0.0.1:{port}", [("grpc.max_send_message_length", -1)]
        self.channel = (
            grpc.insecure_channel(place, options)
            if credentials is None
            else grpc.secure_channel(place, credentials, options)
        )

    def ask(self, message, method="ModelInfer", timeout=20, compression=None, **metadata):
        path = method if method.startswith("/") else SERVICE + method
        call = self.channel.unary_unary(path)
        given = [(key.replace("_", "-"), value) for key, value in metadata.items()]
        try:
            answer, done = call.with_call(
                message, timeout=timeout, metadata=given, compression=compression
            )
        except grpc.RpcError as error:
            return Answer(error.code().name, error.details(), dict(error.trailing_metadata()), b"")
        return Answer("OK", "", dict(done.trailing_metadata()), answer)


def port_of(wall):
    """Return where a firewall serves gRPC."""
    line = wall.process.stderr.readline()
    found = re.search(r"listening at grpc://127\.0\.0\.1:(\d+)", line)
    assert found, line
    return int(found[1])


def over_grpc(upstream):
    """Return the arguments for a server at a port of this machine, or at an address."""
    server = f"127.0.0.1:{upstream}" if isinstance(upstream, int) else upstream
    return ("--grpc-listen", "127.0.0.1:0", "--grpc-upstream", server)
