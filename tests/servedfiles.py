"""Archives of TorchServe, `torch.export` and NeMo, for tests."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def mar(members: Mapping[str, bytes | str] | None = None, **model: str) -> bytes:
    """Return a TorchServe archive; `model` is what its manifest says."""
    said = {"modelName": "m", "modelVersion": "1.0", "handler": "image_classifier"} | model
    manifest = {"createdOn": "today", "runtime": "python", "model": said, "archiverVersion": "0.12"}
    return zipped({"MAR-INF/MANIFEST.json": json.dumps(manifest), **(members or {})})


def node(target: str, **more: object) -> dict[str, object]:
    return {"target": target, "inputs": [], "outputs": [], "metadata": {}, **more}


def program(*nodes: object) -> str:
    graph = {"inputs": [], "outputs": [], "nodes": list(nodes)}
    return json.dumps({"graph_module": {"graph": graph}, "torch_version": "2.13.0"})


def exported(*nodes: object, members: Mapping[str, bytes | str] | None = None) -> bytes:
    """Return a program of `torch.export` with one weight."""
    meta = {"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}]}
    weight = {"path_name": "weight_0", "is_param": True, "use_pickle": False, "tensor_meta": meta}
    parts: dict[str, bytes | str] = {
        "m/data/weights/weight_0": bytes(24),
        "m/data/weights/model_weights_config.json": json.dumps({"config": {"w": weight}}),
        "m/models/model.json": program(*nodes),
        "m/archive_format": "pt2",
        "m/archive_version": "0",
        "m/byteorder": "little",
    }
    return zipped(parts | dict(members or {}))


def nemo(config: str, members: Sequence[tuple[str, bytes]] = (("weights.ckpt", b""),)) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in (("./model_config.yaml", config.encode()), *members):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


NEMO = "target: nemo.collections.asr.models.EncDecCTCModel\nnemo_version: 1.20.0\n"
