"""Targets beside MLFlow over HTTP: the other protocols, several at once, and callables."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from modelwarden.core import Outcome
from modelwarden.redteam import campaign_of, opening, run
from modelwarden.targets.errors import TargetError
from tests.redteam.campaigns import SPAM, campaign, document, seeded
from tests.redteam.endpoints import Endpoint, labels, serving, spam

CLASSES = ["ham", "spam"]


def _oip(path, body):
    texts = body["inputs"][0]["data"]
    flat = [p for t in texts for p in (1 - spam(t), spam(t))]
    shape = [len(texts), 2]
    output = {"name": "scores", "shape": shape, "datatype": "FP64", "data": flat}
    return {"model_name": "m", "outputs": [output]}, len(texts)


def _tf(path, body):
    texts = [t if isinstance(t, str) else t[0] for t in body["instances"]]
    return {"predictions": [[1 - spam(t), spam(t)] for t in texts]}, len(texts)


def _chat(path, body):
    text = body["messages"][-1]["content"]
    said = "spam" if spam(text) >= 0.5 else "ham"
    message = {"role": "assistant", "content": said}
    return {"choices": [{"index": 0, "message": message}]}, 1


def _torchserve(path, body):
    return {"ham": 1 - spam(body), "spam": spam(body)}, 1


SPOKEN = [
    ("oip-v2", _oip, "/v2/models/m", "scores"),
    ("tf-serving", _tf, "/v1/models/m", "scores"),
    ("openai", _chat, "/v1", "labels"),
    ("torchserve", _torchserve, "/predictions/m", "scores"),
]


@contextmanager
def speaking(answer, described=404):
    """Serve another protocol than MLflow's; what is no JSON, as its type says, is text."""
    rows = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args):
            pass

        def do_GET(self):
            self.send_response(described)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers["Content-Type"] == "application/json":
                body = json.loads(body)
            told, count = answer(self.path, body)
            rows.append(count)
            data = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", rows
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize(
    ("protocol", "answer", "path", "access"),
    SPOKEN,
)
def test_every_protocol_is_spoken(tmp_path, protocol, answer, path, access):
    seeded(tmp_path, ("call today for urgent free entry to the fair", "the urgent winner comes by"))
    with speaking(answer) as (url, rows):
        made = document(
            url + path,
            target={"protocol": protocol, "classes": ["ham", "spam"]},
            knowledge={"access": access},
        )
        done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out")

    assert done.stopped is None
    assert len(done.evasions) == 2
    asked = next(m.value for m in done.report.measurements if m.name == "rows_asked")
    assert asked == sum(rows)


@pytest.mark.parametrize("described", [403, 405, 501])
def test_a_server_that_describes_no_model_is_asked_all_the_same(tmp_path, described):
    seeded(tmp_path, ("call today for urgent free entry to the fair", "the urgent winner comes by"))
    protocol, answer, path, access = next(one for one in SPOKEN if one[0] == "oip-v2")
    with speaking(answer, described) as (url, _):
        made = document(
            url + path,
            target={"protocol": protocol, "classes": ["ham", "spam"]},
            knowledge={"access": access},
        )
        done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out")

    assert done.stopped is None
    assert len(done.evasions) == 2


def test_the_token_of_the_environment_goes_with_every_request(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELWARDEN_TARGET_TOKEN", "let-me-in")
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        run(campaign(tmp_path, endpoint.url), output=tmp_path / "out")

    assert set(endpoint.tokens) == {"Bearer let-me-in"}
    kept = [f for f in (tmp_path / "out").rglob("*") if f.is_file()]
    assert kept
    assert not any(b"let-me-in" in f.read_bytes() for f in kept)


def test_several_targets_and_attacks_share_one_budget(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as first, serving(Endpoint(labels)) as second:
        made = document(first.url, budget={"rows": 400})
        made["target"] = [
            {"name": "scores", "url": first.url, "protocol": "mlflow"},
            {"name": "labels", "url": second.url, "protocol": "mlflow"},
        ]
        made["attack"] = [{"name": "edits", "queries": 40}, {"name": "homoglyphs", "queries": 40}]
        done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out")

    assert first.rows + second.rows <= 400
    groups = {m.group["target"] for m in done.report.measurements if m.group}
    assert groups == {"scores", "labels"}


def test_a_target_that_fails_does_not_take_the_others_with_it(tmp_path):
    seeded(tmp_path)
    page = (200, {}, b"<html>")
    with serving(Endpoint()) as first, serving(Endpoint(fault=lambda n, rows: page)) as second:
        made = document(first.url)
        made["target"] = [
            {"name": "down", "url": second.url, "protocol": "mlflow"},
            {"name": "up", "url": first.url, "protocol": "mlflow"},
        ]
        done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out")

    assert [gap.what for gap in done.report.gaps] == ["down"]
    assert len(done.evasions) == len(SPAM)


PREDICT = """
import math
WORDS = {"free": 2.0, "winner": 2.0, "cash": 2.0, "urgent": 1.5, "prize": 2.0, "claim": 1.5}

def predict(texts):
    out = []
    for text in texts:
        total = sum(w for word, w in WORDS.items() if word in text.lower().split())
        p = 1 / (1 + math.exp(2 - total))
        out.append([1 - p, p])
    return out
"""


def _callable(tmp_path, code):
    (tmp_path / "predict.py").write_text(code)
    made = document("http://unused")
    made["target"] = {"entry": "predict.py:predict", "classes": CLASSES}
    return campaign_of(made, root=tmp_path)


def test_a_callable_is_attacked_in_its_sandbox(tmp_path):
    seeded(tmp_path)
    done = run(_callable(tmp_path, PREDICT), output=tmp_path / "out", trust=True)
    again = run(_callable(tmp_path, PREDICT), output=tmp_path / "out", offline=True, trust=True)

    assert done.report.verdict.outcome is Outcome.FAIL
    assert len(done.evasions) == len(SPAM)
    assert done.report.isolation is not None
    values = [(m.name, m.value) for m in done.report.measurements]
    assert [(m.name, m.value) for m in again.report.measurements] == values


LOOKUP = """
import os
HERE = os.path.dirname(os.path.abspath(__file__))
def known():
    found = 0
    for folder, _, files in os.walk(HERE):
        for name in files:
            if name.endswith((".txt", ".jsonl", ".bin")):
                try:
                    with open(os.path.join(folder, name), "rb") as one:
                        found += len(one.read())
                except OSError:
                    pass
    return found
def predict(texts):
    return [[0.9, 0.1] if known() else [0.1, 0.9] for _ in texts]
"""


def test_a_callable_that_looks_up_the_seeds_or_the_record_is_refused_them_and_told(tmp_path):
    seeded(tmp_path)
    made = _callable(tmp_path, LOOKUP).document | {"budget": {"rows": 40, "batch": 16}}
    made |= {"target": made["target"] | {"path": "."}}
    done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out", trust=True)

    assert done.evasions == ()
    assert {f.rule for f in done.report.findings} == {"sandbox-attempt"}
    assert done.report.verdict.outcome is Outcome.FAIL


def test_a_copy_of_one_seed_is_hidden_from_a_callable_as_the_seeds_are(tmp_path):
    seeded(tmp_path)
    own = tmp_path / "model"
    (own / "data").mkdir(parents=True)
    (own / "predict.py").write_text(LOOKUP)
    (own / "data" / "known.txt").write_text(SPAM[2])
    made = document("http://unused") | {"budget": {"rows": 40, "batch": 16}}
    made["target"] = {"entry": "model/predict.py:predict", "path": "model", "classes": CLASSES}
    done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out", trust=True)

    assert done.evasions == ()
    assert {f.rule for f in done.report.findings} == {"sandbox-attempt"}


def test_a_callable_that_is_another_one_than_was_scanned_is_not_run(tmp_path, monkeypatch):
    seeded(tmp_path)
    made = _callable(tmp_path, PREDICT)
    check = opening._check_files

    def exchanged(place, target):
        check(place, target)
        place.write_text(PREDICT + "\n# exchanged\n")

    monkeypatch.setattr(opening, "_check_files", exchanged)
    with pytest.raises(TargetError, match="is not what was scanned: it changed since"):
        run(made, output=tmp_path / "out", trust=True)


def test_a_callable_that_is_dangerous_is_not_opened(tmp_path):
    seeded(tmp_path)
    (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    made = document("http://unused")
    made["target"] = {"entry": "predict.py:predict", "path": "model.pkl"}
    (tmp_path / "predict.py").write_text(PREDICT)
    with pytest.raises(TargetError, match="is not opened"):
        run(campaign_of(made, root=tmp_path), output=tmp_path / "out")


def test_the_rate_is_kept(tmp_path):
    seeded(tmp_path)
    with serving(Endpoint()) as endpoint:
        made = campaign(tmp_path, endpoint.url, budget={"rate": 40, "calls": 9, "batch": 4})
        done = run(made, output=tmp_path / "out")

    events = [json.loads(x) for x in (done.folder / "transcript.jsonl").read_text().splitlines()]
    clocks = [e["clock"] for e in events if e["event"] == "answer"]
    assert clocks[-1] - clocks[0] >= (len(clocks) - 1) / 40 * 0.9
