from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from modelwarden.dependencies.collect import collect


@dataclass(frozen=True)
class File:
    path: str
    name: str


def collected(root: Path, **files: str):
    """Write files and collect from all of them, as a scan of the folder does."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return collect([File(str(p), str(p.relative_to(root))) for p in found], [str(root)])


def packages(found) -> dict[str, str]:
    return {p.name: f"{p.shown} in {p.path}" for p in found.packages}


def test_what_a_manifest_refers_to_is_read_once_even_in_a_circle(tmp_path):
    found = collected(
        tmp_path,
        requirements_txt="-r deep/base.lst\ntorch==1.0\n",
        deep__base_lst="-r ../requirements.txt\n-r base.lst\nnumpy==2.0\n",
    )

    assert packages(found) == {
        "torch": "torch 1.0 in requirements.txt",
        "numpy": "numpy 2.0 in deep/base.lst",
    }
    assert found.gaps == ()


def test_what_is_not_there_or_lies_outside_is_a_gap(tmp_path):
    (tmp_path / "secret.txt").write_text("password==1\n")
    root = tmp_path / "root"
    text = "-r gone.txt\n-r ../secret.txt\n-r /etc/passwd\n-r https://example.org/r.txt\n-c gone\n"

    found = collected(root, requirements_txt=text)

    whys = sorted(gap.why for gap in found.gaps)
    assert [why.partition(" which ")[2] for why in whys] == [
        "lies outside of what is scanned",
        "lies outside of what is scanned",
        "is not there",
        "is not there",
        "is no local file",
    ]
    assert found.packages == ()


def test_a_link_does_not_lead_outside(tmp_path):
    (tmp_path / "secret.txt").write_text("password==1\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "inner.lst").symlink_to(tmp_path / "secret.txt")

    found = collected(root, requirements_txt="-r inner.lst\n")

    assert ["outside" in gap.why for gap in found.gaps] == [True]


def test_constraints_pin_what_is_asked_for_and_add_nothing(tmp_path):
    found = collected(
        tmp_path,
        requirements_txt="-c limits.lst\ntorch\nnumpy>=1.0\nscipy==1.0\n",
        limits_lst="torch==1.13.1\nnumpy<2\nscipy==3.0\nflask==0.1\n",
    )

    assert packages(found) == {
        "torch": "torch 1.13.1 in requirements.txt",
        "numpy": "numpy<2,>=1.0 in requirements.txt",
        "scipy": "scipy 1.0 in requirements.txt",
    }


def test_a_version_that_is_known_settles_a_range_in_the_same_folder(tmp_path):
    found = collected(
        tmp_path,
        pyproject_toml='[project]\ndependencies = ["torch>=1.0", "flask"]\n',
        poetry_lock='[[package]]\nname = "Torch"\nversion = "1.13.1"\n',
        other__requirements_txt="torch>=1.0\n",
    )

    assert {(p.shown, p.path) for p in found.packages} == {
        ("Torch 1.13.1", "poetry.lock"),
        ("flask", "pyproject.toml"),
        ("torch>=1.0", "other/requirements.txt"),
    }


def test_a_chain_of_files_without_end_is_cut(tmp_path):
    files = {f"f{n}_lst": f"-r f{n + 1}.lst\na{n}==1\n" for n in range(1_200)}

    found = collected(tmp_path, requirements_txt="-r f0.lst\n", **files)

    assert [gap.kind for gap in found.gaps] == ["over-limit"]


@pytest.mark.parametrize(
    "reference", ["a/" * 5_000 + "x", "x" * 300, "caf\udce9", "a\tb", "*", "~"]
)
def test_a_reference_that_can_be_no_path_is_not_there(tmp_path, reference):
    text = f"-r {reference}\ntorch==1.0\n".encode("utf-8", "surrogateescape")
    (tmp_path / "requirements.txt").write_bytes(text)
    files = [File(str(tmp_path / "requirements.txt"), "requirements.txt")]

    found = collect(files, [str(tmp_path)])

    assert [package.shown for package in found.packages] == ["torch 1.0"]
    assert [gap.why.endswith("which is not there") for gap in found.gaps] == [True]


def test_a_pin_settles_a_range_only_where_it_fits_and_is_always_there(tmp_path):
    found = collected(
        tmp_path,
        requirements_txt="torch<1.13\nnumpy<2\nflask>=1\n",
        a_requirements_txt="torch==2.9.0\nnumpy==1.26.0 ; sys_platform == 'none'\nflask==3.0\n",
    )

    assert sorted(p.shown for p in found.packages) == [
        "flask 3.0", "numpy 1.26.0", "numpy<2", "torch 2.9.0", "torch<1.13",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["Dockerfile", "environment.yml"])
def test_a_reference_that_gives_nothing_is_a_gap(tmp_path, name):
    (tmp_path / name).write_text("torch==1.0\n")

    found = collected(tmp_path, requirements_txt=f"numpy==2.3.0\n-r {name}\n")

    assert [g.why for g in found.gaps] == [f"refers to {name}, which names no package"]


def test_a_secret_in_a_reference_is_not_shown(tmp_path):
    found = collected(tmp_path, requirements_txt="-r https://me:SECRET@host/r.txt?key=SECRET\n")

    assert [g.why for g in found.gaps] == ["refers to 'https://host/r.txt', which is no local file"]


def test_an_installation_without_metadata_is_told_by_its_folder(tmp_path):
    for name, inner in (("torch-1.0", ("RECORD",)), ("numpy-2.0", ("RECORD", "METADATA"))):
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        for file in inner:
            (folder / file).write_text("Name: numpy\nVersion: 2.0\n")

    found = collected(tmp_path)

    assert packages(found) == {
        "torch": "torch 1.0 in torch-1.0.dist-info/RECORD",
        "numpy": "numpy 2.0 in numpy-2.0.dist-info/METADATA",
    }
