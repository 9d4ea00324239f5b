"""Documents that renderers made before, to compare with.

`UPDATE_GOLDEN=1 pytest tests/report` writes them anew; look at the difference before committing.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).with_name("golden_files")


def check(name: str, document: str) -> None:
    """Compare `document` with the checked-in file `name`."""
    file = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(document.encode())
    assert document.encode() == file.read_bytes(), f"{name} differs: see {__file__}"
