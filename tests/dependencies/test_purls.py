from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.dependencies.purls import parse, purl_of

PARTS = st.text(min_size=1, max_size=20).filter(lambda t: t.encode("utf-8", "ignore").decode() == t)


@given(name=PARTS, version=PARTS)
def test_what_was_put_together_comes_apart_again(name, version):
    purl = parse(purl_of("generic", name, version))

    assert (purl.kind, purl.namespace, purl.name, purl.version) == ("generic", "", name, version)


@given(name=PARTS, version=PARTS)
def test_the_reference_library_reads_the_same(name, version):
    packageurl = pytest.importorskip("packageurl", reason="needs packageurl-python")
    text = purl_of("generic", f"a{name}z", f"1{version}z")

    read = packageurl.PackageURL.from_string(text)

    assert (read.name, read.version) == (f"a{name}z", f"1{version}z")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("pkg:pypi/torch@1.0", ("pypi", "", "torch", "1.0")),
        ("PKG://PyPI/torch@1.0?x=pkg:pypi/safe@9#a@b", ("pypi", "", "torch", "1.0")),
        ("pkg:npm/%40babel/core@7", ("npm", "@babel", "core", "7")),
        ("pkg:npm/@babel/core", ("npm", "@babel", "core", "")),
        ("pkg:deb/debian/libc6@1:2.3-4", ("deb", "debian", "libc6", "1:2.3-4")),
        ("pypi/torch", ("", "", "", "")),
        ("pkg:" + "x" * 5_000, ("", "", "", "")),
    ],
)
def test_addresses_as_they_are_met(text, parts):
    purl = parse(text)

    assert (purl.kind, purl.namespace, purl.name, purl.version) == parts
