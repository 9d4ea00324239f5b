"""What a refused call is taken for."""

import pytest

from modelwarden.sandbox.attempts import Scene, judge_call

READABLE, PRIVATE = "/usr", "/tmp/private"


def opened(path: str) -> str | None:
    scene = Scene(
        readable=(READABLE,),
        writable=(PRIVATE,),
        text=lambda _: path,
        raw=lambda _, size: bytes(size),
        folder=lambda _: "/",
    )
    attempt = judge_call("open", (1, 0, 0), scene)
    return None if attempt is None else attempt.what


@pytest.mark.parametrize(
    "path",
    [
        "/nobody/here/.ssh/id_ed25519",
        "/nobody/here/.aws/credentials",
        "/nobody/here/.netrc",
        "/run/secrets/kubernetes.io/serviceaccount/token",
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "/etc/krb5.keytab",
    ],
)
def test_who_asks_for_keys_is_told_also_where_none_lie(path):
    assert opened(path) == "read"


@pytest.mark.parametrize(
    "path",
    [
        f"{PRIVATE}/.aws/credentials",
        f"{READABLE}/lib/python3/dist-packages/keyring/.netrc",
        "/nobody/here/.config/matplotlib/matplotlibrc",
        "/run/systemd/resolve/stub-resolv.conf",
        "/etc/ssl/certs/ca-certificates.crt",
    ],
)
def test_what_libraries_look_for_is_not_told(path):
    assert opened(path) is None
