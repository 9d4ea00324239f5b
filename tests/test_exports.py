"""What packages export, in whatever order their modules are imported."""

from __future__ import annotations

import ast
from pathlib import Path

import modelwarden

PACKAGES = sorted(Path(modelwarden.__file__).parent.rglob("__init__.py"))


def exported(init: Path) -> dict[str, str]:
    """Return each name that a package imports for others, and the module it comes from."""
    tree = ast.parse(init.read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: node.module or ""
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_no_module_takes_the_place_of_what_its_package_exports():
    """`import a.b.c` sets `c` on `a.b`, over a function of that name from another module."""
    taken = []
    for init in PACKAGES:
        within = {path.stem for path in init.parent.glob("*.py")}
        within |= {path.parent.name for path in init.parent.glob("*/__init__.py")}
        taken += [
            f"{init.parent.name}: {name}"
            for name, module in exported(init).items()
            if name in within and module.rpartition(".")[2] not in {name, init.parent.name}
        ]

    assert len(PACKAGES) > 40
    assert taken == []
