"""Conda environments and conda-lock files, with their pip sections.

A conda package is taken to be the PyPI package of the same or a known other name: it is built from
the same source, by other people, which is why such findings have less confidence.

Source: https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html
"""

from __future__ import annotations

import re

from modelwarden.dependencies.manifests.requirements import named, requirements
from modelwarden.dependencies.manifests.text import json_document, short, table, tables
from modelwarden.dependencies.packages import How, Manifest, Package
from modelwarden.dependencies.purls import purl_of
from modelwarden.formats import yamltree

_NAMES = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "libopencv": "opencv-python",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "tensorflow-base": "tensorflow",
    "matplotlib-base": "matplotlib",
    "dask-core": "dask",
    "ray-core": "ray",
    "ray-default": "ray",
    "msgpack-python": "msgpack",
    "jupyter_server": "jupyter-server",
    "importlib_metadata": "importlib-metadata",
}
_SPEC = re.compile(r"^(?:[^\s:]*::)?([A-Za-z0-9_.\-]+)\s*(?:\[.*\])?\s*(.*)$")
_BUILT = re.compile(r"(.+)-([^-]+)-[^-]+\.(?:conda|tar\.bz2)")
_VERSIONS = re.compile(r"^=?\s*([0-9][^=\s,|*]*)(?:[=\s]+(\S+))?$")


def environment(text: str, manifest: Manifest) -> None:
    """Read an environment file; one without `dependencies` is a file of another kind."""
    document = yamltree.parse(text)
    entries = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return
    before = len(manifest.packages)
    for entry in entries:
        if isinstance(entry, str):
            conda_spec(entry, manifest)
        elif isinstance(entry, dict) and isinstance(pip := entry.get("pip"), list):
            requirements("\n".join(p for p in pip if isinstance(p, str)), manifest)
    if len(manifest.packages) == before and not (manifest.gaps or manifest.refers):
        manifest.gap("it names no package that can be audited")


def lock(text: str, manifest: Manifest) -> None:
    """Read a conda-lock file: a list `package`, each from conda or from pip."""
    document = yamltree.parse(text)
    entries = document.get("package") if isinstance(document, dict) else None
    for entry in tables(entries):
        conda = entry.get("manager") != "pip"
        name = str(entry.get("name", ""))
        version = str(entry.get("version", ""))
        if conda and name and name != "python":
            conda_package(name, version, manifest)
        elif name and not conda:
            named(name, version, manifest)
    if not isinstance(entries, list) and table(document):
        manifest.gap("it is no conda-lock file: it has no list of packages")


def explicit(text: str, manifest: Manifest) -> None:
    """Read an explicit lock: addresses of built packages, `name-version-build.conda#digest`."""
    for line in text.split("\n"):
        address = line.partition("#")[0].strip()
        if not address or address.startswith("@"):
            continue
        found = _BUILT.fullmatch(address.rpartition("/")[2])
        if found:
            conda_package(found[1], found[2], manifest)
        else:
            manifest.gap(f"cannot be audited: {short(address)} is no conda package")


def installed(text: str, manifest: Manifest) -> None:
    """Read what conda keeps of a package that it installed."""
    document = table(json_document(text))
    conda_package(str(document.get("name", "")), str(document.get("version", "")), manifest)


def conda_package(name: str, version: str, manifest: Manifest) -> None:
    """Take in a conda package with an exact version."""
    stated = purl_of("conda", name, version)
    named(pypi_name(name), version, manifest, conda=True, stated=stated)


def pypi_name(name: str) -> str:
    """Return the name on PyPI of a conda package."""
    return _NAMES.get(name.lower(), name)


def conda_spec(spec: str, manifest: Manifest) -> None:
    """Read one conda package with what is allowed of it."""
    found = _SPEC.match(spec.strip())
    if found is None or "://" in spec:
        manifest.gap(f"cannot be audited: {short(spec)} is no conda package")
        return
    name, rest = found[1], found[2].strip()
    if name.lower() == "python":
        return
    version, specifier = conda_version(rest)
    manifest.add(
        Package(
            name=pypi_name(name),
            version=version,
            specifier=specifier,
            how=How.EXACT if version else How.RANGE,
            path=manifest.path,
            conda=True,
            stated=purl_of("conda", found[1], version),
        )
    )


def conda_version(rest: str) -> tuple[str | None, str]:
    """Return the exact version of a conda spec, or what it allows as a PEP 440 specifier.

    `=1.2.3` allows 1.2.3.1 as well, but is what exports write for a version that is there, so
    three numbers, or a build, make it exact.

    >>> conda_version("=1.21.0=py39_0"), conda_version("==1.2"), conda_version("=1.2")
    (('1.21.0', ''), ('1.2', ''), (None, '==1.2.*'))
    >>> conda_version(">=1.2,<2"), conda_version("1.2.*"), conda_version("")
    ((None, '>=1.2,<2'), (None, '==1.2.*'), (None, ''))
    """
    exactly = rest.startswith("==")
    bare = rest.removeprefix("=")
    if found := _VERSIONS.match(bare):
        version, build = found.groups()
        if exactly or build or version.count(".") >= 2:
            return version, ""
        return None, f"=={version}.*"
    if re.fullmatch(r"=?[0-9][\w.]*\.?\*", bare):
        return None, f"=={bare.lstrip('=').rstrip('*').rstrip('.')}.*"
    return None, bare.replace(" ", "") if re.fullmatch(r"[<>=!~0-9a-z.,* ]+", bare) else ""
