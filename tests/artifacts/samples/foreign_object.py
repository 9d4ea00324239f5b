"""Samples of `foreign-object`."""

from __future__ import annotations

from pathlib import Path

_JAVA = b"\xac\xed\x00\x05sr\x00"


def bad(folder: Path) -> str:
    name = b"org.apache.commons.collections.functors.InvokerTransformer"
    (folder / "model.ser").write_bytes(_JAVA + bytes([len(name)]) + name + bytes(10))
    return "model.ser"


def good(folder: Path) -> None:
    name = b"weka.classifiers.trees.J48"
    (folder / "model.ser").write_bytes(_JAVA + bytes([len(name)]) + name + bytes(10))
