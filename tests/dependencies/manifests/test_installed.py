from __future__ import annotations

import pytest

from manifestfiles import reading, shown, whys

NAME = "lib/torch-1.13.1.dist-info/METADATA"


def test_an_installed_package_gives_name_and_version_from_its_headers():
    text = "Metadata-Version: 2.1\nName: Torch\nVersion: 1.13.1\nRequires-Dist: numpy\n\nName: x\n"

    assert shown(NAME, text) == ["Torch 1.13.1"]


def test_metadata_without_a_name_is_unreadable():
    assert whys(NAME, "words\n") == ["no metadata of a package: it gives no name"]


@pytest.mark.parametrize(
    ("lines", "license_"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: other\n", "MIT OR Apache-2.0"),
        ("License: BSD\nClassifier: License :: OSI Approved :: MIT License\n", "BSD"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License"),
        ("License: " + "the whole text " * 50 + "\n", ""),
        ("", ""),
    ],
)
def test_a_licence_is_kept_as_the_package_states_it(lines, license_):
    text = f"Metadata-Version: 2.4\nName: torch\nVersion: 1.0\n{lines}\nLicense: prose\n"

    (package,) = reading("torch-1.0.dist-info/METADATA", text).packages

    assert package.license == license_


@pytest.mark.parametrize("name", ["a-1-py3.8.egg-info", "a-1-py3.8.egg/EGG-INFO/PKG-INFO"])
def test_installations_of_old_tools_are_read(name):
    assert shown(name, "Metadata-Version: 1.1\nName: torch\nVersion: 1.0\n") == ["torch 1.0"]
