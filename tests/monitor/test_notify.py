import hashlib
import hmac
import json
import socketserver
import threading
import time

import pytest

from modelwarden.core import ConfigError, Severity
from modelwarden.detectors.alerts import AlertKind
from modelwarden.monitor.alerts import Alert
from modelwarden.monitor.config import load
from modelwarden.monitor.notify import TRIES, Channel, Sender, check
from monitor.serving import Taker


def alert(detail="weights changed", severity=Severity.CRITICAL):
    return Alert(
        kind=AlertKind.TAMPER,
        severity=severity,
        rule="digest-changed",
        detail=detail,
        model="m",
        time="2030-01-01T00:00:00.000Z",
    )


def sent(kind, url, *alerts, **more):
    sender = Sender(Channel(name="ops", kind=kind, url=url, **more), wait=0.01)
    for one in alerts:
        sender.send(one)
    sender.close()
    return sender


def test_a_webhook_is_given_alerts_signed_and_with_its_token():
    taker = Taker()
    with taker as url:
        sender = sent("webhook", f"{url}/hook", alert(), token="t0ken", secret="s3cret")

    ((path, headers, body),) = taker.asked
    known = {k.lower(): v for k, v in headers.items()}
    assert path == "/hook"
    assert known["authorization"] == "Bearer t0ken"
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert known["x-modelwarden-signature"] == f"sha256={digest}"
    assert json.loads(body)["alerts"][0]["rule"] == "digest-changed"
    assert (sender.sent, sender.lost, sender.trouble) == (1, 0, "")


def test_slack_and_alertmanager_are_given_their_own_forms():
    taker = Taker()
    with taker as url:
        sent("slack", f"{url}/services/x", alert("<b> & co"))
        sent("alertmanager", url, alert())

    (_, _, slack), (path, _, manager) = taker.asked
    assert "&lt;b> &amp; co" in json.loads(slack)["text"]
    assert path == "/api/v2/alerts"
    (one,) = json.loads(manager)
    assert one["labels"] == {
        "alertname": "modelwarden_tamper",
        "rule": "digest-changed",
        "severity": "critical",
        "model": "m",
    }
    assert one["startsAt"].endswith("Z")


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as takes a message."""

    def handle(self):
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline().strip().upper():
            if line.startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                while (text := self.rfile.readline()) != b".\r\n":
                    self.server.text += text
                self.wfile.write(b"250 taken\r\n")
            elif line.startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 well\r\n")


def test_mail_is_sent_and_a_line_break_in_an_alert_makes_no_header():
    with socketserver.TCPServer(("127.0.0.1", 0), Mail) as server:
        server.text = b""
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"smtp://127.0.0.1:{server.server_address[1]}"
        bad = alert("first\r\nBcc: eve@example.org")
        sender = sent("email", url, bad, sender="a@example.org", to=("b@example.org",))
        server.shutdown()
        thread.join()

    assert sender.sent == 1
    head, _, _ = server.text.partition(b"\r\n\r\n")
    assert b"Subject: [modelwarden] critical tamper on m" in head
    assert b"Bcc" not in head


def test_what_cannot_be_sent_is_tried_a_few_times_and_counted():
    taker = Taker()
    taker.status = 503
    with taker as url:
        sender = sent("webhook", url, alert(), token="t0ken")

    assert len(taker.asked) == TRIES
    assert (sender.sent, sender.lost) == (0, 1)
    assert sender.trouble == "answered 503"
    assert "t0ken" not in sender.trouble


def test_a_channel_that_hangs_holds_nobody_up():
    sender = Sender(Channel(name="x", kind="webhook", url="http://127.0.0.1:9"), wait=60)
    began = time.monotonic()
    for _ in range(3000):
        sender.send(alert())
    sender.close(seconds=0.1)

    assert sender.lost >= 3000 - 1000 - 50
    assert time.monotonic() - began < 30


def test_rules_say_who_is_told_what_and_secrets_come_from_the_environment(tmp_path, monkeypatch):
    path = tmp_path / "monitor.toml"
    path.write_text(
        '[monitor]\nlog = "log"\n'
        '[[monitor.channel]]\nname = "ops"\nkind = "slack"\nurl_env = "OPS_URL"\n'
        '[[monitor.rule]]\nkinds = ["tamper"]\nseverity = "high"\nto = ["ops"]\n'
    )

    with pytest.raises(ConfigError, match="OPS_URL"):
        load(path)
    monkeypatch.setenv("OPS_URL", "https://hooks.example.org/s3cret")
    found = load(path)

    assert found.channels[0].url.endswith("s3cret")
    assert found.log == tmp_path / "log"
    assert found.routes[0].kinds == {AlertKind.TAMPER}


def test_each_secret_is_read_from_the_variable_that_is_named(tmp_path, monkeypatch):
    path = tmp_path / "monitor.toml"
    path.write_text(
        "[monitor]\nlook_seconds = 1.5\nrepeat_seconds = 0\n"
        '[[monitor.channel]]\nname = "hook"\nkind = "webhook"\nurl = "https://a.example"\n'
        'token_env = "HOOK_TOKEN"\nsecret_env = "HOOK_SECRET"\n'
        '[[monitor.channel]]\nname = "mail"\nkind = "email"\nurl = "smtps://a.example"\n'
        'from = "a@a.example"\nto = ["b@a.example"]\nuser = "a"\npassword_env = "MAIL_WORD"\n'
    )
    values = {"HOOK_TOKEN": "t0ken", "HOOK_SECRET": "s3cret", "MAIL_WORD": "w0rd"}
    for name, value in values.items():
        with pytest.raises(ConfigError, match=name) as raised:
            load(path)
        assert not any(value in str(raised.value) for value in values.values())
        monkeypatch.setenv(name, value)

    found = load(path)

    hook, mail = found.channels
    assert (hook.token, hook.secret, mail.password) == ("t0ken", "s3cret", "w0rd")
    assert (found.look_seconds, found.repeat_seconds) == (1.5, 0.0)
    assert not any(value in repr(found) for value in values.values())


@pytest.mark.parametrize(
    "text",
    [
        '[monitor]\nlgo = "x"\n',
        '[[monitor.rule]]\nto = ["nobody"]\n',
        '[[monitor.channel]]\nname = "a"\nkind = "pigeon"\nurl = "http://x"\n',
        '[[monitor.channel]]\nname = "a"\nkind = "email"\nurl = "smtp://x"\n',
        "[monitor]\naccuracy = 2.0\n",
    ],
)
def test_a_configuration_that_cannot_be_used_names_what_is_wrong(tmp_path, text):
    path = tmp_path / "monitor.toml"
    path.write_text(text)

    with pytest.raises(ConfigError):
        load(path)


def test_an_error_about_an_address_does_not_show_it():
    with pytest.raises(ConfigError) as raised:
        check(Channel(name="ops", kind="slack", url="ftp://hooks.example.org/s3cret"))

    assert "s3cret" not in str(raised.value)
