"""What runs in the sandbox, in the user's interpreter: a scanned scikit-learn model is converted.

The sandbox's worker runs this file and calls `predict`. It imports nothing of Modelwarden, and
nothing that it says is believed: the parent scans the file that it leaves behind, and compares
the predictions of the model (`original`) with those of that file in a fresh process (`converted`).

`order.json` beside this file: role, model, form, result (a name in the working folder).
`info.json` is written for the parent: features of the model, classes, versions.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

ORDER = json.loads(Path(__file__).with_name("order.json").read_text(encoding="utf-8"))


def _load(path: str) -> Any:
    try:
        import joblib
    except ImportError:
        import pickle

        with Path(path).open("rb") as stream:
            return pickle.load(stream)  # noqa: S301 -- scanned, and confined by the kernel
    return joblib.load(path)


def _write(model: Any, features: int) -> None:
    if ORDER["form"] == "skops":
        import skops.io

        skops.io.dump(model, ORDER["result"])
        return
    import numpy
    import skl2onnx

    is_classifier = hasattr(model, "classes_")
    made = skl2onnx.to_onnx(
        model,
        numpy.zeros((1, features), dtype=numpy.float32),
        options={id(model): {"zipmap": False}} if is_classifier else None,
    )
    Path(ORDER["result"]).write_bytes(made.SerializeToString())


def _answers(model: Any, rows: Any) -> Any:
    """Return the model's numbers for each row: its scores when it has some, and its answer."""
    import numpy

    found = []
    for name in ("predict_proba", "decision_function"):
        if hasattr(model, name):
            found.append(numpy.asarray(getattr(model, name)(rows), dtype=float))
            break
    if hasattr(model, "predict"):
        answer = numpy.asarray(model.predict(rows))
        classes = getattr(model, "classes_", None)
        if classes is not None and not isinstance(classes, list):
            answer = numpy.searchsorted(classes, answer)
        found.append(numpy.asarray(answer, dtype=float))
    elif hasattr(model, "transform"):
        answer = model.transform(rows)
        found.append(numpy.asarray(getattr(answer, "toarray", lambda: answer)(), dtype=float))
    return numpy.column_stack([part.reshape(len(rows), -1) for part in found])


def _original() -> Any:
    import numpy

    model = _load(ORDER["model"])
    features = int(getattr(model, "n_features_in_", 0))
    info = {"features": features, "classes": [], "kind": type(model).__name__}
    classes = getattr(model, "classes_", None)
    if classes is not None and not isinstance(classes, list):
        info["classes"] = [str(one)[:100] for one in classes][:1000]
    if features:
        _write(model, features)
    Path("info.json").write_text(json.dumps(info), encoding="utf-8")

    def predict(batch: list[list[float]]) -> Any:
        kind = numpy.float32 if ORDER["form"] == "onnx" else numpy.float64
        return _answers(model, numpy.asarray(batch, dtype=kind)).tolist()

    return predict


def _skops() -> Any:
    import numpy
    import skops.io

    path = ORDER["model"]
    model = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))

    def predict(batch: list[list[float]]) -> Any:
        return _answers(model, numpy.asarray(batch, dtype=numpy.float64)).tolist()

    return predict


def _onnx() -> Any:
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(ORDER["model"], providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name
    classes = ORDER["classes"]

    def predict(batch: list[list[float]]) -> Any:
        rows = numpy.asarray(batch, dtype=numpy.float32)
        outputs = session.run(None, {feed: rows})
        labels = numpy.asarray(outputs[0])
        if classes:
            places = {name: place for place, name in enumerate(classes)}
            labels = numpy.asarray([places.get(str(one), math.nan) for one in labels.ravel()])
        scores = [numpy.asarray(one, dtype=float) for one in outputs[1:]]
        parts = [*scores, numpy.asarray(labels, dtype=float)]
        return numpy.column_stack([part.reshape(len(rows), -1) for part in parts]).tolist()

    return predict


predict = {"original": _original, "skops": _skops, "onnx": _onnx}[ORDER["role"]]()
