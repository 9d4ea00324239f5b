"""Binary files of XGBoost, written byte by byte for tests."""

from __future__ import annotations

import struct

Node = tuple[int, int, int, int]
# Parent, left, right, feature: a root with two leaves. The left child's parent has its top bit set.
STUMP: tuple[Node, ...] = ((-1, 1, 2, 1), (-(1 << 31), -1, -1, 0), (0, -1, -1, 0))


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def tree(nodes: tuple[Node, ...] = STUMP, *, count: int | None = None, features: int = 2) -> bytes:
    head = struct.pack("<6i", 1, len(nodes) if count is None else count, 0, 0, features, 0)
    body = b"".join(struct.pack("<iiiIf", *node, 0.5) for node in nodes)
    return head.ljust(148, b"\0") + body + bytes(16 * len(nodes))


def booster(
    *trees: bytes, count: int | None = None, groups: tuple[int, ...] | None = None
) -> bytes:
    many = len(trees) if count is None else count
    head = struct.pack("<iiiiqii", many, 1, 2, 0, 0, 1, 0).ljust(160, b"\0")
    of = (0,) * len(trees) if groups is None else groups
    return head + b"".join(trees) + struct.pack(f"<{len(of)}i", *of)


def linear(weights: int = 3, features: int = 2) -> bytes:
    head = struct.pack("<II", features, 1).ljust(136, b"\0")
    return head + struct.pack("<Q", weights) + bytes(4 * weights)


def model(
    body: bytes | None = None, name: str = "gbtree", attributes: dict[str, str] | None = None
) -> bytes:
    flag = int(attributes is not None)
    head = struct.pack("<fIiiiII", 0.5, 2, 0, flag, 0, 1, 2).ljust(136, b"\0")
    pairs = attributes or {}
    end = struct.pack("<Q", len(pairs)) if flag else b""
    end += b"".join(text(key) + text(value) for key, value in pairs.items())
    made = booster(tree()) if body is None else body
    return b"binf" + head + text("binary:logistic") + text(name) + made + end
