from __future__ import annotations

from manifestfiles import reading, shown

ENVIRONMENT = """
name: env
channels: [conda-forge]
dependencies:
  - python=3.10
  - numpy=1.21.0=py310h1
  - conda-forge::pytorch==1.13.1
  - scipy=1.9
  - pandas>=1.4,<2
  - flask
  - pip:
    - mlflow==2.3.0
    - -r more.txt
"""


def test_an_environment_with_its_pip_section():
    assert shown("conda.yaml", ENVIRONMENT) == [
        "numpy 1.21.0",
        "torch 1.13.1",
        "scipy==1.9.*",
        "pandas>=1.4,<2",
        "flask",
        "mlflow 2.3.0",
    ]
    found = reading("conda.yaml", ENVIRONMENT)
    assert [p.conda for p in found.packages] == [True] * 5 + [False]
    assert found.refers == ["more.txt"]


def test_a_lock_tells_conda_and_pip_apart():
    text = """
version: 1
package:
- {name: pytorch, version: 1.13.1, manager: conda, platform: linux-64}
- {name: numpy, version: "1.10", manager: pip, platform: linux-64}
"""

    found = reading("conda-lock.yml", text).packages

    assert [(p.shown, p.conda) for p in found] == [("torch 1.13.1", True), ("numpy 1.10", False)]


def test_another_kind_of_environment_file_is_no_manifest():
    manifest = reading("environment.yaml", "database: x\n")

    assert (manifest.packages, manifest.gaps) == ([], [])


def test_an_explicit_lock_names_built_packages():
    text = """# platform: linux-64
@EXPLICIT
https://example.org/conda-forge/linux-64/numpy-1.21.0-py39h1.tar.bz2#0123456789abcdef
https://example.org/conda-forge/noarch/python-dateutil-2.8.2-pyhd8.conda
https://example.org/other
"""

    found = reading("conda-linux-64.lock", text)

    assert [p.purl for p in found.packages] == [
        "pkg:conda/numpy@1.21.0", "pkg:conda/python-dateutil@2.8.2",
    ]  # fmt: skip
    assert ["example.org/other" in gap.why for gap in found.gaps] == [True]


def test_an_installed_conda_package_is_told_by_what_conda_keeps_of_it():
    (package,) = reading(
        "env/conda-meta/pytorch-1.0-0.json", '{"name": "pytorch", "version": "1.0", "build": "0"}'
    ).packages

    assert (package.name, package.version, package.conda) == ("torch", "1.0", True)
