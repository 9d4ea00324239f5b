"""Real models that others publish: they answer, or say plainly why they cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from modelwarden.targets.config import DataConfig, LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.errors import TargetError
from modelwarden.targets.opened import OpenedModel, open_model
from modelwarden.targets.reading import read_data
from modelwarden.targets.spec import Modality, Task
from targets.opening import data_set, models_python

pytestmark = pytest.mark.slow
BINARY = ProjectConfig(name="zoo", task=Task.BINARY, modality=Modality.VECTOR)
MANY = ProjectConfig(name="zoo", task=Task.MULTICLASS, modality=Modality.VECTOR)
LIMITS = LimitsConfig(seconds=120.0)


def in_folder(shared: Path, file: str, folder: Path) -> str:
    """Copy one file of the zoo, as a user has it; return its name."""
    return Path(shutil.copy(shared / "data" / "models" / file, folder)).name


def right(opened: OpenedModel, data: DataSet) -> float:
    """Return the share of rows that the model gets right."""
    classes = np.array(opened.target.spec.classes, object)
    return float((classes[opened.target.labels(data.inputs)] == data.y).mean())


@pytest.mark.parametrize(
    ("file", "adapter", "load", "accuracy"),
    [
        ("sklearn/digits_svm.joblib", "sklearn", sklearn.datasets.load_digits, 0.984),
        ("lightgbm/iris.txt", "lightgbm", sklearn.datasets.load_iris, 0.993),
    ],
)
def test_a_published_model_is_as_right_as_outside(shared, tmp_path, file, adapter, load, accuracy):
    x, y = load(return_X_y=True)
    data = data_set(x, y)
    model = ModelConfig(
        path=in_folder(shared, file, tmp_path), adapter=adapter, python=models_python()
    )
    with open_model(MANY, model, LIMITS, tmp_path, sample=data) as opened:
        share, findings = right(opened, data), opened.findings()

    assert share == pytest.approx(accuracy, abs=0.001)
    assert findings == ()


def test_a_spam_filter_is_as_wrong_on_other_peoples_messages_as_outside(shared, tmp_path):
    """Its accuracy on these data was measured before, without Modelwarden: 0.336."""
    for file in ("lr_model.joblib", "lr_vectoriser.joblib"):
        in_folder(shared, f"sklearn/spam_detector_ai/{file}", tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "predict.py").write_text(
        "import pathlib, joblib\n"
        "here = pathlib.Path(__file__).parent / 'model'\n"
        "model = joblib.load(here / 'lr_model.joblib')\n"
        "words = joblib.load(here / 'lr_vectoriser.joblib')\n"
        "def predict(texts):\n    return model.predict_proba(words.transform(texts))\n"
    )
    for file in tmp_path.glob("*.joblib"):
        file.rename(tmp_path / "model" / file.name)
    project = ProjectConfig(name="spam", task=Task.BINARY, modality=Modality.TEXT)
    given = DataConfig(label="label", positive=1, text="text")
    path = str(shared / "data" / "sms-spam" / "sms.parquet")
    data = read_data("test", path, given, project, tmp_path)
    model = ModelConfig(
        path="model", adapter="callable", entry="predict.py:predict", python=models_python()
    )
    with open_model(project, model, LIMITS, tmp_path, sample=data, positive=1) as opened:
        share, findings = right(opened, data), opened.findings()

    assert share == pytest.approx(0.336, abs=0.001)
    assert findings == ()


@pytest.mark.parametrize(
    ("file", "adapter", "why", "hint"),
    [
        (
            "sklearn_old/gym_malware_gb.pkl",
            "sklearn",
            "No module named 'sklearn.ensemble.gradient_boosting'",
            "no longer in scikit-learn",
        ),
        (
            "sklearn_old/profanity_model_2019.joblib",
            "sklearn",
            "No module named 'sklearn.svm.classes'",
            "no longer in scikit-learn",
        ),
        ("sklearn_old/creditfraud_pipeline.pkl", "sklearn", "not fitted yet", "another release"),
        ("xgboost/iris_legacy.bst", "xgboost", "XGBoostError", "old binary form"),
        ("torch/attacut_sc.pth", "torch", "OrderedDict and no module", "outside"),
        ("torch/facenet_mtcnn/pnet.pt", "torch", "OrderedDict and no module", "outside"),
        ("torch/lpips_squeeze_v0.1.pth", "torch", "OrderedDict and no module", "outside"),
        ("keras/dgaintel_domain_classifier.h5", "keras", "time_major", "outside"),
        ("keras/chars2vec_eng50.h5", "keras", "No model config", "outside"),
        ("torchscript/silero_vad.jit", "torch", "missing value for argument 'sr'", "outside"),
    ],
)
def test_a_model_that_todays_libraries_cannot_open_names_the_piece(
    shared, tmp_path, file, adapter, why, hint
):
    x = np.random.default_rng(0).random((8, 30))
    path = in_folder(shared, file, tmp_path)
    model = ModelConfig(path=path, adapter=adapter, python=models_python())
    settings = {"sample": data_set(x), "classes_hint": (0, 1), "positive": 1}
    with (
        pytest.raises(TargetError, match=why) as caught,
        open_model(BINARY, model, LIMITS, tmp_path, **settings),
    ):
        pass

    assert hint in (caught.value.hint or "")
    assert caught.value.findings == ()
