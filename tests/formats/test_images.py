import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source
from modelwarden.formats.images import Image, read, sniff


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b"")
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00"
    + bytes(6)
    + b"!\xf9\x04"
    + bytes(5)
    + b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x03x\x12\xff\x00\x34\xff\xd0\x56\xff\xff\xd9"
BMP = (
    b"BM" + struct.pack("<I", 30) + bytes(4) + b"\x1a\x00\x00\x00" + b"\x0c\x00\x00\x00" + bytes(12)
)
WEBP = b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 " + bytes(4)
IMAGES = {"png": PNG, "gif": GIF, "jpeg": JPEG, "bmp": BMP, "webp": WEBP}


def look(data: bytes) -> Image:
    source = Source("i", data)
    assert sniff(source)
    return read(source, Limits())


@pytest.mark.parametrize(("kind", "data"), IMAGES.items())
def test_an_image_is_walked_to_its_end(kind: str, data: bytes):
    view = look(data)

    assert (view.format, view.end, view.trailing, view.gaps) == (kind, len(data), 0, ())


@pytest.mark.parametrize(("kind", "data"), IMAGES.items())
def test_what_stands_behind_the_end_is_a_child(kind: str, data: bytes):
    view = look(data + b"PK\x03\x04 more")

    (child,) = view.children
    nested = child.open()
    assert nested.read(0, nested.size) == b"PK\x03\x04 more"
    assert view.trailing == 9


@pytest.mark.parametrize("kind", ["png", "gif", "jpeg"])
def test_an_image_that_breaks_off_is_a_gap(kind: str):
    assert look(IMAGES[kind][:-3]).gaps


def test_padding_behind_the_end_is_nothing():
    assert look(PNG + b"\x00\n\x00").children == ()


def test_a_scan_with_markers_at_every_place_of_the_window_is_followed():
    data = JPEG[:13] + (b"\xff\x00" * 70_001) + b"\x01\xff\xd9"

    assert look(data).end == len(data)


@given(st.sampled_from(sorted(IMAGES)), st.binary(max_size=100))
def test_any_bytes_behind_a_magic_are_read_without_an_exception(kind: str, data: bytes):
    read(Source("i", IMAGES[kind][:12] + data), Limits())
