"""Serve a small network by onnxruntime and uvicorn in the Open Inference Protocol v2.

PYTHON serve_onnx.py, with a Python that has onnx, onnxruntime, fastapi and uvicorn. It writes its
port to standard output and ends on SIGTERM.
"""

import socket
import sys

import numpy as np
import onnx
import onnxruntime
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from onnx import TensorProto, helper, numpy_helper

weights = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
graph = helper.make_graph(
    [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Softmax", ["z"], ["p"])],
    "m",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 12])],
    [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, 3])],
    [numpy_helper.from_array(weights, "w")],
)
made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(made)
session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
app = FastAPI()


@app.get("/v2/health/ready")
def ready():
    return {"ready": True}


@app.post("/v2/models/m/infer")
def infer(asked: dict):
    (tensor,) = asked["inputs"]
    try:
        x = np.array(tensor["data"], np.float32).reshape(tensor["shape"])
        (p,) = session.run(None, {tensor["name"]: x})
    except Exception as error:  # noqa: BLE001 - as servers do: what went wrong is told
        return JSONResponse({"error": str(error)}, 400)
    out = {"name": "p", "shape": list(p.shape), "datatype": "FP32", "data": p.ravel().tolist()}
    return {"model_name": "m", "id": asked.get("id", ""), "outputs": [out]}


listening = socket.create_server(("127.0.0.1", 0))
sys.stdout.write(f"{listening.getsockname()[1]}\n")
sys.stdout.flush()
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])
