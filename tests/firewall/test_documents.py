"""Files that people write beside a profile are read in bounds, and refused in one line."""

from __future__ import annotations

import os

import pytest

from modelwarden.firewall.documents import fields_in
from modelwarden.firewall.errors import ProfileError


def test_the_keys_of_an_object_are_read(tmp_path):
    (tmp_path / "meta.json").write_text('{"name": "m"}')

    assert fields_in(tmp_path / "meta.json").text("name") == "m"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no valid JSON"),
        ("{", "no valid JSON"),
        ("\xff", "no JSON object|no valid JSON"),
        ("[" * 100_000, "no valid JSON"),
        ("[]", "no JSON object"),
        ('{"name": "' + "m" * (1 << 20) + '"}', "larger than 1,048,576 bytes"),
    ],
)
def test_what_is_none_is_told(tmp_path, text, why):
    (tmp_path / "meta.json").write_text(text)

    with pytest.raises(ProfileError, match=why):
        fields_in(tmp_path / "meta.json")


def test_what_is_no_file_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    for place, why in (
        (tmp_path, "directory"),
        (tmp_path / "pipe", "regular"),
        ("none", "no such"),
    ):
        with pytest.raises(ProfileError, match=f"cannot read .*{why}"):
            fields_in(tmp_path / place)
