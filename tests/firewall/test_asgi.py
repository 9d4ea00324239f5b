"""The middleware decides as the proxy does."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from firewall.profiles import tensor, vectors
from firewall.serving import alerts, firewall, model
from firewall.test_requests import OIP, SYNTAX
from modelwarden.firewall import dumped
from modelwarden.firewall.asgi import Firewall

PATH = "/v2/models/m/infer"
GOOD = {
    "inputs": [
        {"name": "x", "shape": [3, 12], "datatype": "FP32", "data": vectors(3, seed=4).tolist()}
    ]
}


async def application(scope, receive, send):
    """Answer with what arrived."""
    message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


def asked(app, body, path=PATH, method="POST", kind="application/json", address="1.1.1.1", more=()):
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "client": (address, 1),
        "headers": [(b"host", b"m"), (b"content-type", kind.encode()), *more],
    }  # fmt: skip
    parts = [body[:7], body[7:]]
    sent = []

    async def receive():
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    place = tmp_path_factory.mktemp("both")
    (place / "profile.json").write_bytes(dumped(tensor()))
    with (
        model() as server,
        firewall(server.port, "profile.json", "--mode", "enforce", cwd=place) as wall,
    ):
        app = Firewall(
            application,
            profiles=[place / "profile.json"],
            mode="enforce",
            alerts=place / "alerts",
        )
        yield place, wall, app


def bodies():
    yield from ((name, body) for name, (body, _) in SYNTAX.items())
    for name, (document, _) in OIP.items():
        yield name, document if isinstance(document, bytes) else json.dumps(document).encode()
    yield "good", json.dumps(GOOD).encode()


def test_middleware_and_proxy_decide_alike(both):
    _, wall, app = both
    different = []
    for name, body in bodies():
        status, headers, answer = wall.ask(body)
        mine = asked(app, body)
        if mine[0] != status or (b"x-modelwarden" in mine[1]) != ("x-modelwarden" in headers):
            different.append((name, status, mine[0]))
        if status != 200 and mine[2] != answer:
            different.append((name, answer, mine[2]))

    assert different == []


def test_what_goes_on_was_written_anew_and_is_the_same(both):
    _, _, app = both

    status, _, body = asked(app, json.dumps(GOOD, indent=1).encode(), address="2.2.2.2")

    assert status == 200
    assert json.loads(body) == GOOD


def test_a_compressed_body_arrives_plain(both):
    _, _, app = both
    packed, coding = gzip.compress(json.dumps(GOOD).encode()), (b"Content-Encoding", b"gzip")

    status, _, body = asked(app, packed, address="3.3.3.3", more=[coding])
    cut, _, _ = asked(app, packed[:-2], address="3.3.3.3", more=[coding])

    assert (status, cut) == (200, 415)
    assert json.loads(body) == GOOD


def test_other_paths_and_kinds_are_refused_and_told(both):
    place, _, app = both

    other = asked(app, b"{}", path="/admin")[0]
    csv = asked(app, json.dumps(GOOD).encode(), kind="text/csv")[0]

    assert (other, csv) == (404, 415)
    assert [a["rule"] for a in alerts(place / "alerts")[-2:]] == ["route", "content-type"]
