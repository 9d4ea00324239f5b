"""ONNX messages, written byte by byte for tests."""

from __future__ import annotations

from tfgraphs import message

Part = tuple[int, bytes | str | int]


def entry(key: str, value: str | bytes) -> bytes:
    return message((1, key), (2, value))


def tensor(*more: Part, dims: tuple[int, ...] = (2,), kind: int = 1, name: str = "w") -> bytes:
    return message(*((1, dim & (1 << 64) - 1) for dim in dims), (2, kind), (8, name), *more)


def outside(location: str, *pairs: tuple[str, str]) -> bytes:
    """Return a tensor of 8 bytes that lie in another file."""
    entries = (("location", location), *pairs)
    return tensor(*((13, entry(*pair)) for pair in entries), (14, 1))


def node(kind: str = "Add", domain: str = "", *more: Part) -> bytes:
    named = ((7, domain),) if domain else ()
    return message((1, "x"), (2, "y"), (3, "n"), (4, kind), *named, *more)


def graph(*nodes: bytes, tensors: tuple[bytes, ...] = (), more: tuple[Part, ...] = ()) -> bytes:
    inside = ((1, each) for each in nodes or (node(),))
    return message(*inside, (2, "g"), *((5, each) for each in tensors), *more)


def attribute(*parts: Part) -> bytes:
    return message((1, "body"), *parts)


def function(name: str, domain: str, *nodes: bytes) -> bytes:
    return message((1, name), *((7, each) for each in nodes), (10, domain))


def model(made: bytes | None = None, *more: Part) -> bytes:
    opset = message((2, 17))
    return message((1, 8), (2, "exporter"), (3, "1.0"), (7, made or graph()), (8, opset), *more)
