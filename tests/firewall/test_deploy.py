"""What docs/deploy has for operators goes with the command as it is."""

from __future__ import annotations

import json
import re
import shlex
import socket
from http.client import HTTPConnection
from pathlib import Path

import click
import pytest
import yaml

from firewall.profiles import tensor, vectors
from firewall.serving import firewall, model
from modelwarden.cli.firewall import firewall as command
from modelwarden.firewall import dumped
from modelwarden.firewall.settings import load_config

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"


def parsed(arguments):
    """Return the options that the command understands in arguments."""
    context = click.Context(command)
    found, rest, _ = command.make_parser(context).parse_args(list(arguments))
    assert not rest
    return found


def test_the_dashboard_shows_metrics_that_there_are(tmp_path):
    (tmp_path / "profile.json").write_bytes(dumped(tensor()))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "c.toml").write_text(
        f"[firewall]\nstatus = '127.0.0.1:{port}'\n"
        "[firewall.traces]\nurl = 'http://127.0.0.1:1'\nsample = 0.0\n"
    )
    arguments = ("--config", "c.toml", "--alerts", "alerts", "--ledger", "ledger")
    with (
        model() as server,
        firewall(server.port, "profile.json", *arguments, cwd=tmp_path) as wall,
    ):
        entry = {"name": "x", "shape": [1, 12], "datatype": "FP32", "data": vectors(1).tolist()}
        wall.ask({"inputs": [entry]})
        wall.ask(b"{")
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
    told = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    told |= {f"{name}_{part}" for name in set(told) for part in ("bucket", "sum", "count")}

    board = (DEPLOY / "grafana-firewall.json").read_text()
    panels = json.loads(board)["panels"]
    shown = set(re.findall(r"\bmodelwarden_\w+", board))
    rules = yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text())["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"\bmodelwarden_\w+", rule["expr"])}

    assert shown <= told
    assert asked <= told
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len({panel["id"] for panel in panels}) == len(panels)
    lost = {f"modelwarden_{what}" for what in (
        "ledger_writable", "records_late_total", "records_lost_total", "records_waiting",
        "alerts_lost_total", "alerts_left_out_total",
    )}  # fmt: skip
    assert lost <= shown
    assert lost - {"modelwarden_records_waiting"} <= asked


def test_the_unit_starts_the_command_with_options_that_it_has():
    text = (DEPLOY / "modelwarden-firewall.service").read_text().replace("\\\n", " ")
    unit = dict(line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Z]\w+=", line))

    program, name, *arguments = shlex.split(unit["ExecStart"])

    assert (Path(program).name, name) == ("modelwarden", "firewall")
    assert {"upstream", "profiles", "config", "ledger", "alerts"} <= set(parsed(arguments))
    assert unit["ExecReload"].endswith("-HUP $MAINPID")
    assert unit["NoNewPrivileges"] == unit["DynamicUser"] == "yes"


def test_the_sidecar_leads_clients_to_the_firewall_and_not_to_the_model(tmp_path):
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes-sidecar.yaml").read_text()))
    settings, deployment, service = documents
    pod = deployment["spec"]["template"]["spec"]
    server, wall = pod["containers"]
    (tmp_path / "firewall.toml").write_text(settings["data"]["firewall.toml"])

    name, *arguments = wall["args"]
    options = parsed(arguments)
    ports = {port["name"]: port["containerPort"] for port in wall["ports"]}

    assert name == "firewall"
    assert options["listen"] == f"0.0.0.0:{ports['http']}"
    assert load_config(tmp_path / "firewall.toml").status == ("0.0.0.0", ports["status"])
    assert service["spec"]["ports"][0]["targetPort"] == "http"
    assert "127.0.0.1" in server["args"]
    assert "ports" not in server
    assert wall["securityContext"]["readOnlyRootFilesystem"] is True
    mounted = {mount["mountPath"]: mount["name"] for mount in wall["volumeMounts"]}
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert set(mounted.values()) <= volumes
    for place in (options["config"], *options["profiles"], options["alerts"], options["ledger"]):
        assert str(Path(str(place)).parent) in mounted, place


def test_an_option_that_is_not_there_would_be_seen():
    with pytest.raises(click.NoSuchOption):
        parsed(["--upstream=http://m", "--ledgers=l"])
