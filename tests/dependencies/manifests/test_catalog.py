from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.dependencies.manifests import MANIFESTS, kind_of, read


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requirements.txt", "requirements"),
        ("a/requirements-dev.txt", "requirements"),
        ("dev_requirements.in", "requirements"),
        ("requirements/base.txt", "requirements"),
        ("Requirements.TXT", "requirements"),
        ("pyproject.toml", "pyproject.toml"),
        ("poetry.lock", "poetry.lock"),
        ("uv.lock", "uv.lock"),
        ("pdm.lock", "pdm.lock"),
        ("Pipfile", "Pipfile"),
        ("x/Pipfile.lock", "Pipfile.lock"),
        ("pylock.dev.toml", "pylock.toml"),
        ("conda.yaml", "conda environment"),
        ("environment-gpu.yml", "conda environment"),
        ("conda-lock.yml", "conda-lock"),
        ("python_env.yaml", "python_env.yaml"),
        ("model/MLmodel", "MLmodel"),
        ("bentofile.yaml", "bentofile.yaml"),
        ("lib/torch-1.0.dist-info/METADATA", "installed package"),
        ("Dockerfile", "Dockerfile"),
        ("serve.dockerfile", "Dockerfile"),
        ("train.ipynb", "notebook"),
        ("conda-linux-64.lock", "explicit conda lock"),
        ("env/conda-meta/numpy-1.21.0-py39_0.json", "installed conda package"),
        ("sbom.json", "bill of materials"),
        ("bom.xml", "bill of materials"),
        ("a.spdx", "bill of materials"),
        ("a.spdx.json", "bill of materials"),
        ("a.spdx.tag", "bill of materials"),
        ("a.spdx3.jsonld", "bill of materials"),
        ("model.cdx.json", "bill of materials"),
        ("requirements.md", None),
        ("METADATA", None),
        ("Cargo.lock", None),
        ("config.yaml", None),
        ("bom.json.txt", None),
        ("model.json", None),
    ],
)
def test_manifests_are_told_by_their_name(name, kind):
    found = kind_of(name)

    assert (found.id if found else None) == kind


@pytest.mark.parametrize("kind", MANIFESTS, ids=lambda kind: kind.id)
@pytest.mark.parametrize(
    "data",
    [b"", b"\0\1\2", b"\xff\xfe\0", b"[" * 20_000, b"{" * 20_000, b"a: &a [*a, *a]", b'{"a": 1',
     b"- " * 5_000 + b"x", b"[[package]]\nname = 3\n", b'{"components": [[], 1, null]}',
     b"x==" + b"9" * 9_000, b"dependencies: {a: 1}", b"x;" + b"(" * 3_000],
    ids=range(13),
)  # fmt: skip
def test_bad_bytes_never_raise_and_never_pass_in_silence(kind, data):
    manifest = read(data, "name", kind)

    assert manifest.gaps or manifest.packages or kind.optional


@given(st.sampled_from(MANIFESTS), st.binary(max_size=300))
def test_any_bytes_survive(kind, data):
    read(data, "name", kind)


@given(st.sampled_from(MANIFESTS), st.text(max_size=200))
def test_any_text_survives_and_what_is_told_is_printable(kind, text):
    manifest = read(text.encode("utf-8", "surrogatepass"), "name", kind)

    assert all(gap.why.isprintable() for gap in manifest.gaps)
    assert all(p.name.isprintable() and p.shown.isprintable() for p in manifest.packages)


@pytest.mark.parametrize(
    "name", ["poetry.lock", "uv.lock", "Pipfile.lock", "conda-lock.yml", "sbom.json"]
)
def test_a_lock_that_was_half_written_is_unreadable(name):
    kind = kind_of(name)
    assert kind is not None
    half = b'{"default": {"torch": {"ver' if name.endswith((".json", "Pipfile.lock")) else (
        b'[[package]]\nname = "tor' if name.endswith(".lock") else b'package:\n- name: "tor'
    )  # fmt: skip

    manifest = read(half, name, kind)

    assert [gap.kind for gap in manifest.gaps] == [GapKind.UNREADABLE]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("poetry.lock", b"a." * 200_000 + b"a = 1\n"),
        ("uv.lock", b'{x = """a\\"b""", ' + b'"y".' * 200_000 + b'z = "q"}\n'),
        ("requirements.txt", b"a" * 3_000_000),
        ("requirements.txt", b"x\t" * 1_000_000),
        ("Dockerfile", b"RUN " + b"pip install a " * 200_000),
        ("pyproject.toml", b'[tool.poetry.dependencies]\nx = "' + b"^1||" * 200_000 + b'"\n'),
        ("conda.yaml", b"dependencies:\n" + b"- numpy=1.2.3\n" * 100_000),
    ],
)
def test_what_was_made_to_take_long_does_not(name, data):
    began = time.process_time()

    manifest = read(data, name, kind_of(name))

    assert time.process_time() - began < 5
    assert manifest.gaps
