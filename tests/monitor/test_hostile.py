"""A watch among logs, labels, files, servers and channels that are broken or hostile."""

from __future__ import annotations

import json
import os
import socketserver
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from modelwarden.core import ConfigError
from modelwarden.detectors import asking
from modelwarden.detectors import probes as golden
from modelwarden.detectors.answering import AnswerWindows
from modelwarden.detectors.profile import ProfileError, Watched
from modelwarden.detectors.tamper import FileWatch
from modelwarden.firewall import Meta, Protocol, profile_of
from modelwarden.ledger import Options, Writer
from modelwarden.ledger.ship import FileSink, Shipper
from modelwarden.monitor import notify
from modelwarden.monitor.config import MonitorConfig
from modelwarden.monitor.log import Log
from modelwarden.monitor.notify import Channel, Sender, check
from modelwarden.monitor.watch import StateError, Watch
from modelwarden.protocols.tensors import WireError
from monitor.serving import Server, Taker
from monitor.test_notify import alert
from monitor.test_watch import COLUMNS, alerts_in, append, looked, profiled, records, table


class Line(socketserver.BaseRequestHandler):
    """Answers a byte now and then, and never to the end."""

    def handle(self):
        self.request.recv(1 << 16)
        try:
            self.request.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            while True:
                self.request.sendall(b" ")
                time.sleep(0.05)
        except OSError:
            pass


@contextmanager
def dribbling():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


# files ------------------------------------------------------------------------------------------


def watched(path):
    from hashlib import sha256

    return FileWatch([Watched(str(path), sha256(path.read_bytes()).hexdigest())])


@pytest.mark.parametrize("kind", ["endless", "pipe", "folder", "gone"])
def test_what_takes_the_place_of_a_watched_file_is_told_and_not_read(tmp_path, kind):
    path = tmp_path / "m.npz"
    path.write_bytes(b"x" * 100)
    watch = watched(path)
    assert watch.look(1.0) == []

    path.unlink()
    if kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    (change,) = watch.look(1.0)
    watch.close()

    assert "cannot be read" in change.told


def test_a_file_of_another_size_is_told_without_being_read(tmp_path):
    path = tmp_path / "m.npz"
    path.write_bytes(b"x" * 100)
    watch = watched(path)
    assert watch.look(1.0) == []
    read = watch.read

    with path.open("r+b") as stream:
        stream.truncate(1 << 42)  # terabytes of nothing
    (change,) = watch.look(0.0)
    assert (change.told, watch.read - read) == (f"has {1 << 42} bytes now, and had 100", 0)

    path.write_bytes(b"x" * 100)
    for file in watch._files:
        file.looked -= 10
    assert [c.told for c in watch.look(0.0)] == [""]
    watch.close()


# answers and probes -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [Protocol.MLFLOW, Protocol.OIP, Protocol.TF_SERVING])
@pytest.mark.parametrize("rows", [0, 300])
def test_answers_of_nothing_are_passed_over(protocol, rows):
    profile = profile_of(
        table(600, 0),
        Meta(name="m", protocol=protocol, columns=COLUMNS),
        digest="d",
        version="1",
    )
    output = {"name": "p", "datatype": "FP64", "shape": [rows, 0], "data": []}
    body = {"predictions": [[]] * rows, "outputs": [output]}
    if protocol is Protocol.TF_SERVING:
        del body["outputs"]

    windows = AnswerWindows(profile)

    assert windows.add(json.dumps(body).encode()) == []
    assert windows.add(json.dumps(body).encode()) == []


def test_a_server_whose_answers_change_their_size_teaches_nothing_and_is_told(tmp_path):
    class Changing(Server):
        def answer(self, body):
            rows = len(json.loads(body)["dataframe_split"]["data"])
            width = 1 + len(self.asked) % 3
            return json.dumps({"predictions": [[0.5] * width] * rows}).encode()

    place = profiled(tmp_path)
    profile = golden_profile(place)
    golden.write(golden.place_of(place), probes_for(place, profile))
    with Changing() as url:
        config = MonitorConfig(profiles=(place,), upstream=url, alerts=tmp_path / "alerts")
        Watch(config, lambda _: None).run(once=True)

    assert alerts_in(tmp_path / "alerts") == ["probes-learnt"]
    assert "cannot be learnt" in (tmp_path / "alerts").read_text()


def golden_profile(place):
    from modelwarden.detectors.profile import load

    return load(place)


def probes_for(place, profile):
    from hashlib import sha256

    x = table(100, 5)
    digest = f"sha256:{sha256(place.read_bytes()).hexdigest()}"
    return golden.probes_of(profile, {"a": x[:, 0], "b": x[:, 1]}, digest)


def test_answers_that_differ_each_time_are_said_to_hide_changes(tmp_path):
    place = profiled(tmp_path)
    profile = golden_profile(place)
    rng = np.random.default_rng(0)
    for noise, caveat in ((0.0, False), (0.2, True)):
        known = golden.Golden(profile, probes_for(place, profile))
        while not known.learnt:
            asked = known.next()
            said = [[0.5 + noise * rng.random()] for _ in asked]
            known.heard(asked, json.dumps({"predictions": said}).encode())

        assert bool(known.caveat) is caveat


def test_an_answer_that_breaks_off_or_dribbles_is_none():
    with dribbling() as url:
        assert asking.post(url, "/", b"{}", seconds=0.5) == (0, b"")

    class Cut(Line):
        def handle(self):
            self.request.recv(1 << 16)
            self.request.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"a":1}')

    with socketserver.TCPServer(("127.0.0.1", 0), Cut) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert asking.post(f"http://127.0.0.1:{server.server_address[1]}", "/", b"") == (0, b"")
        thread.join()


# logs and labels --------------------------------------------------------------------------------


def rows_of(log):
    return sum(len(frame) for frame in log.new())


def test_a_line_that_is_too_long_is_told_and_passed_over(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":"' + b"x" * (5 << 20) + b'"}\n{"a":2}\n{"a":3')
    log = Log(path)

    assert rows_of(log) == 2
    assert "holds a line of more than" in log.trouble[0]
    with path.open("ab") as stream:
        stream.write(b"}\n")
    assert rows_of(log) == 1


def test_a_log_that_was_rotated_is_read_from_its_beginning_though_it_is_longer(tmp_path):
    path = tmp_path / "log.jsonl"
    append(path, [{"a": 1}] * 5)
    log = Log(path)
    assert rows_of(log) == 5

    path.rename(tmp_path / "log.1")
    append(path, [{"a": 2}] * 50)

    assert rows_of(log) == 50


def test_segments_that_go_meanwhile_end_no_watch(tmp_path, monkeypatch):
    from modelwarden.monitor import log as module

    folder = tmp_path / "l"
    with Writer(folder, Options(segment_bytes=500)) as writer:
        for number in range(40):
            writer.append({"number": number})
    real = module.segments_of

    def listed(place):
        found = real(place)
        for segment in found[0][1:3]:
            segment.path.unlink()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(module, "segments_of", listed)
        log = Log(folder)
        first = rows_of(log)

    assert 0 < first < 40
    assert rows_of(log) == 0


def test_a_log_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    from pathlib import Path

    path = tmp_path / "log.jsonl"
    append(path, [{"a": 1}])
    log = Log(path)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        assert rows_of(log) == 0
    assert log.trouble == ["log.jsonl cannot be read: permission denied"]
    assert rows_of(log) == 1


def test_a_log_that_lacks_a_part_of_the_inputs_is_told(tmp_path):
    log = tmp_path / "log.jsonl"
    append(log, [{"request_id": str(i), "inputs": {"a": i}} for i in range(50)])
    config = MonitorConfig(
        profiles=(profiled(tmp_path),), log=log, alerts=tmp_path / "alerts",
        state=tmp_path / "state",
    )  # fmt: skip

    (line,) = looked(config)

    assert "the log has not all inputs of the profile" in line
    assert "'b'" in line


def test_ids_that_a_missing_one_made_numbers_meet_their_answers(tmp_path):
    log, labels = tmp_path / "log.jsonl", tmp_path / "labels.csv"
    made = list(records(table(200, 1)))
    append(log, [{**row, "request_id": str(i)} for i, (row, _) in enumerate(made)])
    ids = [str(i) if i else "" for i in range(len(made))]
    labels.write_text(
        "request_id,label\n"
        + "".join(f"{i},{y['label']}\n" for i, (_, y) in zip(ids, made, strict=True))
    )
    watch = Watch(MonitorConfig(log=log, labels=labels), lambda _: None)

    watch.run(once=True)

    assert "over the last 199 labelled answers" in watch.summary()


def test_labels_that_meet_no_answer_are_said_to(tmp_path):
    log, labels = tmp_path / "log.jsonl", tmp_path / "labels.jsonl"
    made = list(records(table(200, 1)))
    append(log, [row for row, _ in made])
    append(labels, [{**y, "request_id": f"other-{i}"} for i, (_, y) in enumerate(made)])
    watch = Watch(MonitorConfig(log=log, labels=labels), lambda _: None)

    watch.run(once=True)

    assert "none of 200 labels has met its answer" in watch.summary()


def test_one_label_that_is_an_amount_makes_no_classes_amounts(tmp_path):
    log, labels = tmp_path / "log.jsonl", tmp_path / "labels.jsonl"
    made = list(records(table(400, 1)))
    bad = list(records(table(400, 2), 400, wrong=0.3))
    config = MonitorConfig(log=log, labels=labels, alerts=tmp_path / "alerts")
    append(log, [row for row, _ in (*made, *bad)])
    append(labels, [{**made[0][1], "label": 0.5}, *(y for _, y in (*made[1:], *bad))])
    watch = Watch(config, lambda _: None)

    watch.run(once=True)

    assert "accuracy" in watch.summary()
    assert alerts_in(tmp_path / "alerts") == ["performance-drop"]


# channels ---------------------------------------------------------------------------------------


def test_a_receiver_that_answers_a_byte_now_and_then_is_given_up(monkeypatch):
    monkeypatch.setattr(notify, "_MOST_SECONDS", 0.3)
    monkeypatch.setattr(notify, "TRIES", 1)

    class Head(Line):
        def handle(self):
            self.request.recv(1 << 16)
            try:
                while True:
                    self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    time.sleep(0.05)
            except OSError:
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Head) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        sender = Sender(Channel(name="x", kind="webhook", url=url))
        sender.send(alert())
        sender.close(seconds=20)
        server.shutdown()
        thread.join()

    assert (sender.sent, sender.lost) == (0, 1)


def test_a_channel_that_takes_nothing_is_told_while_the_watch_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(notify, "TRIES", 1)
    log, down, up = tmp_path / "log.jsonl", Taker(), Taker()
    down.status = 500
    append(log, [r for r, _ in records(table(400, 1))])
    append(log, [r for r, _ in records(table(400, 2, moved=2), 400)])
    with down as bad, up as good:
        channels = (
            Channel(name="down", kind="webhook", url=bad),
            Channel(name="up", kind="webhook", url=good),
        )
        config = MonitorConfig(
            profiles=(profiled(tmp_path),), log=log, alerts=tmp_path / "alerts",
            channels=channels, look_seconds=0.05,
        )  # fmt: skip
        end = time.monotonic() + 20
        Watch(config, lambda _: None).run(
            stop=lambda: time.monotonic() > end or "channel" in (tmp_path / "alerts").read_text()
        )

    told = [json.loads(line) for line in (tmp_path / "alerts").read_text().splitlines()]
    (lost,) = [one for one in told if one["rule"] == "channel"]
    assert "channel down:" in lost["detail"]
    assert "answered 500" in lost["detail"]
    assert any(b"channel down" in body for _, _, body in up.asked)


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("https://user:pa55@host/", ""),
        ("https://host/a b", ""),
        ("https://host/", "t0k\nen"),
        ("https://host/", "t0k\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ],
)
def test_addresses_and_tokens_that_cannot_be_sent_are_refused_and_not_shown(url, token):
    with pytest.raises(ConfigError) as raised:
        check(Channel(name="x", kind="webhook", url=url, token=token))

    assert "pa55" not in str(raised.value)
    assert "t0k" not in str(raised.value)


def test_half_a_pair_of_surrogates_ends_no_mail():
    from monitor.test_notify import Mail, sent

    with socketserver.TCPServer(("127.0.0.1", 0), Mail) as server:
        server.text = b""
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"smtp://127.0.0.1:{server.server_address[1]}"
        told = alert("from \ud800 with \x00")
        sender = sent("email", url, told, sender="a@example.org", to=("b@example.org",))
        server.shutdown()
        thread.join()

    assert (sender.sent, sender.lost) == (1, 0)


def test_a_server_that_says_nothing_that_can_be_read_is_told_once(tmp_path):
    place = profiled(tmp_path)
    known = golden.Golden(golden_profile(place), probes_for(place, golden_profile(place)))
    for width in (1, 2):
        asked = list(range(known.count))
        body = json.dumps({"predictions": [[0.5] * width] * known.count}).encode()
        if width == 1:
            assert known.heard(asked, body) == ""
        else:
            with pytest.raises(WireError, match="another size"):
                known.heard(asked, body)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["columns"]["a"].pop(), "not as many of each"),
        (lambda d: d["columns"]["a"].__setitem__(0, float("nan")), "no numbers"),
        (lambda d: d["columns"].__setitem__("b", [1.0]), "not as many of each"),
        (lambda d: d.__setitem__("answers", [{"numbers": [1.0]}]), "and their answers"),
    ],
)
def test_probes_that_were_changed_are_refused_before_they_are_asked(tmp_path, change, said):
    place = profiled(tmp_path)
    profile = golden_profile(place)
    file = golden.place_of(place)
    golden.write(file, probes_for(place, profile))
    document = json.loads(file.read_bytes())
    change(document)
    file.write_text(json.dumps(document))

    with pytest.raises(ProfileError, match=said):
        golden.Golden(profile, golden.load(file, profile.name))


def test_what_is_kept_is_on_the_disk_before_it_takes_the_old_place(tmp_path, monkeypatch):
    """A power cut may leave a new name with nothing in it, and no watch would begin with that."""
    log, place = tmp_path / "log.jsonl", profiled(tmp_path)
    append(log, [r for r, _ in records(table(20, 1))])
    synced, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda d: (synced.append(os.fstat(d).st_ino), real(d))[1])

    Watch(MonitorConfig(log=log, state=tmp_path / "state"), lambda _: None).run(once=True)
    probes = golden.place_of(place)
    golden.write(probes, probes_for(place, golden_profile(place)))
    with Writer(tmp_path / "l") as ledger:
        ledger.append({"a": 1})
    Shipper(tmp_path / "l", FileSink(tmp_path / "copy"), tmp_path / "position").ship()

    kept = (tmp_path / "state", probes, tmp_path / "position")
    assert {path.stat().st_ino for path in kept} <= set(synced)


def test_a_damaged_state_is_one_line(tmp_path):
    log, state = tmp_path / "log.jsonl", tmp_path / "state"
    append(log, [r for r, _ in records(table(700, 1))])
    config = MonitorConfig(profiles=(profiled(tmp_path),), log=log, state=state)
    looked(config)
    document = json.loads(state.read_text())
    document["follow m"]["learned"]["counts"][0]["counts"][0] = 2**63
    state.write_text(json.dumps(document))

    with pytest.raises(StateError, match="holds what nothing can be followed by"):
        Watch(config, lambda _: None)
