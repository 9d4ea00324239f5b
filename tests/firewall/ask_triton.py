"""Triton's own client before a server and before the firewall; runs in a Python that has it."""

import json
import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException


def ask(client, x, number):
    tensor = triton.InferInput("x", list(x.shape), "FP32")
    tensor.set_data_from_numpy(x)
    return client.infer("m", [tensor], request_id=f"r{number}").as_numpy("s")


def told(what):
    try:
        return str(what())
    except InferenceServerException as error:
        return f"{error.status()} {error.message()}"


direct, wall = (triton.InferenceServerClient(f"127.0.0.1:{port}") for port in sys.argv[1:3])
batches = np.load(sys.argv[3])
same = 0
for number, name in enumerate(batches):
    one, other = (ask(client, batches[name], number) for client in (direct, wall))
    same += one.dtype == other.dtype and one.tobytes() == other.tobytes()
far = next(iter(batches.values())) + np.float32(9)
document = {
    "same": int(same),
    "reads": [
        str(client.get_server_metadata()) + str(client.get_model_metadata("m"))
        for client in (direct, wall)
    ],
    "ready": [wall.is_server_live(), wall.is_server_ready(), wall.is_model_ready("m")],
    "refused": [
        told(lambda: ask(wall, far, "far")),
        told(lambda: ask(wall, far * np.float32("nan"), "nan")),
        told(lambda: wall.unload_model("m")),
        told(wall.get_model_repository_index),
    ],
    "after": told(lambda: direct.is_model_ready("m")),
}
json.dump(document, sys.stdout)
