"""TensorFlow.js models, built for tests."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def weight(name: str = "w", shape: object = (2, 3), dtype: str = "float32", **more: object) -> Json:
    shaped = list(shape) if isinstance(shape, tuple) else shape
    return {"name": name, "shape": shaped, "dtype": dtype, **more}


def group(*paths: str, weights: tuple[Json, ...] = ()) -> Json:
    return {"paths": list(paths), "weights": list(weights or (weight(),))}


def layers(kind: str = "Dense", **config: object) -> Json:
    layer = {"class_name": kind, "config": {"name": "d", **config}}
    model = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}}
    return {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": model}


def graph(*operations: str, function: str | None = None) -> Json:
    nodes = [{"name": f"n{i}", "op": name} for i, name in enumerate(operations)]
    made: Json = {"node": nodes, "versions": {"producer": 1}}
    if function is not None:
        inner = {"signature": {"name": "f"}, "nodeDef": [{"name": "x", "op": function}]}
        made["library"] = {"function": [inner]}
    return made


def model(topology: Json, *groups: Json, **more: object) -> Json:
    made: Json = {
        "format": "graph-model" if "node" in topology else "layers-model",
        "generatedBy": "keras v2.15.0",
        "convertedBy": "TensorFlow.js Converter v4.17.0",
        "modelTopology": topology,
        "weightsManifest": list(groups or (group("group1-shard1of1.bin"),)),
    }
    return made | more
