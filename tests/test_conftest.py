from __future__ import annotations

import socket

import pytest


def test_a_test_cannot_reach_an_address_outside_this_machine():
    with socket.socket() as outside, pytest.raises(RuntimeError, match="network off"):
        outside.connect(("192.0.2.1", 80))


def test_a_test_may_talk_to_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())

        assert client.getpeername() == server.getsockname()
