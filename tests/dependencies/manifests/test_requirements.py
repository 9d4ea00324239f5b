from __future__ import annotations

import codecs

import pytest

from manifestfiles import reading, shown, whys


def test_pins_ranges_markers_extras_hashes_and_continuations():
    text = """
# a comment
torch==1.13.1+cu117  # why
Scikit_Learn[extra] >= 1.0, <2 ; python_version < "3.12"
numpy==1.21.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
--index-url https://example.org/simple
--extra-index-url=https://example.org/simple
pandas===1.5
scipy==1.*
flask
"""

    assert shown("requirements.txt", text) == [
        "torch 1.13.1+cu117",
        "Scikit_Learn<2,>=1.0",
        "numpy 1.21.0",
        "pandas 1.5",
        "scipy==1.*",
        "flask",
    ]
    found = {p.name: p for p in reading("requirements.txt", text).packages}
    assert found["Scikit_Learn"].marker == 'python_version < "3.12"'
    assert [found[n].line for n in ("torch", "numpy", "flask")] == [3, 5, 12]


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF16_LE + "torch==1.0\r\nnumpy==2.0\r\n".encode("utf-16-le"),
        codecs.BOM_UTF8 + b"torch==1.0\r\nnumpy==2.0\r\n",
        "torch==1.0  # für alle\r\nnumpy==2.0\r\n".encode("cp1252"),
        b"torch==1.0\rnumpy==2.0\r",
    ],
    ids=["utf-16", "utf-8 with mark", "cp1252", "old mac"],
)
def test_files_that_windows_wrote(data):
    assert shown("requirements.txt", data) == ["torch 1.0", "numpy 2.0"]


def test_files_and_projects_that_it_refers_to():
    text = "-r base.txt\n--requirement=more.txt\n-rshort.txt\n-c limits.txt\n-e .[gpu]\n-e ./lib/\n"

    found = reading("requirements.txt", text)

    assert found.refers == [
        "base.txt", "more.txt", "short.txt", "./pyproject.toml", "./lib/pyproject.toml",
    ]  # fmt: skip
    assert found.bounds == ["limits.txt"]


def test_a_built_archive_tells_its_version():
    text = """
torch @ https://example.org/whl/torch-1.13.1%2Bcu117-cp310-cp310-linux_x86_64.whl
https://example.org/Flask-1.0.tar.gz
./wheels/numpy-1.21.0-cp310-cp310-manylinux_2_17_x86_64.whl
"""

    assert shown("requirements.txt", text) == ["torch 1.13.1+cu117", "flask 1.0", "numpy 1.21.0"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("lib @ git+https://user:secret@example.org/lib", "lib comes from an address"),
        ("git+https://user:secret@example.org/lib", "git+https://example.org/lib comes from"),
        ("-e git+ssh://git@example.org/lib#egg=lib", "comes from an address"),
        ("/srv/lib", "is a local folder"),
        ("C:\\lib", "is a local folder"),
        ("torch==${VERSION}", "is no requirement"),
        ("not a requirement", "is no requirement"),
        ("torch=1.0", "is no requirement"),
    ],
)
def test_what_cannot_be_audited_is_named_with_its_line_and_without_secrets(line, told):
    whole = whys("requirements.txt", f"numpy==1.0\n{line}\n")

    assert len(whole) == 1
    assert whole[0].startswith("line 2: cannot be audited: ")
    assert told in whole[0]
    assert "secret" not in whole[0]


def test_fifty_lines_that_cannot_be_audited_are_fifty_gaps():
    text = "".join(f"lib{n} @ git+https://example.org/lib{n}\n" for n in range(50))

    assert len(set(whys("requirements.txt", text))) == 50


def test_a_file_that_names_nothing_is_a_gap():
    assert whys("requirements.txt", "# nothing yet\n") == [
        "it names no package, so nothing was audited"
    ]


def test_a_file_without_end_is_cut_with_a_gap():
    manifest = reading("requirements.txt", "".join(f"a{n}==1\n" for n in range(30_000)))

    assert len(manifest.packages) == 20_001
    assert [gap.kind for gap in manifest.gaps] == ["over-limit"]


def test_a_requirement_of_thousands_of_bounds_is_named_and_not_worked_on():
    bounds = ",".join(f">={n}" for n in range(2_000))

    (why,) = whys("requirements.txt", f"torch{bounds}\n")

    assert why.endswith("has too many bounds")


@pytest.mark.parametrize(
    "line", ["--no-index -r a.txt", "-ra.txt", "--requirem a.txt", "--pre --requirement=a.txt"]
)
def test_a_reference_is_followed_wherever_pip_would(line):
    assert reading("requirements.txt", f"{line}\n").refers == ["a.txt"]


@pytest.mark.parametrize("mark", ["\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029"])
def test_a_line_ends_wherever_it_ends_for_pip(mark):
    assert shown("requirements.txt", f"numpy==2.3.0 # fine{mark}torch==1.0\n") == [
        "numpy 2.3.0",
        "torch 1.0",
    ]


@pytest.mark.parametrize(
    ("name", "plain"),
    [("utf-8", True), ("latin-1", True), ("shift_jis", True), ("cp1252", True)]
    + [(name, False) for name in ("utf-7", "unicode_escape", "cp500", "rot13", "none-such")],
)
def test_an_encoding_that_can_hide_lines_is_a_gap(name, plain):
    manifest = reading("requirements.txt", f"# -*- coding: {name} -*-\nnumpy==2.3.0\n")

    assert [p.shown for p in manifest.packages] == ["numpy 2.3.0"]
    assert [name in gap.why for gap in manifest.gaps] == ([] if plain else [True])


def test_an_address_that_is_none_hides_nothing_else():
    manifest = reading("requirements.txt", "foo @ https://[bad\nhttp://[\ntorch==1.0\n")

    assert [p.shown for p in manifest.packages] == ["torch 1.0"]
    assert len(manifest.gaps) == 2


def test_an_archive_of_another_name_is_a_gap():
    line = "torch @ https://host/numpy-2.3.0-py3-none-any.whl\n"

    assert reading("requirements.txt", line).packages == []
    assert "archive of numpy" in whys("requirements.txt", line)[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "foo @ https://me:SECRET@host/x ; bad bad\n"),
        ("requirements.txt", f"foo @ https://{'x' * 110}:SECRET@host/x ; bad bad\n"),
        ("requirements.txt", "https://me:SECRET@host/a.git\nhttps://host/a.git?token=SECRET\n"),
        ("requirements.txt", "-e git+https://SECRET@host/a#egg=a\n"),
        ("conda-linux-64.lock", "@EXPLICIT\nhttps://host/t/SECRET/main/x\n"),
        ("environment.yml", "dependencies:\n- https://host/t/SECRET/main::numpy=1\n"),
        ("Dockerfile", "RUN pip install -i https://me:SECRET@host/s 'torch==1\n"),
        ("pyproject.toml", "[tool.poetry.dependencies]\nfoo = 'https://me:SECRET@h/x'\n"),
    ],
)
def test_what_an_address_keeps_secret_is_not_shown(name, text):
    told = whys(name, text)

    assert told
    assert "SECRET" not in "".join(told)
