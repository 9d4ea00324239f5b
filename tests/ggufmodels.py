"""GGUF files, written byte by byte for tests."""

from __future__ import annotations

import struct
from dataclasses import dataclass

U8, I32, F32, BOOL, STRING, ARRAY, U64 = 0, 5, 6, 7, 8, 9, 10
U32 = 4


@dataclass(frozen=True)
class Writer:
    """Writes one version in one byte order."""

    version: int = 3
    order: str = "<"

    @property
    def wide(self) -> str:
        return self.order + ("I" if self.version == 1 else "Q")

    def number(self, layout: str, value: float) -> bytes:
        return struct.pack(self.order + layout, value)

    def count(self, value: int) -> bytes:
        return struct.pack(self.wide, value)

    def string(self, value: str | bytes) -> bytes:
        data = value.encode() if isinstance(value, str) else value
        return self.count(len(data)) + data

    def pair(self, key: str, kind: int, value: bytes) -> bytes:
        return self.string(key) + self.number("I", kind) + value

    def text(self, key: str, value: str) -> bytes:
        return self.pair(key, STRING, self.string(value))

    def array(self, key: str, kind: int, count: int, items: bytes) -> bytes:
        return self.pair(key, ARRAY, self.number("I", kind) + self.count(count) + items)

    def tensor(
        self, name: str = "w", dims: tuple[int, ...] = (8,), kind: int = 0, offset: int = 0
    ) -> bytes:
        shape = b"".join(self.count(dim) for dim in dims)
        head = self.string(name) + self.number("I", len(dims)) + shape
        return head + self.number("I", kind) + self.number("Q", offset)

    def file(
        self,
        *pairs: bytes,
        tensors: tuple[bytes, ...] = (),
        data: bytes = b"",
        counts: tuple[int, int] | None = None,
        alignment: int = 32,
    ) -> bytes:
        many, keys = counts or (len(tensors), len(pairs))
        head = b"GGUF" + self.number("I", self.version) + self.count(many) + self.count(keys)
        head += b"".join(pairs) + b"".join(tensors)
        return head + bytes(-len(head) % alignment) + data if tensors else head


V3 = Writer()


def sound(writer: Writer = V3, template: str = "{{ messages[0].content }}") -> bytes:
    """Return a small file with every kind of value and two tensors."""
    return writer.file(
        writer.text("general.architecture", "llama"),
        writer.text("tokenizer.chat_template", template),
        writer.pair("general.alignment", U32, writer.number("I", 32)),
        writer.pair("a.flag", BOOL, b"\x01"),
        writer.array("tokens", STRING, 100, writer.string("token") * 100),
        writer.array("few", STRING, 2, writer.string("one") * 2),
        writer.array("scores", F32, 3, bytes(12)),
        tensors=(writer.tensor("a"), writer.tensor("b", (32, 2), 8, 32)),
        data=bytes(32 + 68),
    )
