"""Vectors of words and what makes tokens of text, built for tests."""

from __future__ import annotations

import struct
from typing import Any

Json = dict[str, Any]

# --- fastText -------------------------------------------------------------------------------------

WORDS = ("a", "word")
LABELS = ("__label__x", "__label__y")
DIMENSION = 2


def entry(word: str, kind: int, count: int = 1) -> bytes:
    return word.encode() + b"\0" + struct.pack("<qb", count, kind)


def dense(rows: int, width: int = DIMENSION, *, cells: int | None = None) -> bytes:
    return struct.pack("<qq", rows, width) + bytes(4 * (rows * width if cells is None else cells))


def quantizer(width: int = DIMENSION, parts: int = 1, size: int = 2, last: int = 2) -> bytes:
    return struct.pack("<4i", width, parts, size, last) + bytes(4 * 256 * max(width, 0))


def codes(
    rows: int,
    width: int = DIMENSION,
    *,
    size: int | None = None,
    made: bytes | None = None,
    normed: bool = False,
) -> bytes:
    many = rows if size is None else size
    head = struct.pack("<?qqi", normed, rows, width, many) + bytes(max(many, 0))
    tail = bytes(rows) + quantizer(1, 1, 1, 1) if normed else b""
    return head + (quantizer(width) if made is None else made) + tail


def fasttext(
    *,
    words: tuple[str, ...] = WORDS,
    labels: tuple[str, ...] = LABELS,
    counts: tuple[int, int, int] | None = None,
    entries: bytes | None = None,
    dimension: int = DIMENSION,
    bucket: int = 0,
    longest: int = 0,
    ngrams: int = 1,
    model: int = 3,
    loss: int = 3,
    version: int = 12,
    pruned: int = -1,
    rows: tuple[int, ...] = (),
    input_: bytes | None = None,
    output: bytes | None = None,
    quantised: bool = False,
    whole: bool = False,
) -> bytes:
    head = struct.pack("<II", 0x2F4F16BA, version)
    arguments = (dimension, 5, 5, 1, 5, ngrams, loss, model, bucket, 0, longest, 100)
    head += struct.pack("<12id", *arguments, 1e-4)
    size = (len(words) + len(labels), len(words), len(labels)) if counts is None else counts
    head += struct.pack("<3iqq", *size, 10, pruned)
    if entries is None:
        entries = b"".join(entry(w, 0) for w in words) + b"".join(entry(w, 1) for w in labels)
    kept = b"".join(struct.pack("<ii", n, row) for n, row in enumerate(rows))
    grams = bucket if pruned < 0 else pruned
    answers = len(labels) if model == 3 else len(words)
    first = dense(len(words) + grams) if input_ is None else input_
    last = dense(answers) if output is None else output
    return (
        head + entries + kept + struct.pack("?", quantised) + first + struct.pack("?", whole) + last
    )


# --- word2vec -------------------------------------------------------------------------------------


def word2vec(words: int = 2, said: int | None = None, size: int = 3) -> bytes:
    head = b"%d %d\n" % (words if said is None else said, size)
    return head + b"".join(b"w%d " % i + struct.pack("<f", -1.5) * size for i in range(words))


def word2vec_text(words: int = 2, said: int | None = None, numbers: str = "0.5 -1e-3 2") -> bytes:
    head = f"{words if said is None else said} 3\n"
    return (head + "".join(f"w{i} {numbers}\n" for i in range(words))).encode()


# --- SentencePiece --------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | float) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text: bytes, kind: int = 1) -> bytes:
    return field(1, field(1, text) + field(2, -1.5) + field(3, kind))


LEAF = 1 << 31
UNITS = (1 << 10, LEAF, *[0] * 254)  # the root leads to unit 1, which ends in text 0


def charsmap(
    units: tuple[int, ...] = UNITS, texts: bytes = b"a\0b\0", size: int | None = None
) -> bytes:
    many = 4 * len(units) if size is None else size
    return struct.pack(f"<{1 + len(units)}I", many, *units) + texts


def sentencepiece(
    *more: bytes,
    unknown: int = 1,
    rules: bytes | None = None,
    trained: bytes = b"corpus.txt",
    fallback: bool = False,
    behind: bytes = b"",
) -> bytes:
    pieces = piece(b"<unk>", 2) * unknown + piece(b"<s>", 3) + piece(b"a") + b"".join(more)
    spec = field(1, trained) + field(2, b"m") + (field(35, 1) if fallback else b"")
    trainer = field(2, spec)
    name = field(1, b"nmt_nfkc") + field(2, charsmap() if rules is None else rules)
    return pieces + trainer + field(3, name) + behind


# --- Hugging Face tokenizers ----------------------------------------------------------------------


def replace(content: str) -> Json:
    return {"type": "Replace", "pattern": {"String": " "}, "content": content}


def added(number: object, content: str) -> Json:
    flags = ("single_word", "lstrip", "rstrip", "normalized")
    return {"id": number, "content": content, "special": True, **dict.fromkeys(flags, False)}


def tokenizer(**changes: object) -> Json:
    made: Json = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(0, "<unk>")],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, replace("▁")]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁"},
        "post_processor": template(1),
        "decoder": {"type": "Sequence", "decoders": [replace(" "), {"type": "Fuse"}]},
        "model": {"type": "BPE", "vocab": {"<unk>": 0, "a": 1, "b": 2, "ab": 3}, "merges": ["a b"]},
    }
    return made | changes


def template(count: int, number: object = 0) -> Json:
    special = {"<s>": {"id": "<s>", "ids": [number] * count, "tokens": ["<s>"] * count}}
    return {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": special}


def unigram() -> Json:
    return {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.5]]}
