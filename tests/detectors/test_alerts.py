"""Alerts reach their file, and whoever alarms never waits for it."""

from __future__ import annotations

import json
import os
import resource

import pytest

from modelwarden.core import OutputError
from modelwarden.detectors.alerts import AlertFile


def lines(path):
    return path.read_text().splitlines()


def test_a_file_that_was_moved_away_is_made_anew(tmp_path):
    path = tmp_path / "alerts"
    file = AlertFile(path)
    file.write({"n": 1})
    path.rename(tmp_path / "alerts.1")
    file.write({"n": 2})
    file.follow()
    file.write({"n": 3})
    file.follow()
    file.close()

    assert lines(tmp_path / "alerts.1") == ['{"n": 1}', '{"n": 2}']
    assert lines(path) == ['{"n": 3}']


def test_a_line_that_the_disk_took_in_part_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "alerts"
    file = AlertFile(path)
    file.write({"n": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 4, hard))
    try:
        file.write({"n": 2})
        file.write({"n": 3})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    file.write({"n": 4})
    file.close()

    assert file.lost == 2
    assert [json.loads(line) for line in lines(path) if line.endswith("}")] == [{"n": 1}, {"n": 4}]


def test_a_pipe_that_nobody_reads_on_is_not_waited_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OutputError, match="cannot write alerts"):
        AlertFile(path)  # nobody reads it at all
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    file = AlertFile(path)
    for number in range(20_000):
        file.write({"n": number})
    lost = file.lost
    os.read(reader, 1 << 20)
    file.write({"n": -1})
    told = os.read(reader, 1 << 20).splitlines()
    file.follow()
    file.close()
    os.close(reader)

    assert lost > 0
    assert told[-1] == b'{"n": -1}'
