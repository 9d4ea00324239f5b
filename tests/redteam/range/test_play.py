"""An exercise under way: what is refused before anybody waits for training."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from modelwarden.core import InputError
from modelwarden.redteam.range.play import Play


def _untrained():
    def build():
        raise AssertionError("models were trained")

    return SimpleNamespace(build=build, steps=())


def test_a_port_in_use_is_told_before_models_are_trained(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(InputError, match="cannot listen"),
            Play(_untrained(), tmp_path, port=port),
        ):
            pass


def test_a_folder_that_is_none_is_told_before_models_are_trained(tmp_path):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(InputError, match="is no folder"), Play(_untrained(), tmp_path / "file"):
        pass
