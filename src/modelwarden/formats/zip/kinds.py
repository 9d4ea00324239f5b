"""Kinds of zip archive, told apart by the names of their members.

To add one: a line in `KINDS`, the first that fits is taken, and a line with `of="zip"` in
`formats.catalog`. Its module has `read_archive(archive) -> View`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def kind_of(names: Sequence[str]) -> str | None:
    """Return the module that reads this kind of archive, or None for a plain zip."""
    return next((module for module, is_it in KINDS if is_it(names)), None)


def _torch(names: Sequence[str]) -> bool:
    """Torch puts all into one folder of any name; hand-made archives leave the folder out."""
    return any(name.rpartition("/")[2] == "data.pkl" and name.count("/") <= 1 for name in names)


def _package(names: Sequence[str]) -> bool:
    return any(name.endswith((".data/python_version", ".data/extern_modules")) for name in names)


def _npz(names: Sequence[str]) -> bool:
    return any(name.endswith(".npy") for name in names)


def _served(names: Sequence[str]) -> bool:
    return "MAR-INF/MANIFEST.json" in names


def _exported(names: Sequence[str]) -> bool:
    last = {name.rpartition("/")[2] for name in names if name.count("/") <= 1}
    return bool(last & {"archive_format", "serialized_exported_program.json"})


def _skops(names: Sequence[str]) -> bool:
    """A schema alone: an archive of another kind may have one beside its own marks."""
    return "schema.json" in names and "config.json" not in names


def _identified(names: Sequence[str]) -> bool:
    from modelwarden.formats.identified.archives import is_known

    return is_known(names)


KINDS: tuple[tuple[str, Callable[[Sequence[str]], bool]], ...] = (
    ("modelwarden.formats.torch.served", _served),
    ("modelwarden.formats.torch.exported", _exported),
    ("modelwarden.formats.torch.package", _package),
    ("modelwarden.formats.torch.zipped", _torch),
    ("modelwarden.formats.skops", _skops),
    ("modelwarden.formats.identified.archives", _identified),
    ("modelwarden.formats.npz", _npz),
)
