"""What every test gets: shared data when it is there, and no network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# One worker a core runs the tests: more threads of a matrix library would only wait for each other.
for _key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_key, "1")

ROOT = Path(__file__).resolve().parent.parent


class NetworkUsedError(RuntimeError):
    """A test tried to reach an address outside this machine."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Root of the shared data: corpora, models, schemas; skips where it is absent.

    `MODELWARDEN_SHARED` names it, else it is the folder `shared` beside the repository. With
    `MODELWARDEN_REQUIRE_SHARED=1` its absence is a failure, so that CI cannot skip in silence.
    """
    place = Path(os.environ.get("MODELWARDEN_SHARED") or ROOT.parent / "shared")
    if place.is_dir():
        return place
    message = f"no shared data at {place} (set MODELWARDEN_SHARED to where it is)"
    if os.environ.get("MODELWARDEN_REQUIRE_SHARED") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True, scope="session")
def _own_data_folder(tmp_path_factory) -> object:
    """Give the tests, and the commands they run, a data folder in which no advisory index is."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    patch.delenv("MODELWARDEN_ADVISORIES", raising=False)
    yield
    patch.undo()


def _local(family: int, address: object) -> bool:
    if family == socket.AF_UNIX or not isinstance(address, tuple):
        return True
    host = str(address[0]).partition("%")[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded(name: str) -> Callable[..., object]:
    real = getattr(socket.socket, name)

    def call(self: socket.socket, *args: object) -> object:
        if not _local(self.family, args[-1]):
            raise NetworkUsedError(f"{name} to {args[-1]!r}: tests run with the network off")
        return real(self, *args)

    return call


@pytest.fixture(autouse=True, scope="session")
def _network_off() -> object:
    """Let sockets reach this machine only; a test that goes further fails with its address."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, _guarded(name))
    yield
    patch.undo()
