"""The section `[firewall.scoring]` and who a client is; others are tried with what they are for."""

from __future__ import annotations

import pytest

from modelwarden.firewall.errors import FirewallConfigError
from modelwarden.firewall.settings import load_config


def test_points_are_read_and_the_rest_keeps_one_each(tmp_path):
    file = tmp_path / "firewall.toml"
    file.write_text("[firewall.scoring]\nthreshold = 3\ninjection = 0.5\n")

    scoring = load_config(file).scoring

    assert scoring.threshold == 3
    assert scoring.sum(["injection", "trigger", "trigger"]) == 1.5


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("threshold = 0", "threshold must be greater than 0"),
        ("trigger = -1", "trigger is negative"),
        ("trigger = 'much'", "must be a number"),
        ("shape = 1", "unknown key 'firewall.scoring.shape'"),
    ],
)
def test_what_cannot_be_weighed_is_named(tmp_path, line, why):
    file = tmp_path / "firewall.toml"
    file.write_text(f"[firewall.scoring]\n{line}\n")

    with pytest.raises(FirewallConfigError, match=why):
        load_config(file)


@pytest.mark.parametrize(
    ("hops", "given", "client"),
    [
        (1, "10.1.2.3", "10.1.2.3"),
        (1, "6.6.6.6, 10.1.2.3", "10.1.2.3"),
        (1, "6.6.6.6,\t10.1.2.3 ", "10.1.2.3"),
        (1, "a" * 300 + ",10.1.2.3", "10.1.2.3"),
        (2, "6.6.6.6, 10.1.2.3, 10.9.9.9", "10.1.2.3"),
        (2, "10.1.2.3", "addr"),
        (1, "", "addr"),
        (1, "6.6.6.6,", "addr"),
        (1, None, "addr"),
    ],
)
def test_a_client_is_what_the_trusted_proxy_wrote_and_not_what_stood_before_it(
    hops, given, client, tmp_path
):
    path = tmp_path / "c.toml"
    path.write_text(f"[firewall]\nclient_header = 'X-Forwarded-For'\nclient_hops = {hops}\n")
    headers = {} if given is None else {"x-forwarded-for": given}

    assert load_config(path).named(headers, "addr") == client


def test_paths_are_read_from_the_folder_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    file = tmp_path / "conf/firewall.toml"
    file.write_text(
        "[firewall]\nheads = 'heads.jsonl'\nprofile_key = '/keys/p.pem'\n"
        "[firewall.tls]\ncertificate = '../server.crt'\nkey = 'server.key'\n"
        "[firewall.ledger]\nanswers = 'answers'\n"
    )
    monkeypatch.chdir(tmp_path)

    found = load_config(file)

    assert found.heads == file.parent / "heads.jsonl"
    assert str(found.profile_key) == "/keys/p.pem"
    assert found.ledger.answers == file.parent / "answers"
    assert found.tls is not None
    assert found.tls.certificate == file.parent / "../server.crt"
