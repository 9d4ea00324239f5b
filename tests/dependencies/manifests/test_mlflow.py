from __future__ import annotations

from manifestfiles import reading, shown, whys


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
    text = "service: s\npython:\n  packages: [torch==1.13.1]\nconda: {dependencies: [x]}\n"

    assert [p.shown for p in reading("bentofile.yaml", text).packages] == ["torch 1.13.1"]
    assert whys("bentofile.yaml", text) == ["its conda section is not audited"]
