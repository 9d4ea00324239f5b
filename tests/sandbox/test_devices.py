"""Graphics cards: which files, which commands, and what the tier says of it."""

from __future__ import annotations

import errno
import struct
import sys

import pytest

from modelwarden.sandbox import Tier, Worker, cards
from modelwarden.sandbox.seccomp import ALLOW, build_filter
from modelwarden.sandbox.syscalls import AUDIT_ARCH, numbers
from tests.sandbox.test_process import doubles, load

OPENED = """
import fcntl
def predict(rows):
    with open({path!r}, "wb", buffering=0) as stream:
        try:
            fcntl.ioctl(stream, {command})
        except OSError as error:
            return [[float(error.errno)]]
    return [[0.0]]
"""


def said(program, call, *arguments):
    """Return what a filter says, as bpf(4) and seccomp(2) have it."""
    data = struct.pack("=iIQ6Q", numbers("x86_64")[call], AUDIT_ARCH["x86_64"], 0, *arguments)
    at = word = 0
    while True:
        code, true, false, constant = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            (word,) = struct.unpack_from("=I", data, constant)
        elif code == 0x54:
            word &= constant
        else:
            met = {0x15: word == constant, 0x35: word >= constant, 0x45: word & constant}[code]
            at += true if met else false


@pytest.mark.parametrize("network_cut", [True, False])
def test_commands_to_cards_go_on_only_where_a_card_was_granted(network_cut):
    plain, granted = (
        build_filter("x86_64", 7, network_cut=network_cut, notify=True, cards=cards)
        for cards in (False, True)
    )

    def allowed(program, command):
        return said(program, "ioctl", 3, command, 0, 0, 0, 0) == ALLOW

    # of a terminal; to register a client and to ask for its version; of shared memory
    for command, without in ((0x5401, True), (0xC020_462B, False), (0xC048_46D2, False),
                             (0x3000_0001, False), (75, False)):  # fmt: skip
        assert (allowed(plain, command), allowed(granted, command)) == (without, True)
    # typing into a terminal, flags of a file, encryption of a folder, a tunnel, a disk
    for command in (0x5412, 0x4008_6602, 0x8010_6613, 0x4004_54CA, 0x1261):
        assert not allowed(plain, command)
        assert not allowed(granted, command)
    for call in ("execve", "ptrace", "bpf", "socket"):
        assert said(plain, call, 1, 0, 0, 0, 0, 0) == said(granted, call, 1, 0, 0, 0, 0, 0)


def test_a_granted_device_can_be_opened_and_commanded_and_the_tier_says_so(tmp_path):
    code = OPENED.format(path="/dev/full", command=75)
    for devices in ((), ("/dev/full",)):
        with Worker(sys.executable, readable=[tmp_path], devices=devices) as worker:
            load(worker, tmp_path, "def predict(rows): return [[1.0]]")
            assert worker.batch(doubles(1), rows=1, columns=1, room=64) == (doubles(1), 1, 1)
            assert worker.tier is (Tier.PARTIAL if devices else Tier.FULL)
            load(worker, tmp_path, code)
            if devices:  # opened, and the device itself knows no such command
                told = worker.batch(doubles(1), rows=1, columns=1, room=64)
                assert told == (doubles(errno.ENOTTY), 1, 1)
                assert (worker.lacking, worker.attempts) == (("cards",), [])
            else:
                with pytest.raises(Exception, match="Permission"):
                    worker.batch(doubles(1), rows=1, columns=1, room=64)


def test_only_device_files_are_cards(tmp_path):
    (tmp_path / "nvidia-caps").mkdir()
    links = {"nvidia0": "/dev/null", "nvidiactl": "/dev/zero", "nvidia-caps/cap1": "/dev/full"}
    for name, target in {**links, "full": "/dev/full", "nvidia9": "/nowhere"}.items():
        (tmp_path / name).symlink_to(target)
    (tmp_path / "nvidia1").write_text("no device")

    assert {path.removeprefix(f"{tmp_path}/") for path in cards(tmp_path)} == links.keys()
