"""A connection to a server that a user named."""

from __future__ import annotations

import http.client
import socket
import threading

import pytest

from modelwarden.core.web import connected, ended_after


@pytest.mark.parametrize(
    ("url", "kind", "host", "port", "target"),
    [
        ("http://a.invalid", http.client.HTTPConnection, "a.invalid", 80, "/"),
        ("https://a.invalid/x?y=1&z", http.client.HTTPSConnection, "a.invalid", 443, "/x?y=1&z"),
        ("http://[::1]:81/x/", http.client.HTTPConnection, "::1", 81, "/x/"),
    ],
)
def test_where_an_address_leads(url, kind, host, port, target):
    connection, asked = connected(url, 3.0)

    assert type(connection) is kind
    assert (connection.host, connection.port, asked) == (host, port, target)


def test_a_server_that_dribbles_is_left_in_time():
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def dribble() -> None:
            taken, _ = server.accept()
            with taken:
                while not done.wait(0.05):
                    try:
                        taken.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=dribble)
        thread.start()
        connection, target = connected(f"http://127.0.0.1:{server.getsockname()[1]}", 30.0)
        try:
            with ended_after(0.3, connection) as late:
                connection.request("GET", target)
                with pytest.raises((OSError, http.client.HTTPException)):
                    connection.getresponse()
        finally:
            done.set()
            thread.join()

    assert late.is_set()
