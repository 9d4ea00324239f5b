from __future__ import annotations

from manifestfiles import shown, whys

NAME = "lib/torch-1.13.1.dist-info/METADATA"


def test_an_installed_package_gives_name_and_version_from_its_headers():
    text = "Metadata-Version: 2.1\nName: Torch\nVersion: 1.13.1\nRequires-Dist: numpy\n\nName: x\n"

    assert shown(NAME, text) == ["Torch 1.13.1"]


def test_metadata_without_a_name_is_unreadable():
    assert whys(NAME, "words\n") == ["no metadata of a package: it gives no name"]
