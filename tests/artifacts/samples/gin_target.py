"""Samples of `gin-target`."""

from __future__ import annotations

from pathlib import Path


def bad(folder: Path) -> str:
    (folder / "a.gin").write_text(
        "import os\nos.system.command = 'true'\ntrain.fn = @os.system()\n"
    )
    return "a.gin"


def good(folder: Path) -> None:
    (folder / "a.gin").write_text(
        "from __gin__ import dynamic_registration\nimport t5.models\n"
        "t5.models.mesh_transformer.train.batch_size = 4\nrun.model = @t5.models.MtfModel()\n"
    )
