"""Train models on real data with the libraries of `.venv-models`, as a user's own script would.

.venv-models/bin/python train_real.py WHAT DATA FOLDER
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

os.environ["OMP_NUM_THREADS"] = "1"


def adult(data):
    """Return features, words as categories with the same codes everywhere, and the label."""
    import pandas as pd

    frame = pd.read_csv(data)
    return frame.drop(columns="label"), frame["label"]


def trees(data, folder):
    """Save boosted trees as LightGBM's text; words are turned to numbers by a table beside it."""
    import lightgbm

    x, y = adult(data)
    codes = {c: sorted(x[c].dropna().unique()) for c in x.select_dtypes(exclude="number")}
    for column, words in codes.items():
        x[column] = x[column].map({w: i for i, w in enumerate(words)}).astype(float)
    given = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 0, "num_leaves": 15}
    booster = lightgbm.train(given, lightgbm.Dataset(x, y), num_boost_round=60)
    booster.save_model(folder / "trees.txt")
    (folder / "codes.json").write_text(json.dumps(codes))


def pipeline(data, folder):
    """Save a pipeline of scikit-learn in a folder of MLflow."""
    import mlflow.sklearn
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    x, y = adult(data)
    words = ["education", "marital_status", "relationship", "sex"]
    numbers = ["age", "hours_per_week", "capital_gain"]
    model = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), words), (StandardScaler(), numbers)
        ),
        LogisticRegression(max_iter=500),
    ).fit(x, y)
    mlflow.sklearn.save_model(
        model,
        folder / "saved",
        serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"],
    )


NET = """
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = torch.nn.Conv2d(1, 8, 5, stride=2)
        self.told = torch.nn.Linear(8 * 12 * 12, 10)

    def forward(self, x):
        return self.told(torch.relu(self.seen(x / 255)).flatten(1))


def build():
    return Net()
"""


def digits(data, folder):
    """Save a small convolutional network as a torch module with weights, and as ONNX."""
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper

    torch.manual_seed(0)
    torch.set_num_threads(1)
    names = {}
    exec(compile(NET, "net.py", "exec"), names)
    net = names["build"]()
    with np.load(data) as arrays:
        x, y = torch.from_numpy(arrays["x"]).float(), torch.from_numpy(arrays["y"]).long()
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(2):
        for rows in torch.randperm(len(x)).split(100):
            steps.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            steps.step()
    (folder / "net.py").write_text(NET)
    torch.save(net.state_dict(), folder / "net.pt")
    weights = {k: v.numpy() for k, v in net.state_dict().items()}
    weights["scale"] = np.float32(255)
    nodes = [
        helper.make_node("Div", ["x", "scale"], ["a"]),
        helper.make_node("Conv", ["a", "seen.weight", "seen.bias"], ["b"], strides=[2, 2]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "told.weight", "told.bias"], ["e"], transB=1),
        helper.make_node("Softmax", ["e"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), folder / "net.onnx")


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
