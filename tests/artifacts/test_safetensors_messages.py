from __future__ import annotations

import json
from typing import TYPE_CHECKING

import modelwarden

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_cut_short_names_the_tensor_that_is_not_all_there(tmp_path: Path):
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
    header = json.dumps({"layer.weight": entry}).encode()
    model = tmp_path / "model.safetensors"
    model.write_bytes(len(header).to_bytes(8, "little") + header + bytes(10))

    report = modelwarden.scan(str(model))

    assert [
        finding.message for finding in report.findings if finding.rule == "safetensors-invalid"
    ] == ["'layer.weight': it ends at 16, the data at 10"]
