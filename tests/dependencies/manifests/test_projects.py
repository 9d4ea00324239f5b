from __future__ import annotations

from manifestfiles import reading, shown, whys


def test_a_project_declares_its_dependencies_extras_and_groups():
    text = """
[build-system]
requires = ["hatchling"]
[project]
dependencies = ["torch>=1.0", "numpy==1.21.0"]
[project.optional-dependencies]
gpu = ["cupy"]
[dependency-groups]
test = ["pytest>=8", {include-group = "gpu"}]
[tool.uv]
dev-dependencies = ["ruff"]
"""

    assert shown("pyproject.toml", text) == [
        "torch>=1.0", "numpy 1.21.0", "cupy", "pytest>=8", "ruff",
    ]  # fmt: skip


def test_poetry_says_it_in_its_own_way():
    text = """
[tool.poetry.dependencies]
python = "^3.11"
torch = "^1.13"
numpy = "1.21.0"
scipy = {version = "~1.9", optional = true}
pandas = [{version = ">=1,<2", python = "<3.12"}, {version = "*"}]
[tool.poetry.group.dev.dependencies]
pytest = "*"
"""

    assert shown("pyproject.toml", text) == [
        "torch<2,>=1.13", "numpy 1.21.0", "scipy<1.10,>=1.9", "pandas<2,>=1", "pandas", "pytest",
    ]  # fmt: skip


def test_a_file_of_settings_only_is_no_manifest():
    manifest = reading("pyproject.toml", "[tool.ruff]\nline-length = 100\n")

    assert (manifest.packages, manifest.gaps) == ([], [])


def test_what_is_known_when_it_is_built_only_is_a_gap():
    assert whys("pyproject.toml", '[project]\ndynamic = ["version", "dependencies"]\n') == [
        "its dependencies are dynamic: they are known when it is built"
    ]


def test_a_pipfile():
    text = '[packages]\ntorch = "==1.13.1"\nflask = "*"\n[dev-packages]\nlib = {git = "x"}\n'

    assert [p.shown for p in reading("Pipfile", text).packages] == ["torch 1.13.1", "flask"]
    assert whys("Pipfile", text) == ["cannot be audited: lib comes from an address or a folder"]


def test_setup_cfg_gives_what_setuptools_reads():
    text = (
        "[options]\ninstall_requires =\n  torch==1.0\n  flask>=1  # why\n[options.extras_require]\n"
    )
    text += "docs = file: docs/extra.txt\ntest =\n  pytest==7.0\n[tool:other]\nx = %(no)s\n"

    assert shown("setup.cfg", text) == ["torch 1.0", "flask>=1", "pytest 7.0"]
    assert reading("setup.cfg", text).refers == ["docs/extra.txt"]
    assert whys("setup.cfg", "[flake8]\nmax-line-length = 100\n") == []
    assert "no setup.cfg" in whys("setup.cfg", "words\n[options]\n")[0]


def test_hatch_environments_are_read():
    text = "[tool.hatch.envs.default]\ndependencies = ['torch==1.0']\n"

    assert shown("pyproject.toml", text) == ["torch 1.0"]


def test_a_constraint_without_end_is_a_gap():
    spaces = " " * 400_000
    text = f"[tool.poetry.dependencies]\ntorch = '1{spaces}x'\nflask = '1.0'\n"

    assert [p.shown for p in reading("pyproject.toml", text).packages] == ["flask 1.0"]
    assert "too long" in whys("pyproject.toml", text)[0]
