from __future__ import annotations

from manifestfiles import reading, shown


def test_an_mlmodel_tells_what_wrote_the_model():
    text = """
flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.10.12
  sklearn:
    pickled_model: model.pkl
    sklearn_version: 1.0.2
mlflow_version: 2.3.0
"""

    assert shown("MLmodel", text) == ["mlflow 2.3.0", "scikit-learn 1.0.2"]


def test_a_python_env_names_its_build_and_run_time_packages():
    text = "python: 3.10\nbuild_dependencies: [pip==22.0]\ndependencies: [-r requirements.txt]\n"

    manifest = reading("python_env.yaml", text)

    assert [p.shown for p in manifest.packages] == ["pip 22.0"]
    assert manifest.refers == ["requirements.txt"]


def test_a_bentofile():
    text = """
service: s
python:
  packages: [torch==1.13.1]
  wheels: [build/own-1.0-py3-none-any.whl]
  requirements_txt: r.txt
conda:
  dependencies: [numpy=1.21.0=py39_0, "scipy>=1"]
  pip: [flask==1.0]
  environment_yml: env.yml
"""

    manifest = reading("bentofile.yaml", text)

    assert [p.shown for p in manifest.packages] == [
        "torch 1.13.1", "own 1.0", "numpy 1.21.0", "scipy>=1", "flask 1.0",
    ]  # fmt: skip
    assert [p.conda for p in manifest.packages] == [False, False, True, True, False]
    assert manifest.refers == ["r.txt", "env.yml"]
