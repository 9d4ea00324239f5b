from __future__ import annotations

import json

import pytest

from manifestfiles import reading, shown, whys

POETRY = """
[[package]]
name = "torch"
version = "1.13.1"
[package.dependencies]
typing-extensions = "*"
[[package]]
name = "numpy"
version = "1.21.0"
[metadata]
lock-version = "2.1"
"""
UV = """
version = 1
[[package]]
name = "torch"
version = "1.13.1"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "own"
version = "0.1"
source = { editable = "." }
[[package]]
name = "numpy"
version = "1.21.0"
source = { git = "https://example.org/numpy" }
"""
PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "torch"
version = "1.13.1"
[[packages]]
name = "numpy"
version = "1.21.0"
[[packages]]
name = "own"
directory = { path = "." }
"""
PIPFILE = json.dumps(
    {
        "_meta": {"hash": {}},
        "default": {"torch": {"version": "==1.13.1"}},
        "develop": {"numpy": {"version": "==1.21.0", "markers": "x"}},
    }
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("poetry.lock", POETRY),
        ("pdm.lock", POETRY),
        ("uv.lock", UV),
        ("pylock.toml", PYLOCK),
        ("Pipfile.lock", PIPFILE),
    ],
)
def test_a_lock_gives_every_package_with_its_version(name, text):
    assert shown(name, text) == ["torch 1.13.1", "numpy 1.21.0"]


def test_an_entry_without_a_version_is_named():
    text = '[[packages]]\nname = "lib"\n[packages.vcs]\nurl = "https://example.org/lib"\n'

    assert whys("pylock.toml", text) == ["cannot be audited: lib has no version that can be read"]


def test_a_poetry_lock_that_ends_early_is_incomplete():
    text = '[[package]]\nname = "numpy"\nversion = "2.3.0"\n'

    assert [p.shown for p in reading("poetry.lock", text).packages] == ["numpy 2.3.0"]
    assert whys("poetry.lock", text) == ["it breaks off: the end of a poetry.lock is missing"]
    assert whys("poetry.lock", f"{text}[metadata]\ncontent-hash = ''\n") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", "[[package]]\nname='torch'\nversion='1.0'\nsource={{directory = '{}'}}\n"),
        ("uv.lock", "[[package]]\nname='torch'\nversion='1.0'\nsource={{editable = '{}'}}\n"),
        ("pylock.toml", "[[packages]]\nname='torch'\nversion='1.0'\ndirectory={{path = '{}'}}\n"),
    ],
)
def test_a_vendored_package_is_audited_and_the_project_itself_is_not(name, text):
    assert shown(name, text.format("vendor/torch")) == ["torch 1.0"]
    assert reading(name, text.format(".")).packages == []
