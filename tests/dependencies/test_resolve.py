"""pip's own resolver over wheels that the test builds; the network is never asked."""

from __future__ import annotations

import sys
import zipfile

import pytest

from cli.command import command, scan
from modelwarden.dependencies.packages import How, Package
from modelwarden.dependencies.resolve import resolve
from osvdata import index_of, record

ALL = [("introduced", "0"), ("fixed", "9.0")]


def wheel(folder, name, version, *needs):
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {need}" for need in needs]
    lines += ["Provides-Extra: more"] if any("extra" in need for need in needs) else []
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Return the folder that is all the index that pip has."""
    folder = tmp_path / "wheels"
    wheel(folder, "alpha", "1.0", "beta")
    wheel(folder, "alpha", "2.0", "beta>=1", 'gamma; extra == "more"')
    wheel(folder, "beta", "1.0")
    wheel(folder, "beta", "1.5")
    wheel(folder, "gamma", "0.1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def ranged(name, specifier="", **more):
    path = more.pop("path", "requirements.txt")
    return Package(name=name, specifier=specifier, how=How.RANGE, path=path, **more)


def shown(found):
    return sorted((p.shown, p.how.value) for p in found.packages)


def test_ranges_get_versions_and_what_these_need_comes_along(wheels):
    found = resolve([ranged("Alpha", ">=1", extras=("more",))])

    assert shown(found) == [
        ("Alpha 2.0", "resolved"), ("beta 1.5", "resolved"), ("gamma 0.1", "resolved"),
    ]  # fmt: skip
    assert found.gaps == ()
    assert "3 versions were chosen by pip today" in found.notes[0]


def test_what_is_pinned_beside_it_binds_the_choice(wheels):
    pin = Package(name="beta", version="1.0", path="requirements.txt")

    found = resolve([ranged("alpha", "<2"), pin])

    assert shown(found) == [("alpha 1.0", "resolved"), ("beta 1.0", "exact")]


def test_each_folder_is_asked_for_by_itself(wheels):
    found = resolve([ranged("alpha", "<2", path="a/r.txt"), ranged("alpha", path="b/r.txt")])

    assert {(p.shown, p.path) for p in found.packages if p.key == "alpha"} == {
        ("alpha 1.0", "a/r.txt"), ("alpha 2.0", "b/r.txt"),
    }  # fmt: skip


def test_what_cannot_be_resolved_stays_a_range_and_is_a_gap(wheels):
    found = resolve([ranged("alpha", ">=3")])

    assert shown(found) == [("alpha>=3", "range")]
    assert "pip could not resolve it: No matching distribution found for alpha>=3" in (
        found.gaps[0].why
    )


def test_a_stranger_s_sdist_is_never_built(wheels, tmp_path):
    marker = tmp_path / "ran"
    code = f"open({str(marker)!r}, 'w').close()\n"
    with zipfile.ZipFile(wheels / "delta-1.0.zip", "w") as archive:
        archive.writestr("delta-1.0/setup.py", f"{code}from setuptools import setup\nsetup()\n")
        archive.writestr("delta-1.0/PKG-INFO", "Metadata-Version: 1.0\nName: delta\nVersion: 1.0\n")

    found = resolve([ranged("delta")])

    assert not marker.exists()
    assert [gap.why[:26] for gap in found.gaps] == ["pip could not resolve it: "]


@pytest.mark.parametrize(
    "package",
    [
        ranged("alpha", "; -r /etc/passwd"),
        ranged("alpha", " --index-url=https://example.org"),
        ranged("alpha", "@ https://example.org/a.whl"),
        ranged("alpha", ">=1\n-e ."),
        ranged("alpha", ">=${HOME}"),
        ranged("alpha", marker="x == ' -r a'"),
        ranged("alpha", ">=1 # words"),
        ranged("alpha", "===1"),
    ],
    ids=lambda p: p.specifier or p.marker,
)
def test_what_could_mean_anything_else_to_pip_is_not_passed_on(wheels, package, monkeypatch):
    def started(*_, **__):
        raise AssertionError("pip was started")

    monkeypatch.setattr("subprocess.run", started)

    found = resolve([package])

    assert "is not passed on" in found.gaps[0].why


def test_pip_starts_apart_from_what_is_scanned(wheels, tmp_path, monkeypatch):
    hostile = tmp_path / "hostile"
    (hostile / "pip").mkdir(parents=True)
    marker = tmp_path / "ran"
    (hostile / "pip" / "__main__.py").write_text(f"open({str(marker)!r}, 'w').close()")
    (hostile / "pip" / "__init__.py").write_text("")
    monkeypatch.chdir(hostile)
    monkeypatch.setenv("PYTHONPATH", str(hostile))

    found = resolve([ranged("alpha")])

    assert not marker.exists()
    assert ("alpha 2.0", "resolved") in shown(found)


def test_an_interpreter_without_pip_is_a_gap(wheels, tmp_path):
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import sys; sys.exit(3)'\n")
    fake.chmod(0o700)

    for python, why in ((str(fake), "ended with an error"), (str(tmp_path / "no"), "no such file")):
        assert why in resolve([ranged("alpha")], python).gaps[0].why


def test_a_scan_resolves_only_when_it_is_asked_to(wheels, tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "requirements.txt").write_text("alpha>=1\n--index-url https://example.org\n-f /etc\n")
    index = index_of(tmp_path, record(package="alpha", events=ALL), record("P-2", "beta", ALL))

    plain = scan(root, "--advisories", index)
    asked = scan(root, "--advisories", index, "--resolve")

    (possibly,) = (f for f in plain.report["findings"] if f["stage"] == "dependencies")
    assert possibly["rule"] == "possibly-vulnerable-dependency"
    told = (f for f in asked.report["findings"] if f["stage"] == "dependencies")
    found = {f["evidence"]["package"]: f for f in told}
    assert {(n, f["evidence"]["version"]) for n, f in found.items()} == {
        ("alpha", "2.0"), ("beta", "1.5"),
    }  # fmt: skip
    assert all(f["confidence"] == "medium" for f in found.values())
    assert "choice of pip" in found["beta"]["evidence"]["resolved"]
    assert any("chosen by pip" in note for note in asked.report["run"]["notes"])
    assert command("scan", root, "--resolve", "--no-deps").code == 2
