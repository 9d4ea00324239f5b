import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.plaintext import PlainText, read, sniff


def look(data: bytes, name: str = "file") -> PlainText:
    source = Source(name, data)
    assert sniff(source)
    return read(source, Limits())


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("notes.txt", b"Some words, and more of them.\n", "text"),
        ("table", b"a,b\n1,2\n3,4\n", "csv"),
        ("table", b'a,b\n"1,5",2\n', "csv"),
        ("table", b"a\tb\n1\t2\n", "tsv"),
        ("params.yml", b"name: x\nlayers:\n  - 1\n  - 2\n", "yaml"),
        ("config", b"[tool.x]\na = 1\n", "ini"),
        ("README", b"# Title\n\n- one\n- two\n", "markdown"),
        ("README.md", b"---\nlicense: mit\ntags:\n- x\n---\n# Title\n", "model-card"),
        ("page.md", b"---\ntitle: x\n---\n# Title\n", "markdown"),
        ("notes", "Größe und Maß".encode("utf-16"), "text"),
        ("notes", "Größe und Maß, lang genug".encode("latin-1"), "text"),
        ("notes", "数据".encode() * 2000, "text"),
    ],
)
def test_text_is_named_and_passes(name: str, data: bytes, kind: str):
    view = look(data, name)

    assert (view.format, view.gaps) == (kind, ())


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.py", b"x = 1\n", "python"),
        ("weights", b"# words\nimport os\nos.getcwd()\n", "python"),
        ("weights.txt", b"#!/usr/bin/env python3\nprint(1)\n", "python"),
        ("x.pth", b"import os; os.getcwd()\n", "pth"),
        ("m.bin", b"# " + b"x" * 5000 + b"\ndef load(path):\n    return path\n", "python"),
        ("run", b"#!/bin/sh\ntrue\n", "script"),
        ("start.sh", b"set -e\npython serve.py\n", "script"),
        ("Dockerfile", b"FROM python:3.12\nRUN pip install numpy\n", "dockerfile"),
        ("Makefile", b"all:\n\tpython train.py\n", "makefile"),
    ],
)
def test_code_that_is_followed_is_named_and_no_gap(name: str, data: bytes, kind: str):
    view = look(data, name)

    assert (view.format, view.gaps) == (kind, ())


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("kernel.cu", b"__global__ void f() {}\n", "source-code"),
        ("old.py", b"print 'Python 2'\n", "python"),
        ("Main", b"import java.util.List;\nclass Main {}\n", "python"),
        ("run.sh", b'eval "$COMMAND"\n', "script"),
    ],
)
def test_code_is_named_and_is_a_gap(name: str, data: bytes, kind: str):
    view = look(data, name)

    assert view.format == kind
    assert [gap.kind for gap in view.gaps] == [GapKind.UNEXAMINED_CODE]


@pytest.mark.parametrize("name", ["README.md", "guide.rst", "notes.txt"])
def test_code_in_a_document_is_no_code(name: str):
    assert look(b"Use it:\n\n```python\nimport os\n```\n", name).gaps == ()


def test_binary_behind_text_is_a_gap_at_its_place():
    view = look(b"plain words\n" * 1000 + b"\x80\x04\x95\x00", "notes.txt")

    assert [gap.what for gap in view.gaps] == ["notes.txt@12000"]


@pytest.mark.parametrize(
    "data", [b"\x00\x01", b"abc\x00", bytes(range(128, 256)), b"", b"\x80\x04\x95"]
)
def test_binary_is_no_text(data: bytes):
    assert not sniff(Source("x", data))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_exception(data: bytes):
    sniff(Source("x", data))
    read(Source("x", data), Limits())


@pytest.mark.parametrize(
    "name", ["model.bin", "model.safetensors", "model.pth", "README.md", "a.png"]
)
def test_a_pointer_to_a_file_is_not_the_file(name: str):
    data = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1234\n"

    (found,) = look(data, name).gaps

    assert (found.kind, "Git LFS" in found.why) == (GapKind.UNREADABLE, True)


@pytest.mark.parametrize("name", ["a.joblib", "deep/B.ONNX", "weights.pt", "x.h5"])
def test_text_under_the_name_of_a_model_is_no_model(name: str):
    (found,) = look(b"ZF", name).gaps

    assert (found.kind, found.what) == (GapKind.UNREADABLE, name)
    assert "2 bytes of text" in found.why


def test_a_page_about_pointers_is_a_page():
    assert look(b"See: version https://git-lfs.github.com/spec/v1\n", "notes.txt").gaps == ()
