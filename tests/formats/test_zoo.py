"""The zoo of real models: each file is told by its content, with its producer where it says so."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwarden.core import Producer
from modelwarden.formats import Limits, Source, identify, reader_of

# Files whose format has a reader of its own, with tests of its own.
READERS = {
    "cards/": {"model-card", "config", "markdown"},
    "numpy/": {"npz", "zip"},
    "safetensors/": {"safetensors"},
    "sklearn/": {"pickle", "joblib"},
    "sklearn_old/": {"pickle", "joblib"},
    "torch/": {"pickle", "torch-legacy", "yaml"},
    "torchscript/": {"zip", "torchscript"},
}
# Metadata of a TensorFlow Lite model is a zip archive behind it.
ALSO = {
    "tflite/face_detection_short_range.tflite": ["zip"],
}
EXPECTED: dict[str, tuple[str, str | None, str | None]] = {
    "catboost/model.cbm": ("catboost", "catboost", None),
    "coreml/basic_pitch.mlpackage/Data/com.apple.CoreML/model.mlmodel": (
        "coreml",
        "coremltools",
        "7.0",
    ),
    "coreml/basic_pitch.mlpackage/Data/com.apple.CoreML/weights/weight.bin": (
        "coreml-weights",
        "coremltools",
        None,
    ),
    "coreml/basic_pitch.mlpackage/Manifest.json": ("coreml-manifest", None, None),
    "fasttext/lid.176.ftz": ("fasttext", "fasttext", None),
    "gguf/vocab_gptneox.gguf": ("gguf", None, None),
    "hf/wordllama_tokenizer.json": ("hf-tokenizer", "tokenizers", None),
    "json/budoux_ja.json": ("json", None, None),
    "json/numpyro_divorce.json": ("json", None, None),
    "keras/chars2vec_eng50.h5": ("keras-h5", "keras", "2.2.0"),
    "keras/deepcut_cnn.h5": ("keras-h5", "keras", "2.0.2"),
    "keras/dgaintel_domain_classifier.h5": ("keras-h5", "keras", "2.2.4-tf"),
    "keras/dice_adult.h5": ("keras-h5", "keras", "2.9.0"),
    "lightgbm/iris.txt": ("lightgbm", "lightgbm", None),
    "lightgbm/toy_categorical.txt": ("lightgbm", "lightgbm", None),
    "onnx/basic_pitch.onnx": ("onnx", "tf2onnx", "1.15.1 37820d"),
    "onnx/logreg_iris.onnx": ("onnx", "OnnxMLTools", "1.2.0.0116"),
    "onnx/magika_v3_3.onnx": ("onnx", "tf2onnx", "1.16.1 15c810"),
    "onnx/mul_1.onnx": ("onnx", "chenta", None),
    "onnx/ppocr_mobile_v2_cls.onnx": ("onnx", "PaddlePaddle", None),
    "onnx/sigmoid.onnx": ("onnx", "backend-test", None),
    "onnx/silero_vad_16k_op15.onnx": ("onnx", "pytorch", "2.3.1"),
    "opencv/lbpcascade_frontalface.xml": ("opencv-xml", "opencv", None),
    "paddle/ppocr_cls/inference.pdiparams": ("paddle-parameters", "paddlepaddle", None),
    "paddle/ppocr_cls/inference.pdmodel": ("paddle-program", "paddlepaddle", "2.3.2"),
    "pmml/iris_dectree.pmml.xml": ("pmml", "KNIME", "2.8.0"),
    "tf/basic_pitch_savedmodel/saved_model.pb": ("tensorflow-savedmodel", "tensorflow", "2.4.1"),
    "tf/basic_pitch_savedmodel/variables/variables.data-00000-of-00001": (
        "tensorflow-checkpoint-data",
        "tensorflow",
        None,
    ),
    "tf/basic_pitch_savedmodel/variables/variables.index": (
        "tensorflow-checkpoint",
        "tensorflow",
        None,
    ),
    "tf/guesslang_savedmodel/saved_model.pb": ("tensorflow-savedmodel", "tensorflow", "2.5.0"),
    "tf/guesslang_savedmodel/variables/variables.data-00000-of-00001": (
        "tensorflow-checkpoint-data",
        "tensorflow",
        None,
    ),
    "tf/guesslang_savedmodel/variables/variables.index": (
        "tensorflow-checkpoint",
        "tensorflow",
        None,
    ),
    "tfjs/face_landmark_68_tiny_model-weights_manifest.json": (
        "tfjs-weights-manifest",
        "tensorflowjs",
        None,
    ),
    "tfjs/face_landmark_68_tiny_model.bin": ("tfjs-weights", "tensorflowjs", None),
    "tfjs/tiny_face_detector_model-weights_manifest.json": (
        "tfjs-weights-manifest",
        "tensorflowjs",
        None,
    ),
    "tfjs/tiny_face_detector_model.bin": ("tfjs-weights", "tensorflowjs", None),
    "tflite/basic_pitch.tflite": ("tflite", "tensorflow-lite", None),
    "tflite/face_detection_short_range.tflite": ("tflite", None, None),
    "xgboost/iris_legacy.bst": ("xgboost-binary", "xgboost", None),
    "xgboost/mushroom.json": ("xgboost-json", "xgboost", "1.1.1"),
    "xgboost/spam_xgb_model.json": ("xgboost-json", "xgboost", "3.4.0"),
    "xgboost/spam_xgb_model.ubj": ("xgboost-ubj", "xgboost", "3.2.0"),
}


SKLEARN = {
    "sklearn/digits_svm.joblib": "0.23.1",
    "sklearn/profanity_model.joblib": "1.9.1",
    "sklearn/profanity_vectorizer.joblib": "1.9.1",
    "sklearn/spam_detector_ai/lr_model.joblib": "1.9.0",
    "sklearn/spam_detector_ai/lr_vectoriser.joblib": "1.9.0",
    "sklearn/spam_detector_ai/nb_model.joblib": "1.9.0",
    "sklearn/spam_detector_ai/nb_vectoriser.joblib": "1.9.0",
    "sklearn/spam_detector_ai/svm_model.joblib": "1.9.0",
    "sklearn/spam_detector_ai/svm_vectoriser.joblib": "1.9.0",
    "sklearn/spam_detector_ai/xgb_vectoriser.joblib": "1.9.0",
    "sklearn_old/creditfraud_pipeline.pkl": "0.23.2",
    "sklearn_old/gym_malware_gb.pkl": "0.18.2",
    "sklearn_old/profanity_model_2019.joblib": "0.20.2",
}


@pytest.fixture
def zoo(shared: Path) -> Path:
    return shared / "data" / "models"


@pytest.fixture
def source(zoo: Path, request: pytest.FixtureRequest) -> Iterator[Source]:
    with Source.open(zoo / request.param, request.param) as source:
        yield source


@pytest.mark.parametrize(
    ("source", "expected"), EXPECTED.items(), indirect=["source"], ids=EXPECTED
)
def test_a_real_model_is_told_by_its_content(
    source: Source, expected: tuple[str, str | None, str | None]
):
    entries = identify(source)

    views = [reader_of(entry).read(source, Limits()) for entry in entries]

    found = [
        (view.format, view.producer and view.producer.name, view.producer and view.producer.version)
        for view in views
    ]
    assert found[0] == expected
    assert [form for form, _, _ in found[1:]] == ALSO.get(source.name, [])


def test_every_other_file_of_the_zoo_is_told_by_the_reader_of_its_format(zoo: Path):
    with (zoo / "index.csv").open(encoding="utf-8") as index:
        files = {row["file"] for row in csv.DictReader(index)}

    assert set(EXPECTED) < files
    for name in sorted(files - set(EXPECTED)):
        allowed = READERS[name.partition("/")[0] + "/"]
        with Source.open(zoo / name, name) as source:
            view = reader_of(identify(source)[0]).read(source, Limits())
        assert view.format in allowed, name


@pytest.mark.parametrize(("name", "version"), SKLEARN.items(), ids=SKLEARN)
def test_an_estimator_says_which_scikit_learn_wrote_it(zoo: Path, name: str, version: str):
    with Source.open(zoo / name, name) as source:
        view = reader_of(identify(source)[0]).read(source, Limits())

    assert view.producer == Producer(name="scikit-learn", version=version)
