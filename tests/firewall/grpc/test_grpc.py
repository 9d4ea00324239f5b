"""gRPC through the real command: decisions are those of REST, and nothing else arrives."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import grpc
import grpc.aio
import numpy as np
import pytest

from cli.command import command
from firewall.calling import (
    SERVICE,
    WIDTH,
    Client,
    fields,
    over_grpc,
    packed,
    port_of,
    raw_of,
    request,
    served,
    sized,
    tensor_of,
    varint,
    whole,
)
from firewall.profiles import tensor, texts, vectors
from firewall.serving import alerts, firewall, model
from firewall.test_service import certificate
from modelwarden.firewall import Meta, Protocol, dumped, profile_of
from modelwarden.firewall.wire import MessageError
from modelwarden.ledger import entries

CONFIG = "[firewall]\nclient_header = 'X-Client'\nwatch_seconds = 0.2\nupstream_seconds = 1.0\n"
CODES = {
    200: "OK", 400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    413: "RESOURCE_EXHAUSTED", 429: "RESOURCE_EXHAUSTED",
}  # fmt: skip


def counted():
    """Return the profile of a model of whole numbers."""
    meta = Meta(name="i", protocol=Protocol.OIP, input="x", datatype="INT64", low=0, high=100)
    rows = (vectors() * 100).astype(np.int64)
    return profile_of(rows, meta, digest="sha256:0", version="1")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wall")
    for name, profile in (("profile", tensor()), ("texts", texts()), ("counted", counted())):
        (folder / f"{name}.json").write_bytes(dumped(profile))
    (folder / "c.toml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def enforcing(place):
    """A firewall in enforce mode that tests of single calls share."""
    arguments = ("--mode", "enforce", "--alerts", "alerts", "--config", "c.toml")
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        yield server, Client(port_of(wall)), wall


def kept(ledger):
    return [json.loads(entry.body) for entry in entries(ledger) if not entry.own]


def rows_of(number=0, count=3):
    return vectors(count, seed=300 + number).astype(np.float32).tolist()


# one way in and the other ------------------------------------------------------------------------


class Case:
    """One request, as REST and as gRPC have it."""

    def __init__(self, data, shape=None, *, name="x", datatype="FP32", model="m", raw=False,
                 ident="", version="", parameters=(), outputs=(), twice=False):  # fmt: skip
        self.data, self.datatype, self.name, self.raw = data, datatype, name, raw
        self.shape = [len(data) // WIDTH, WIDTH] if shape is None else shape
        self.model, self.ident, self.version = model, ident, version
        self.parameters, self.outputs, self.twice = parameters, outputs, twice

    def path(self):
        version = f"/versions/{self.version}" if self.version else ""
        return f"/v2/models/{self.model}{version}/infer"

    def rest(self):
        entry = {"name": self.name, "shape": self.shape, "datatype": self.datatype}
        data = [d.decode("utf-8", "surrogateescape") if isinstance(d, bytes) else d
                for d in self.data]  # fmt: skip
        entry["data"] = data
        document = {"inputs": [] if self.data is NONE else [entry] * (1 + self.twice)}
        if self.ident:
            document["id"] = self.ident
        if self.parameters:
            document["parameters"] = dict(self.parameters)
        if self.outputs:
            document["outputs"] = [{"name": name} for name in self.outputs]
        text = json.dumps(document, ensure_ascii=False)
        return text.encode("utf-8", "surrogateescape")

    def grpc(self):
        more = b"".join(
            sized(4, sized(1, key) + sized(2, whole(2, v) if isinstance(v, int) else sized(3, v)))
            for key, v in self.parameters
        )
        more += b"".join(sized(6, sized(1, name)) for name in self.outputs)
        rest = {"model": self.model, "ident": self.ident, "version": self.version, "more": more}
        if self.data is NONE:
            return request(**rest)
        about = {"name": self.name, "datatype": self.datatype, "shape": self.shape}
        if self.raw:
            one = tensor_of(**about)
            return request(*[one] * (1 + self.twice), raw=[self._raw()] * (1 + self.twice), **rest)
        return request(*[tensor_of(contents=self._typed(), **about)] * (1 + self.twice), **rest)

    def _raw(self):
        if self.datatype == "BYTES":
            return b"".join(struct.pack("<I", len(d)) + d for d in self.data)
        form = {"INT64": "q", "FP64": "d"}.get(self.datatype, "f")
        return struct.pack(f"<{len(self.data)}{form}", *self.data)

    def _typed(self):
        if self.datatype == "BYTES":
            return b"".join(sized(8, d) for d in self.data)
        if self.datatype in ("INT64", "INT32"):
            number = 3 if self.datatype == "INT64" else 2
            return sized(number, b"".join(varint(d % 2**64) for d in self.data))
        if self.datatype == "FP64":
            return packed(7, "d", self.data)
        return packed(6, "f", self.data)


NONE = []


def flat(rows):
    return [value for row in rows for value in row]


def with_value(value, **more):
    data = flat(rows_of(1))
    data[5] = value
    return Case(data, **more)


WHOLE = (vectors(2, seed=5) * 100).astype(np.int64).ravel().tolist()
LONGER = flat(rows_of(3, 1100))
CASES = {
    "in order": Case(flat(rows_of())),
    "in order, raw": Case(flat(rows_of(1)), raw=True),
    "in order, of a version": Case(flat(rows_of(2)), version="7"),
    "in order, an id": Case(flat(rows_of(3)), ident="abc-1"),
    "in order, parameters": Case(flat(rows_of(4)), parameters=[("a", 1), ("b", "c")]),
    "in order, an output named": Case(flat(rows_of(5)), outputs=["s"]),
    "in order, whole numbers": Case(WHOLE, datatype="INT64", model="i"),
    "in order, whole numbers raw": Case(WHOLE[:12], datatype="INT64", model="i", raw=True),
    "in order, a text": Case([b"the food was good"], [1], datatype="BYTES", model="t", name="text"),
    "out of range": with_value(9.0),
    "out of range, raw": with_value(-0.5, raw=True),
    "no number": with_value(float("nan")),
    "no number, raw": with_value(float("nan"), raw=True),
    "infinite": with_value(float("inf")),
    "infinite, raw": with_value(float("-inf"), raw=True),
    "abnormal": Case([0.0, 1.0] * 18, raw=True),
    "another name": Case(flat(rows_of()), name="y"),
    "no input": Case(NONE),
    "an input twice": Case(flat(rows_of()), twice=True),
    "another datatype": Case(flat(rows_of()), datatype="FP64"),
    "no datatype": Case([], [1, 12], datatype=""),
    "a datatype of its own": Case([], [1, 12], datatype="FP7"),
    "another shape": Case(flat(rows_of()), [4, 9]),
    "fewer values": Case(flat(rows_of())[:-1], [3, 12]),
    "more values, raw": Case(flat(rows_of()), [2, 12], raw=True),
    "a shape below zero": Case(flat(rows_of()), [-3, -12]),
    "a huge shape": Case(flat(rows_of()), [1 << 39, 1 << 39]),
    "a shape beyond its bound": Case(flat(rows_of()), [1 << 62, 12]),
    "no shape": Case(flat(rows_of()), []),
    "seventeen axes": Case(flat(rows_of()), [1] * 15 + [3, 12]),
    "no rows": Case([], [0, 12]),
    "too many rows": Case(LONGER, raw=True),
    "another model": Case(flat(rows_of()), model="other"),
    "an id with a line feed": Case(flat(rows_of()), ident="a\nb"),
    "a long id": Case(flat(rows_of()), ident="a" * 300),
    "a parameter with an escape": Case(flat(rows_of()), parameters=[("a", "\x1b[2J")]),
    "shared memory": Case(flat(rows_of()), parameters=[("shared_memory_region", "r")]),
    "too many parameters": Case(flat(rows_of()), parameters=[(f"k{i}", i) for i in range(17)]),
    "an output with no plain name": Case(flat(rows_of()), outputs=["a\0"]),
    "too many outputs": Case(flat(rows_of()), outputs=["s"] * 65),
    "whole numbers out of range": Case([101] * 12, datatype="INT64", model="i"),
    "whole numbers of another width": Case(WHOLE, datatype="INT32", model="i"),
    "a text too long": Case([b"a " * 40_000], [1], datatype="BYTES", model="t", name="text"),
    "a text with what nobody sees": Case(
        ["good\u200b\u2060\u200b food\U000e0041".encode()] * 2, [2], datatype="BYTES", model="t",
        name="text", raw=True,
    ),
    "no text": Case([b"\xff\xfe"], [1], datatype="BYTES", model="t", name="text"),
    "no text, raw": Case(
        [b"\xed\xa0\x80"], [1], datatype="BYTES", model="t", name="text", raw=True
    ),
}  # fmt: skip


def test_rest_and_grpc_decide_alike(place, tmp_path):
    arguments = ("--mode", "enforce", "--ledger", str(tmp_path / "ledger"), "--config", "c.toml",
                 "--profile", "texts.json", "--profile", "counted.json")  # fmt: skip
    statuses = {}
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        client = Client(port_of(wall))
        plain.answer = lambda *_: b"{}"
        for number, (name, case) in enumerate(CASES.items()):
            status, headers, _ = wall.ask(
                case.rest(), case.path(), X_Client=f"rest-{number}", X_Request_Id=f"rest-{number}"
            )
            before = len(server.seen)
            answer = client.ask(
                case.grpc(), x_client=f"grpc-{number}", x_request_id=f"grpc-{number}"
            )
            assert answer.refused == (headers.get("x-modelwarden") == "refused"), name
            assert len(server.seen) - before == (not answer.refused), name
            if answer.refused:
                assert (answer.code, answer.said) == (CODES[status], "the request was refused"), (
                    name
                )
            statuses[number] = status
        assert wall.end() == 0

    decided = {}
    for entry in kept(tmp_path / "ledger"):
        if entry["kind"] == "request":
            way, _, number = entry["request_id"].partition("-")
            found = tuple(
                entry[k] for k in ("model", "decision", "rule", "rows", "score", "detail")
            )
            decided.setdefault(int(number), {})[way] = found
    assert len(decided) == len(CASES) >= 40
    for number, name in enumerate(CASES):
        # Rows that are out of range are shown with the number of bytes in REST's own form.
        assert decided[number]["grpc"][:5] == decided[number]["rest"][:5], (name, decided[number])
        good = name.startswith("in order")
        assert (decided[number]["grpc"][1] == "allow") == good, (name, decided[number])
    rules = {found["grpc"][2] for found in decided.values()}
    assert rules > {"finite", "range", "schema", "shape", "type", "size", "syntax", "abnormal"}


def test_an_answer_comes_back_as_it_would_have_come(enforcing):
    server, client, _ = enforcing
    direct = Client(server.port)
    for number in range(10):
        rows = rows_of(20 + number, 1 + number)
        for message in (
            request(tensor_of(rows), ident=f"r{number}"),
            request(tensor_of(shape=[len(rows), WIDTH]), raw=[raw_of(rows)]),
        ):
            answer = client.ask(message, x_client=f"same-{number}")
            assert (answer.code, answer.message) == ("OK", direct.ask(message).message)
            # What the server was sent says the same, though it was written anew.
            assert sorted(fields(server.seen[-2][1])) == sorted(fields(message))


# what is no message ------------------------------------------------------------------------------

GOOD = request(tensor_of(rows_of()))
RAW = request(tensor_of(shape=[3, 12]), raw=[raw_of(rows_of())])
INPUT = tensor_of(rows_of())
DATA = raw_of(rows_of())


def typed(number, data, datatype="FP32", shape=(3, 12)):
    return request(tensor_of(shape=list(shape), datatype=datatype, contents=sized(number, data)))


def parameter(value, key="a"):
    return request(INPUT, more=sized(4, sized(1, key) + value))


def text(raw, shape=(1,)):
    return request(
        tensor_of(name="text", datatype="BYTES", shape=list(shape)), model="t", raw=[raw]
    )


MALFORMED = {
    "bytes": b"\xff",
    "JSON": b'{"inputs": []}',
    "a tag of zero": b"\x00" + GOOD,
    "a tag of 33 bits": b"\x88\x80\x80\x80\x80\x01\x00" + GOOD,
    "a wire type of 6": b"\x0e" + GOOD,
    "a wire type of 7": b"\x0f" + GOOD,
    "a varint without an end": GOOD + b"\x1a\xff\xff",
    "a length beyond the end": GOOD + b"\x1a\x7fabc",
    "a length of 64 bits": GOOD + b"\x1a" + b"\xff" * 9 + b"\x01",
    "cut": GOOD[:-3],
    "a group": GOOD + b"\x4b\x4c",
    "a group that is not closed": GOOD + b"\x4b",
    "a group's end": GOOD + b"\x4c",
    "an unknown field": GOOD + sized(9, "x"),
    "an unknown field of a tensor": request(INPUT + sized(6, "x")),
    "an unknown field of contents": typed(9, DATA),
    "an unknown field of a parameter": parameter(sized(2, sized(6, "x"))),
    "model_name twice": GOOD + sized(1, "m"),
    "model_name twice, another one": sized(1, "other") + GOOD,
    "id twice": request(INPUT, ident="a") + sized(3, "b"),
    "name twice": request(INPUT + sized(1, "x")),
    "datatype twice": request(INPUT + sized(2, "FP32")),
    "contents twice": request(INPUT + sized(5, packed(6, "f", [0.5]))),
    "model_name as a number": whole(1, 1) + GOOD[3:],
    "inputs as a number": GOOD + whole(5, 1),
    "contents as a number": request(tensor_of(shape=[1, 12]) + whole(5, 1)),
    "shape as fixed32": request(sized(1, "x") + sized(2, "FP32") + b"\x1d\x03\0\0\0"),
    "shape with an open varint": request(sized(1, "x") + sized(2, "FP32") + sized(3, b"\x83")),
    "a name that is no text": request(sized(1, b"\xff") + INPUT[3:]),
    "an id that is no text": GOOD + sized(3, b"\xc3\x28"),
    "typed and raw": GOOD + sized(7, DATA),
    "raw for one of two": request(tensor_of(shape=[3, 12]), tensor_of(shape=[3, 12]), raw=[DATA]),
    "two raw for one": RAW + sized(7, DATA),
    "raw for none": request(raw=[DATA]),
    "raw with a cut number": RAW[:-146] + sized(7, DATA[:-1]),
    "typed with a cut number": typed(6, DATA[:-1]),
    "contents of two kinds": request(
        tensor_of(
            shape=[3, 12], contents=packed(6, "f", flat(rows_of())) + packed(7, "d", [0.5] * 36)
        )
    ),
    "contents of another kind": typed(7, struct.pack("<36d", *flat(rows_of()))),
    "whole contents for FP32": typed(3, b"\x01" * 36),
    "INT8 beyond its width": typed(2, varint(300) * 36, "INT8"),
    "int32 beyond its width": typed(2, varint(1 << 40) * 36, "INT32"),
    "uint32 below zero": typed(4, varint(2**64 - 1) * 36, "UINT32"),
    "a varint of 65 bits": typed(3, (b"\xff" * 9 + b"\x02") * 36, "INT64"),
    "a bool of two": typed(1, b"\x02" * 36, "BOOL"),
    "a raw bool of two": request(tensor_of(datatype="BOOL", shape=[3, 12]), raw=[b"\x02" * 36]),
    "a text's length beyond the end": text(b"\xff\xff\xff\xffabc"),
    "a text's length cut": text(b"\x01\0\0"),
    "a text cut": text(b"\x05\0\0\0good"),
    "a parameter without a value": parameter(b""),
    "a parameter of no kind": parameter(sized(2, b"")),
    "a parameter of two kinds": parameter(sized(2, whole(1, 1) + whole(2, 1))),
    "a parameter twice": request(
        INPUT, more=2 * sized(4, sized(1, "a") + sized(2, whole(2, 1)))
    ),
    "a parameter's key twice": parameter(sized(1, "a") + sized(2, whole(2, 1))),
    "a million fields": request(sized(1, "x") + whole(3, 1) * 200_000),
}  # fmt: skip


def test_what_two_servers_could_read_differently_never_arrives_in_any_mode(place):
    arguments = ("--mode", "observe", "--profile", "texts.json", "--alerts", "malformed")
    assert len(MALFORMED) >= 50
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        client = Client(port_of(wall))
        wrong = {}
        for name, message in MALFORMED.items():
            answer = client.ask(message)
            if (answer.code, answer.refused) != ("INVALID_ARGUMENT", True):
                wrong[name] = answer
        for method, message in (
            ("ServerLive", b"\x08\x01"),
            ("ServerMetadata", sized(1, "x")),
            ("ModelReady", sized(1, "m") + sized(1, "other")),
            ("ModelMetadata", sized(1, "m") + whole(2, 1)),
        ):
            assert client.ask(message, method).refused, method
        assert wrong == {}
        assert server.seen == []
        assert client.ask(GOOD).code == "OK"  # an honest client is served as before
    told = alerts(place / "malformed")
    assert [alert["rule"] for alert in told] == ["grpc"] * (len(MALFORMED) + 4)


def test_random_and_mutated_messages_never_arrive_unless_they_parse(enforcing):
    server, client, wall = enforcing
    rng, sent, known = random.Random(4), 0, len(server.seen)
    for number in range(250):
        message = bytearray(rng.choice((GOOD, RAW)) if number % 5 else rng.randbytes(40))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(message))
            if rng.random() < 0.6:
                message[at] = rng.randrange(256)
            else:
                message[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 4))
        answer = client.ask(bytes(message), x_client=f"random-{number}")
        assert answer.code == "OK" or answer.refused, (bytes(message), answer)
        sent += answer.code == "OK"
    assert len(server.seen) - known == sent
    assert 0 < sent < 200
    from modelwarden.firewall.grpc.messages import INFER, asked

    for method, message, _ in server.seen[known:]:
        try:
            assert asked(method, message, 1 << 20, 1 << 16).onward == message
        except MessageError as error:
            raise AssertionError(message) from error
        assert method == INFER
    assert wall.process.poll() is None


def test_other_methods_and_other_models_are_refused(enforcing):
    server, client, _ = enforcing
    for method, message in (
        ("ServerLive", b""), ("ServerReady", b""), ("ServerMetadata", b""),
        ("ModelReady", sized(1, "m")), ("ModelMetadata", sized(1, "m") + sized(2, "1")),
    ):  # fmt: skip
        before = len(server.seen)
        assert client.ask(message, method).code == "OK", method
        assert server.seen[before][:2] == (SERVICE + method, message)
    before = len(server.seen)
    for method, message, code in (
        ("ModelReady", sized(1, "other"), "NOT_FOUND"),
        ("ModelMetadata", b"", "NOT_FOUND"),
        ("ModelStreamInfer", GOOD, "UNIMPLEMENTED"),
        ("RepositoryModelLoad", sized(2, "m"), "UNIMPLEMENTED"),
        ("RepositoryIndex", b"", "UNIMPLEMENTED"),
        ("TraceSetting", b"", "UNIMPLEMENTED"),
        ("modelinfer", GOOD, "UNIMPLEMENTED"),
        ("/tensorflow.serving.PredictionService/Predict", b"", "UNIMPLEMENTED"),
        ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b"", "UNIMPLEMENTED"),
        ("/grpc.health.v1.Health/Check", b"", "UNIMPLEMENTED"),
    ):
        answer = client.ask(message, method)
        assert (answer.code, answer.said, answer.refused) == (code, "the request was refused", True)
    assert len(server.seen) == before


def test_large_and_compressed_messages_are_refused(enforcing):
    server, client, _ = enforcing
    before = len(server.seen)
    limit = json.loads(dumped(tensor()))["limits"]["body"]

    a_little = client.ask(request(INPUT, more=sized(3, "a" * limit)))
    much = client.ask(bytes(40 << 20))
    gzipped = client.ask(GOOD, compression=grpc.Compression.Gzip)

    assert (a_little.code, a_little.refused) == ("RESOURCE_EXHAUSTED", True)
    assert much.code == "RESOURCE_EXHAUSTED"
    assert gzipped.code == "UNIMPLEMENTED"
    assert len(server.seen) == before
    assert client.ask(GOOD).code == "OK"


def nothing(stop):
    """Send no message until it is told to stop."""
    stop.wait(20)
    yield from ()


def test_a_client_that_sends_no_message_is_let_go(place, tmp_path):
    (tmp_path / "c.toml").write_text("[firewall]\nrequest_seconds = 0.5\n")
    arguments = ("--config", str(tmp_path / "c.toml"))
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        client, stop = Client(port_of(wall)), threading.Event()
        call = client.channel.stream_unary(SERVICE + "ModelInfer")
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as told:
            call(nothing(stop), timeout=15)
        stop.set()
        assert time.monotonic() - began < 5
        assert told.value.code().name == "DEADLINE_EXCEEDED"
        assert dict(told.value.trailing_metadata())["x-modelwarden"] == "refused"
        assert server.seen == []


def test_many_clients_that_send_no_message_keep_nobody_out(place):
    async def flood(port, asking):
        channels = [
            grpc.aio.insecure_channel(
                f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]
            )
            for _ in range(5)
        ]
        calls = [
            channel.stream_unary(SERVICE + "ModelInfer")()
            for channel in channels
            for _ in range(240)
        ]
        await asyncio.gather(*(call.wait_for_connection() for call in calls[::240]))
        await asyncio.sleep(0.5)
        answer = await asyncio.to_thread(asking)
        let_go = sum(call.done() for call in calls)
        for channel in channels:
            await channel.close()
        return answer, let_go

    with (
        served() as server,
        model() as plain,
        firewall(plain.port, "profile.json", *over_grpc(server.port), cwd=place) as wall,
    ):
        port = port_of(wall)
        client = Client(port)
        answer, let_go = asyncio.run(flood(port, lambda: client.ask(GOOD, timeout=8)))
        assert answer.code == "OK"
        assert 1200 - 1024 <= let_go < 1200
        assert len(server.seen) == 1
        assert client.ask(GOOD).code == "OK"


# the rest of the firewall ------------------------------------------------------------------------


def test_observe_passes_what_it_would_refuse_and_says_so(place, tmp_path):
    arguments = ("--alerts", str(tmp_path / "alerts"), "--ledger", str(tmp_path / "ledger"))
    one = b"".join(varint(6 << 3 | 5) + struct.pack("<f", v) for v in [9.0] * WIDTH)
    message = request(tensor_of(shape=[1, WIDTH], contents=one), ident="far")
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        client = Client(port_of(wall))
        assert client.ask(message, traceparent="00-1", authorization="Bearer x").code == "OK"
        ((_, sent, metadata),) = server.seen
        # Written anew: packed, as every parser has it.
        assert sent == request(tensor_of([[9.0] * WIDTH]), ident="far")
        assert metadata["authorization"] == "Bearer x"
        assert client.ask(request(INPUT, model="other")).code == "OK"
        assert wall.end() == 0
    assert [a["rule"] for a in alerts(tmp_path / "alerts")] == ["range", "route"]
    found = kept(tmp_path / "ledger")
    assert [(e["decision"], e["rule"]) for e in found] == [
        ("would-refuse", "range"),
        ("would-refuse", "route"),
    ]


def test_clients_and_limits_are_shared_with_rest(place, tmp_path):
    text = "[firewall]\nclient_header = 'X-Client'\n[firewall.limit]\nrate = 0.001\nburst = 3\n"
    (tmp_path / "c.toml").write_text(text)
    arguments = ("--mode", "enforce", "--config", str(tmp_path / "c.toml"))
    arguments += ("--alerts", str(tmp_path / "alerts"))
    body = Case(flat(rows_of())).rest()
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        client = Client(port_of(wall))
        assert wall.ask(body, X_Client="a")[0] == 200
        assert [client.ask(GOOD, x_client="a").code for _ in range(3)] == [
            "OK", "OK", "RESOURCE_EXHAUSTED",
        ]  # fmt: skip
        assert client.ask(b"", "ServerLive", x_client="a").code == "RESOURCE_EXHAUSTED"
        assert wall.ask(body, X_Client="a")[0] == 429
        assert client.ask(GOOD, x_client="b").code == "OK"
        assert client.ask(GOOD).code == "OK"  # told by its address
    told = [(a["rule"], a["client"]) for a in alerts(tmp_path / "alerts")]
    assert told == [("rate", "a")] * 3


def test_a_search_over_grpc_blocks_its_client_there_and_over_rest(place, tmp_path):
    arguments = ("--mode", "enforce", "--alerts", str(tmp_path / "alerts"))
    base, rng = np.array(rows_of(7, 1)[0]), np.random.default_rng(3)
    with (
        served() as server,
        model() as plain,
        firewall(
            plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
        ) as wall,
    ):
        client = Client(port_of(wall))
        codes = []
        for _ in range(60):
            near = np.clip(base + rng.normal(size=WIDTH) * 1e-4, 0, 1).tolist()
            codes.append(client.ask(request(tensor_of([near]))).code)
        assert codes[0] == "OK"
        assert codes[-1] == "PERMISSION_DENIED"
        assert wall.ask(Case(flat(rows_of())).rest())[0] == 403
    told = [a for a in alerts(tmp_path / "alerts") if a["kind"] == "client"]
    assert "near-duplicates" in {a["rule"] for a in told}
    assert {a["client"] for a in told} == {"127.0.0.1"}


def test_encrypted_clients_are_told_apart_by_their_certificates(place, tmp_path):
    for name in ("server", "alice"):
        certificate(tmp_path, name)
    (tmp_path / "c.toml").write_text(
        "[firewall]\nclient = 'certificate'\n[firewall.tls]\ncertificate = 'server.pem'\n"
        "key = 'server.key'\nauthorities = 'alice.pem'\n"
    )
    (tmp_path / "p.json").write_bytes(dumped(tensor()))
    arguments = ("--mode", "enforce", "--config", "c.toml", "--alerts", "alerts")
    own = [(tmp_path / name).read_bytes() for name in ("server.pem", "alice.key", "alice.pem")]
    with (
        served() as server,
        model() as plain,
        firewall(plain.port, "p.json", *arguments, *over_grpc(server.port), cwd=tmp_path) as wall,
    ):
        port = port_of(wall)
        alice = Client(port, credentials=grpc.ssl_channel_credentials(*own))
        assert alice.ask(GOOD).code == "OK"
        assert alice.ask(b"\xff").refused
        nobody = Client(port, credentials=grpc.ssl_channel_credentials(own[0]))
        assert nobody.ask(GOOD, timeout=3).code == "UNAVAILABLE"
        assert Client(port).ask(GOOD, timeout=3).code == "UNAVAILABLE"
        assert len(server.seen) == 1
    assert [a["client"] for a in alerts(tmp_path / "alerts")] == ["alice"]


def test_an_encrypted_server_is_verified_and_shown_our_certificate(place, tmp_path):
    for name in ("upstream", "wall", "stranger"):
        certificate(tmp_path, name)
    (tmp_path / "p.json").write_bytes(dumped(tensor()))
    chain, key, ours = [
        (tmp_path / name).read_bytes() for name in ("upstream.pem", "upstream.key", "wall.pem")
    ]
    credentials = grpc.ssl_server_credentials(((key, chain),), ours, require_client_auth=True)
    own = "certificate = 'wall.pem'\nkey = 'wall.key'\n"
    for authority, keys, code in (
        ("upstream", own, "OK"),
        ("stranger", own, "UNAVAILABLE"),
        ("upstream", "", "UNAVAILABLE"),
    ):
        (tmp_path / "c.toml").write_text(
            f"[firewall]\n[firewall.upstream_tls]\nauthorities = '{authority}.pem'\n{keys}"
        )
        with served(credentials) as server, model() as plain:
            reached = over_grpc(f"https://127.0.0.1:{server.port}")
            arguments = ("--config", "c.toml", "--alerts", "alerts", *reached)
            with firewall(plain.port, "p.json", *arguments, cwd=tmp_path) as wall:
                assert Client(port_of(wall)).ask(GOOD, timeout=20).code == code
            assert len(server.seen) == (code == "OK")


def test_a_server_that_is_down_slow_or_speaks_garbage_is_answered_for(place, tmp_path):
    text = "[firewall]\nupstream_seconds = 1.0\nupstream_connections = 1\n"
    (tmp_path / "c.toml").write_text(text)
    arguments = ("--config", str(tmp_path / "c.toml"), "--alerts", str(tmp_path / "alerts"))
    with model() as plain:
        with (
            served() as server,
            firewall(
                plain.port, "profile.json", *arguments, *over_grpc(server.port), cwd=place
            ) as wall,
        ):
            client = Client(port_of(wall))
            codes = {}
            for mode in ("garbage", "short", "broken", "slow", "refusing", "good"):
                server.mode = mode
                answer = client.ask(GOOD)
                assert "secret" not in answer.said
                assert not answer.refused
                codes[mode] = answer.code
            server.mode = "slow"
            for _ in range(3):  # a client that leaves holds no place at the server
                assert client.ask(GOOD, timeout=0.15).code == "DEADLINE_EXCEEDED"
            server.mode = "good"
            assert client.ask(GOOD).code == "OK"
            assert codes == {
                "garbage": "INTERNAL", "short": "INTERNAL", "broken": "INTERNAL",
                "slow": "DEADLINE_EXCEEDED", "refusing": "NOT_FOUND", "good": "OK",
            }  # fmt: skip
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            with firewall(plain.port, "profile.json", *over_grpc(port), cwd=place) as wall:
                answer = Client(port_of(wall)).ask(GOOD)
                assert (answer.code, answer.said) == ("UNAVAILABLE", "the model cannot be reached")
    # Who leaves first raises no alert; who is told that the time is over may race with it.
    assert 4 <= [a["rule"] for a in alerts(tmp_path / "alerts")].count("upstream") <= 7


def test_a_new_profile_is_taken_and_the_end_waits_for_calls_under_way(place, tmp_path):
    (tmp_path / "p.json").write_bytes(dumped(tensor()))
    (tmp_path / "c.toml").write_text("[firewall]\nwatch_seconds = 0.1\n")
    arguments = ("--mode", "enforce", "--config", "c.toml")
    with (
        served() as server,
        model() as plain,
        firewall(plain.port, "p.json", *arguments, *over_grpc(server.port), cwd=tmp_path) as wall,
    ):
        client = Client(port_of(wall))
        assert client.ask(GOOD).code == "OK"
        (tmp_path / "p.json").write_bytes(dumped(tensor(name="new")))
        deadline = time.monotonic() + 20
        while client.ask(GOOD).code == "OK" and time.monotonic() < deadline:
            time.sleep(0.05)
        assert client.ask(GOOD).code == "NOT_FOUND"
        server.mode, server.seconds = "slow", 0.7
        answers = []
        asking = threading.Thread(
            target=lambda: answers.append(client.ask(request(INPUT, model="new")))
        )
        before, stop = len(server.seen), threading.Event()
        silent = client.channel.stream_unary(SERVICE + "ModelInfer").future(nothing(stop))
        asking.start()
        while len(server.seen) == before:
            time.sleep(0.01)
        began = time.monotonic()
        wall.process.send_signal(signal.SIGTERM)
        asking.join(20)
        assert wall.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 6  # it does not wait for who sends no message
        stop.set()
        assert silent.code() is not grpc.StatusCode.OK
        assert [answer.code for answer in answers] == ["OK"]


# the command -------------------------------------------------------------------------------------


def asking(*arguments):
    return command("firewall", "--upstream", "http://127.0.0.1:1", *arguments)


def test_what_cannot_be_served_is_said_in_one_line(place):
    (place / "flow.json").write_bytes(dumped(tensor("mlflow")))
    profile, flow = str(place / "profile.json"), str(place / "flow.json")
    (place / "rounded.toml").write_text("[firewall.answers]\ndecimals = 2\n")
    rounded = ("--config", str(place / "rounded.toml"), "--grpc-listen", "127.0.0.1:0")
    listen = ("--listen", "127.0.0.1:0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        used = f"127.0.0.1:{taken.getsockname()[1]}"
        for arguments, told in (
            (("--profile", profile, "--grpc-listen", used), "--grpc-upstream"),
            (("--profile", profile, "--grpc-upstream", used), "--grpc-listen"),
            (("--profile", profile, "--grpc-listen", used, "--grpc-upstream", used), "listen at"),
            (("--profile", profile, "--grpc-listen", "x", "--grpc-upstream", used), "'x'"),
            (("--profile", flow, "--grpc-listen", "127.0.0.1:0", "--grpc-upstream", used), "oip"),
            (("--profile", profile, *rounded, "--grpc-upstream", used), "decimals"),
        ):
            ran = asking(*listen, *arguments)
            assert ran.code == 2, ran
            assert told in ran.err.splitlines()[-1] + ran.err.splitlines()[0], ran.err
            assert "Traceback" not in ran.err


def test_without_the_extra_the_command_names_it(place):
    script = (
        "import sys; sys.modules['grpc'] = None; from modelwarden.__main__ import run; "
        "sys.argv = ['modelwarden', *sys.argv[1:]]; run()"
    )
    arguments = ("firewall", "--upstream", "http://127.0.0.1:1", "--profile", "profile.json")
    arguments += ("--grpc-listen", "127.0.0.1:0", "--grpc-upstream", "127.0.0.1:1")
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, cwd=place, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert "modelwarden[grpc]" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_nothing_else_loads_the_library():
    script = (
        "import sys, modelwarden.cli.firewall, modelwarden.firewall.service, "
        "modelwarden.firewall.proxy, modelwarden.firewall.asgi; "
        "sys.exit(any(name in ('grpc', 'h2') or name.startswith('modelwarden.firewall.grpc_') "
        "or name.startswith('modelwarden.firewall.envoy_') or name == 'modelwarden.firewall.wire' "
        "for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
