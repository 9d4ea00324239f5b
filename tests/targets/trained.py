"""Train and save honest models with the libraries of `.venv-models`, and what they answer.

    .venv-models/bin/python trained.py FAMILY FOLDER

Each model is a folder: its file or files as the library itself saves them, `case.json` (how it is
opened), `inputs.json` or `inputs.npz`, and `expected.npz`: the answer of the library, asked here
with all rows at once, without Modelwarden. Columns of scores stand in the order of the classes.
"""

import json
import os
import pickle
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

os.environ["KERAS_BACKEND"] = "torch"
ROWS = 400
HERE = Path(sys.argv[2])


def keep(name, inputs, expected, *, adapter, path="model", classes=(), positive=None, **facts):
    """Write everything of one model but the model itself, which lies in the folder already."""
    folder = HERE / name
    if isinstance(inputs, pd.DataFrame):
        columns = {}
        for column in inputs:
            values = inputs[column].astype(object)
            columns[str(column)] = values.where(inputs[column].notna(), None).tolist()
        (folder / "inputs.json").write_text(json.dumps({"frame": columns}))
        modality = "tabular"
    elif isinstance(inputs, list):
        (folder / "inputs.json").write_text(json.dumps({"texts": inputs}))
        modality = "text"
    else:
        np.savez(folder / "inputs.npz", x=inputs)
        modality = "image" if inputs.ndim == 4 else "vector"
    task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    case = {"adapter": adapter, "path": path, "task": task, "modality": modality, **facts}
    case |= {"classes": list(classes), "positive": positive}
    (folder / "case.json").write_text(json.dumps(case))
    np.savez(folder / "expected.npz", answer=np.asarray(expected))


def place(name, file):
    """Return where a model of this name is to be saved."""
    folder = HERE / name / "model"
    folder.mkdir(exist_ok=True, parents=True)
    return folder / file


def people(rows=ROWS, seed=0):
    """Return a table of numbers, words and gaps, with a truth of two words."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    hours = rng.normal(40, 10, rows).round(1)
    hours[::17] = np.nan
    job = rng.choice(["clerk", "nurse", "smith", "cook's mate"], rows)
    member = rng.random(rows) < 0.4
    score = (age - 45) / 15 + (job == "nurse") - 0.5 * member + rng.normal(0, 0.7, rows)
    frame = pd.DataFrame({"age": age, "hours": hours, "job": job, "member": member})
    return frame, np.where(score > 0, "yes", "no")


def numbers(rows=ROWS, width=6, classes=3, seed=1):
    """Return vectors and a truth of a few classes."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 2, (classes, width))
    y = rng.integers(0, classes, rows)
    return centres[y] + rng.normal(size=(rows, width)), y


def pictures(rows=ROWS, seed=2):
    """Return small pictures, 0 to 255, with a bright quarter that is their class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, rows)
    x = rng.integers(0, 100, (rows, 1, 8, 8)).astype(np.float32)
    for row, quarter in enumerate(y):
        top, left = 4 * (quarter // 2), 4 * (quarter % 2)
        x[row, 0, top : top + 4, left : left + 4] += 120
    return x, y


def sentences(rows=ROWS, seed=3):
    """Return short texts of two kinds."""
    rng = np.random.default_rng(seed)
    words = {
        "ham": "see you at home for lunch tomorrow".split(),
        "spam": "win free cash now".split(),
    }
    y = rng.choice(["ham", "spam"], rows)
    return [" ".join(rng.choice([*words[kind], "é", "the", "and"], 6)) for kind in y], y


def sklearn_models():
    """Save what users of scikit-learn save, by pickle, joblib and skops."""
    import joblib
    import skops.io
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import (
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
        RandomForestRegressor,
        VotingClassifier,
    )
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.svm import SVC, LinearSVC

    frame, truth = people()
    x, y = numbers()
    prepared = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["job"]),
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "hours", "member"]),
    )
    words = {"classes": ("no", "yes"), "positive": "yes"}

    model = make_pipeline(prepared, LogisticRegression()).fit(frame, truth)
    joblib.dump(model, place("pipeline of a table", "model.joblib"))
    keep("pipeline of a table", frame, model.predict_proba(frame), adapter="sklearn", **words)

    model = make_pipeline(prepared, LinearSVC()).fit(frame, truth)
    place("margins of a table", "model.pkl").write_bytes(pickle.dumps(model))
    keep("margins of a table", frame, model.decision_function(frame), adapter="sklearn", **words)

    shuffled = frame[["member", "job", "hours", "age"]]
    gaps = frame.assign(job=frame["job"].where(frame["age"] > 25))
    model = make_pipeline(prepared, LogisticRegression()).fit(gaps, truth)
    joblib.dump(model, place("words with gaps", "model.joblib"))
    keep("words with gaps", gaps, model.predict_proba(gaps), adapter="sklearn", **words)

    model = make_pipeline(prepared, LinearSVC()).fit(frame, truth)
    name = "columns in another order"
    place(name, "model.pkl").write_bytes(pickle.dumps(model))
    keep(name, shuffled, model.decision_function(frame), adapter="sklearn", **words)

    plain = {"adapter": "sklearn", "classes": (0, 1, 2)}
    forms = {
        "forest on many cores": RandomForestClassifier(30, n_jobs=-1, random_state=0),
        "neighbours on many cores": KNeighborsClassifier(n_jobs=2),
        "boosted histograms": HistGradientBoostingClassifier(max_iter=20, random_state=0),
        "network of scikit-learn": MLPClassifier((8,), max_iter=150, random_state=0),
        "logistic regression": LogisticRegression(C=0.1),
        "a vote": VotingClassifier(
            [("a", GaussianNB()), ("b", LogisticRegression())], voting="soft", n_jobs=2
        ),
    }
    for name, form in forms.items():
        model = form.fit(x, y)
        joblib.dump(model, place(name, "model.joblib"), compress=3)
        keep(name, x, model.predict_proba(x), **plain)

    for name, form in {
        "support vectors": SVC(decision_function_shape="ovr"),
        "ridge classifier": RidgeClassifier(),
    }.items():
        model = form.fit(x, y)
        joblib.dump(model, place(name, "model.joblib"))
        keep(name, x, model.decision_function(x), **plain)

    hard = VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="hard")
    model = hard.fit(x, np.array(["low", "middle", "top"])[y])
    joblib.dump(model, place("labels alone", "model.joblib"))
    named = {"adapter": "sklearn", "classes": ("low", "middle", "top")}
    keep("labels alone", x, np.searchsorted(model.classes_, model.predict(x)), **named)

    for name, form in {
        "forest of values": RandomForestRegressor(20, n_jobs=2, random_state=0),
        "boosted values": GradientBoostingRegressor(n_estimators=20, random_state=0),
    }.items():
        model = form.fit(x, x[:, 0] * 3 + y)
        joblib.dump(model, place(name, "model.joblib"))
        keep(name, x, model.predict(x), adapter="sklearn")

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    skops.io.dump(model, place("pipeline in skops", "model.skops"))
    keep("pipeline in skops", x, model.predict_proba(x), **plain)

    texts, kinds = sentences()
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, kinds)
    joblib.dump(model, place("pipeline of texts", "model.joblib"))
    words = {"classes": ("ham", "spam"), "positive": "spam"}
    keep("pipeline of texts", texts, model.predict_proba(texts), adapter="sklearn", **words)

    code = (
        "import pathlib, joblib\n"
        "model = joblib.load(pathlib.Path(__file__).with_name('model.joblib'))\n"
        "def predict(texts):\n    assert isinstance(texts, list)\n"
        "    return model.predict_proba(texts)[:, 1]\n"
    )
    joblib.dump(model, place("callable of texts", "model.joblib"))
    place("callable of texts", "predict.py").write_text(code)
    facts = {"adapter": "callable", "entry": "predict.py:predict", **words}
    keep("callable of texts", texts, model.predict_proba(texts), **facts)

    code = (
        "import pandas, pickle, pathlib\n"
        "with open(pathlib.Path(__file__).with_name('model.pkl'), 'rb') as stream:\n"
        "    model = pickle.load(stream)\n"
        "def predict(frame):\n    assert isinstance(frame, pandas.DataFrame), type(frame)\n"
        "    return pandas.Series(model.predict(frame))\n"
    )
    model = make_pipeline(prepared, GaussianNB()).fit(frame, truth)
    place("callable of a table", "model.pkl").write_bytes(pickle.dumps(model))
    place("callable of a table", "predict.py").write_text(code)
    facts = {"adapter": "callable", "entry": "predict.py:predict", "classes": ("no", "yes")}
    keep("callable of a table", frame, model.predict(frame) == "yes", positive="yes", **facts)


def xgboost_models():
    """Save boosters in both of xgboost's forms, and the estimator as a pickle."""
    import joblib
    import xgboost

    x, y = numbers()
    table, truth = people()
    columns = [f"f{i}" for i in range(x.shape[1])]
    frame = pd.DataFrame(x, columns=columns)

    model = xgboost.XGBClassifier(n_estimators=10, n_jobs=2).fit(x, y)
    model.save_model(place("xgboost in JSON", "model.json"))
    keep("xgboost in JSON", x, model.predict_proba(x), adapter="xgboost", classes=(0, 1, 2))

    model = xgboost.XGBClassifier(n_estimators=10, n_jobs=2).fit(frame[columns[:4]], y > 0)
    model.save_model(place("xgboost in UBJSON", "model.ubj"))
    facts = {"adapter": "xgboost", "classes": (0, 1), "positive": 1}
    keep("xgboost in UBJSON", frame, model.predict_proba(frame[columns[:4]]), **facts)

    model = xgboost.XGBRegressor(n_estimators=10).fit(x, 2 * x[:, 0])
    model.save_model(place("xgboost of values", "model.json"))
    keep("xgboost of values", x, model.predict(x), adapter="xgboost")

    given = table.assign(job=table["job"].astype("category"))
    model = xgboost.XGBClassifier(n_estimators=10, enable_categorical=True).fit(
        given, truth == "yes"
    )
    model.save_model(place("xgboost with words", "model.json"))
    facts = {"adapter": "xgboost", "classes": (False, True), "positive": True}
    keep("xgboost with words", table, model.predict_proba(given), **facts)

    model = xgboost.train({"objective": "multi:softmax", "num_class": 3}, xgboost.DMatrix(x, y), 10)
    model.save_model(place("xgboost that says classes", "model.json"))
    facts = {"adapter": "xgboost", "classes": (0, 1, 2)}
    keep("xgboost that says classes", x, model.predict(xgboost.DMatrix(x)), **facts)

    model = xgboost.XGBClassifier(n_estimators=10).fit(x, y)
    joblib.dump(model, place("xgboost as a pickle", "model.joblib"))
    keep("xgboost as a pickle", x, model.predict_proba(x), adapter="sklearn", classes=(0, 1, 2))


def lightgbm_models():
    """Save boosters as text, and the estimator as a pickle."""
    import joblib
    import lightgbm

    x, y = numbers()
    table, truth = people()
    given = table.assign(job=table["job"].astype("category"))
    calm = {"n_estimators": 10, "verbose": -1, "n_jobs": 2}

    model = lightgbm.LGBMClassifier(**calm).fit(x, y)
    model.booster_.save_model(place("lightgbm as text", "model.txt"))
    keep("lightgbm as text", x, model.predict_proba(x), adapter="lightgbm", classes=(0, 1, 2))

    model = lightgbm.LGBMClassifier(**calm).fit(given, truth == "yes")
    model.booster_.save_model(place("lightgbm with words", "model.txt"))
    facts = {"adapter": "lightgbm", "classes": ("no", "yes"), "positive": "yes"}
    keep("lightgbm with words", table, model.predict_proba(given), **facts)

    model = lightgbm.LGBMRegressor(**calm).fit(x, 2 * x[:, 0])
    model.booster_.save_model(place("lightgbm of values", "model.txt"))
    keep("lightgbm of values", x, model.predict(x), adapter="lightgbm")

    model = lightgbm.LGBMClassifier(**calm).fit(x, y)
    joblib.dump(model, place("lightgbm as a pickle", "model.joblib"))
    keep("lightgbm as a pickle", x, model.predict_proba(x), adapter="sklearn", classes=(0, 1, 2))


def catboost_models():
    """Save models in both of catboost's forms."""
    import catboost

    table, truth = people()
    x, y = numbers()
    calm = {"iterations": 10, "verbose": False, "thread_count": 2, "allow_writing_files": False}

    model = catboost.CatBoostClassifier(cat_features=["job"], **calm).fit(table, truth)
    model.save_model(str(place("catboost with words", "model.cbm")))
    facts = {"adapter": "catboost", "classes": ("no", "yes"), "positive": "yes"}
    keep("catboost with words", table, model.predict_proba(table), **facts)

    model = catboost.CatBoostClassifier(**calm).fit(x, y)
    model.save_model(str(place("catboost in JSON", "model.json")), format="json")
    keep("catboost in JSON", x, model.predict_proba(x), adapter="catboost", classes=(0, 1, 2))

    model = catboost.CatBoostRegressor(**calm).fit(x, 2 * x[:, 0])
    model.save_model(str(place("catboost of values", "model.cbm")))
    keep("catboost of values", x, model.predict(x), adapter="catboost")


def torch_models():
    """Save a network in the four ways in which people do."""
    import torch

    torch.manual_seed(0)
    code = (
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.seen = torch.nn.Conv2d(1, 4, 3, padding=1)\n"
        "        self.norm = torch.nn.BatchNorm2d(4)\n"
        "        self.told = torch.nn.Linear(4 * 8 * 8, 4)\n"
        "    def forward(self, x):\n"
        "        x = torch.relu(self.norm(self.seen(x / 255)))\n"
        "        return self.told(x.flatten(1))\n"
        "def build():\n    return Net()\n"
    )
    names: dict = {}
    exec(code, names)
    net = names["build"]()
    x, y = pictures()
    inputs, truth = torch.from_numpy(x), torch.from_numpy(y)
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(15):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(inputs), truth).backward()
        optimiser.step()
    net.eval()
    with torch.no_grad():
        expected = net(inputs).numpy()
    facts = {"classes": (0, 1, 2, 3), "adapter": "torch"}

    place("torch weights", "net.py").write_text(code)
    torch.save(net.state_dict(), place("torch weights", "weights.pth"))
    known = {"entry": "net.py:build", "weights": "model/weights.pth"}
    keep("torch weights", x, expected, **facts, **known)

    place("torch safetensors", "net.py").write_text(code)
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    place("torch safetensors", "weights.safetensors").write_bytes(safetensors(state))
    known = {"entry": "net.py:build", "weights": "model/weights.safetensors"}
    keep("torch safetensors", x, expected, **facts, **known)

    torch.jit.trace(net, inputs[:2]).save(place("torchscript", "model.pt"))
    keep("torchscript", x, expected, path="model/model.pt", **facts)

    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 4)).eval()
    torch.save(flat, place("torch module", "model.pth"))
    with torch.no_grad():
        keep("torch module", x, flat(inputs).numpy(), path="model/model.pth", **facts)

    vectors, _ = numbers()
    small = torch.nn.Sequential(torch.nn.Linear(6, 1), torch.nn.Sigmoid()).eval()
    torch.save(small, place("torch of two classes", "model.pth"))
    with torch.no_grad():
        one = small(torch.from_numpy(vectors).float()).numpy()
    known = {"classes": (0, 1), "positive": 1, "adapter": "torch"}
    keep(
        "torch of two classes", vectors, np.hstack([1 - one, one]), path="model/model.pth", **known
    )


def safetensors(state):
    """Return arrays in the form of safetensors."""
    head, data = {}, b""
    for name, values in state.items():
        kind = {"float32": "F32", "int64": "I64"}[str(values.dtype)]
        part = np.ascontiguousarray(values).tobytes()
        offsets = [len(data), len(data) + len(part)]
        head[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": offsets}
        data += part
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + data


def keras_models():
    """Save a network in both of keras' forms; images have their channels last."""
    import keras

    keras.utils.set_random_seed(0)
    x, y = pictures()
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(last, y, epochs=2, verbose=0)
    expected = model.predict(last, verbose=0)
    for name, file in (("keras of pictures", "model.keras"), ("keras in HDF5", "model.h5")):
        model.save(place(name, file))
        keep(name, x, expected, adapter="keras", classes=(0, 1, 2, 3))

    vectors, _ = numbers()
    small = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
    small.save(place("keras of two classes", "model.keras"))
    one = small.predict(vectors.astype("float32"), verbose=0)
    facts = {"adapter": "keras", "classes": (0, 1), "positive": 1}
    keep("keras of two classes", vectors, np.hstack([1 - one, one]), **facts)


def onnx_models():
    """Save what skl2onnx converts, and a network of plain operators."""
    import onnx
    import onnxruntime
    import skl2onnx
    from onnx import TensorProto, helper, numpy_helper
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    table, truth = people()
    table = table.assign(hours=table["hours"].fillna(40.0))[["age", "hours", "job"]]
    prepared = make_column_transformer(
        (OneHotEncoder(), ["job"]), (StandardScaler(), ["age", "hours"])
    )
    model = make_pipeline(prepared, LogisticRegression()).fit(table, truth)
    kinds = {"age": FloatTensorType, "hours": FloatTensorType, "job": StringTensorType}
    takes = [(name, kind([None, 1])) for name, kind in kinds.items()]
    made = skl2onnx.to_onnx(model, initial_types=takes)
    facts = {"adapter": "onnx", "classes": ("no", "yes"), "positive": "yes"}
    save(onnx, made, "onnx with a column an input")
    keep("onnx with a column an input", table, model.predict_proba(table), **facts)

    x, y = numbers()
    takes = [("X", FloatTensorType([None, 6]))]
    model = LogisticRegression().fit(x, np.array(["a", "b", "c"])[y])
    named = {"adapter": "onnx", "classes": ("a", "b", "c")}
    for name, zipped in (("onnx with named scores", True), ("onnx with plain scores", False)):
        made = skl2onnx.to_onnx(model, initial_types=takes, options={"zipmap": zipped})
        save(onnx, made, name)
        keep(name, x, model.predict_proba(x), **named)

    model = LinearRegression().fit(x, 2 * x[:, 0] + 1)
    save(onnx, skl2onnx.to_onnx(model, initial_types=takes), "onnx of values")
    keep("onnx of values", x, model.predict(x), adapter="onnx")

    rng = np.random.default_rng(5)
    weights = {
        "w": rng.normal(0, 0.2, (3, 1, 3, 3)).astype(np.float32),
        "v": rng.normal(0, 0.01, (108, 4)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("MatMul", ["c", "v"], ["scores"]),
    ]
    pictures_of, _ = pictures()
    for name, rows in (("onnx of pictures", "n"), ("onnx of sixteen pictures", 16)):
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 1, 8, 8])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [rows, 4])],
            [numpy_helper.from_array(value, key) for key, value in weights.items()],
        )
        opsets = [helper.make_opsetid("", 17)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        save(onnx, made, name)
        session = onnxruntime.InferenceSession(str(place(name, "model.onnx")))
        step = 16 if rows == 16 else len(pictures_of)
        parts = [
            session.run(None, {"x": pictures_of[start : start + step]})[0]
            for start in range(0, len(pictures_of), step)
        ]
        keep(name, pictures_of, np.concatenate(parts), adapter="onnx", classes=(0, 1, 2, 3))


def save(onnx, model, name):
    """Save one ONNX model."""
    onnx.save(model, place(name, "model.onnx"))


def mlflow_models():
    """Save folders as mlflow does: of a library, of a Python model, of a loader of one's own."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow.pyfunc
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = numbers()
    frame = pd.DataFrame(x, columns=[f"f{i}" for i in range(x.shape[1])])
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, y)
    facts = {"adapter": "mlflow", "classes": (0, 1, 2), "path": "model/saved"}
    needs = {"pip_requirements": ["scikit-learn"]}
    mlflow.sklearn.save_model(
        model, place("mlflow of scikit-learn", "saved"), serialization_format="cloudpickle", **needs
    )
    keep("mlflow of scikit-learn", frame, model.predict_proba(frame), **facts)

    code = place("mlflow with a loader", "code")
    code.mkdir(exist_ok=True)
    (code / "own_loader.py").write_text(
        "import json\n"
        "class Model:\n"
        "    def __init__(self, at): self.at = at\n"
        "    def predict(self, data, params=None): return (data['f0'] > self.at).astype(int)\n"
        "def _load_pyfunc(path):\n"
        "    with open(path) as stream:\n        return Model(json.load(stream)['at'])\n"
    )
    data = place("mlflow with a loader", "threshold.json")
    data.write_text('{"at": 0.25}')
    mlflow.pyfunc.save_model(
        place("mlflow with a loader", "saved"),
        loader_module="own_loader",
        data_path=str(data),
        code_paths=[str(code / "own_loader.py")],
        pip_requirements=[],
    )
    two = {"adapter": "mlflow", "classes": (0, 1), "path": "model/saved", "positive": 1}
    keep("mlflow with a loader", frame, x[:, 0] > 0.25, **two)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    globals()[f"{sys.argv[1]}_models"]()
