"""HDF5 files, compared with what the reference library sees in them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.hdf5.groups import LinkKind
from modelwarden.formats.hdf5.reader import HDF5, KERAS_H5, Hdf5File

h5py = pytest.importorskip("h5py")
np = pytest.importorskip("numpy")

VERSIONS = ["earliest", "v108", "v110", "v112", "latest"]


def view_of(path: Path) -> Hdf5File:
    source = Source("model.h5", path.read_bytes())
    return HDF5.read(source, Limits())


def seen_by_library(path: Path) -> tuple[set[tuple[str, str]], dict[tuple[str, str], object]]:
    """Return the links with their kinds, and the attributes with their values."""
    links: set[tuple[str, str]] = set()
    attributes: dict[tuple[str, str], object] = {}

    def visit(group: object, name: str) -> None:
        for key, value in group.attrs.items():
            attributes[name, key] = value
        if not isinstance(group, h5py.Group):
            return
        for key in group:
            link = group.get(key, getlink=True)
            where = f"{name.rstrip('/')}/{key}"
            kind = type(link).__name__.removesuffix("Link").lower()
            links.add((where, kind))
            if kind == "hard":
                visit(group[key], where)

    with h5py.File(path) as file:
        visit(file, "/")
    return links, attributes


def texts(value: object) -> list[str]:
    flat = np.asarray(value, dtype=object).ravel()
    return [v.decode() if isinstance(v, bytes) else str(v) for v in flat]


def few(file: object) -> None:
    file.attrs["keras_version"] = "2.9.0"
    file.attrs["fixed"] = np.bytes_(b"short")
    file.attrs["names"] = np.array([b"a", b"bcd"])
    file.attrs["many"] = ["x", "", "long" * 50]
    file.attrs["number"] = 3
    file.attrs["numbers"] = np.arange(5.0)
    group = file.create_group("a/b/c")
    group.attrs["inner"] = "text"
    group.create_dataset("w", data=np.zeros((3, 4)))
    file["soft"] = h5py.SoftLink("/a/b")
    file["out"] = h5py.ExternalLink("/etc/other.h5", "/x")


def many_attributes(file: object) -> None:
    for number in range(300):
        file.attrs[f"attribute {number}"] = f"value {number}"


def many_links(file: object) -> None:
    for number in range(1500):
        file[f"name {number}"] = h5py.SoftLink(f"/target {number}")


def many_groups(file: object) -> None:
    for number in range(400):
        file.create_group(f"g{number % 20}/h{number}").attrs["n"] = str(number)


def ordered(file: object) -> None:
    group = file.create_group("ordered", track_order=True)
    for number in range(40):
        group.create_dataset(f"d{number}", data=[number])
        group.attrs[f"a{number}"] = f"v{number}"


def large_text(file: object) -> None:
    file.attrs["model_config"] = json.dumps({"class_name": "x" * 200_000})


def typed(file: object) -> None:
    file["type"] = np.dtype([("a", "i4"), ("b", "S5")])
    file.create_dataset("d", data=np.zeros(3, dtype=file["type"]), dtype=file["type"])
    file["string type"] = h5py.string_dtype()
    file.attrs.create("with type", "text", dtype=file["string type"])
    file.create_dataset("chunked", data=np.zeros((50, 50)), chunks=(5, 5), compression="gzip")
    file.create_dataset("compact", data=[1, 2], track_order=True)


BUILDERS: list[Callable[[object], None]] = [
    few,
    many_attributes,
    many_links,
    many_groups,
    ordered,
    large_text,
    typed,
]


@pytest.mark.parametrize("libver", VERSIONS)
@pytest.mark.parametrize("build", BUILDERS)
def test_links_and_attributes_are_those_of_the_library(
    build: Callable[[object], None], libver: str, tmp_path: Path
):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        build(file)
    links, attributes = seen_by_library(path)

    view = view_of(path)

    assert view.gaps == ()
    assert {(link.path, link.kind.value) for link in view.links} == links
    assert {(a.owner, a.name) for a in view.attributes} == set(attributes)
    for attribute in view.attributes:
        if attribute.text and attribute.values:
            expected = texts(attributes[attribute.owner, attribute.name])
            assert [v.decode() for v in attribute.values] == expected


def test_targets_of_links_are_named(tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        few(file)

    found = {link.path: link for link in view_of(path).links}

    assert found["/soft"].target == "/a/b"
    assert (found["/out"].kind, found["/out"].file) == (LinkKind.EXTERNAL, "/etc/other.h5")


@pytest.mark.parametrize("libver", VERSIONS)
def test_a_circle_of_hard_links_is_walked_once(libver: str, tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        group = file.create_group("a/b")
        group["up"] = file["a"]
        file["a/root"] = file["/"]

    view = view_of(path)

    assert view.gaps == ()
    assert len(view.links) == 4


@pytest.mark.parametrize("libver", VERSIONS)
def test_external_storage_is_named(libver: str, tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        where = [("/etc/passwd", 0, 8), ("other.bin", 0, 8)]
        file.create_dataset("w", (16,), dtype="u1", external=where)

    view = view_of(path)

    assert [d.external for d in view.datasets] == [("/etc/passwd", "other.bin")]
    assert view.gaps == ()


@pytest.mark.parametrize("libver", ["v110", "latest"])
def test_a_virtual_dataset_is_named(libver: str, tmp_path: Path):
    path = tmp_path / "m.h5"
    layout = h5py.VirtualLayout(shape=(2, 10), dtype="f4")
    layout[0] = h5py.VirtualSource("elsewhere.h5", "x", shape=(10,))
    with h5py.File(path, "w", libver=libver) as file:
        file.create_virtual_dataset("w", layout)

    view = view_of(path)

    assert [d.virtual[0] for d in view.datasets if d.virtual] == ["elsewhere.h5"]


@pytest.mark.parametrize("libver", VERSIONS)
def test_a_user_block_and_appended_data_are_children(libver: str, tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver, userblock_size=1024) as file:
        few(file)
    data = b"#!/bin/sh\ntrue\n".ljust(1024, b"\x00") + path.read_bytes()[1024:] + b"more"
    path.write_bytes(data)

    view = view_of(path)

    children = {child.name: child for child in view.children}
    assert view.user_block == 1024
    assert len(view.links) == 6
    assert children["user block"].open().head.startswith(b"#!/bin/sh")
    assert children["appended data"].open().head == b"more"


@pytest.mark.parametrize(
    ("value", "expect"),
    [
        (b"\x80\x04N.", "pickle"),
        (b"\x80\x00cposix\nsystem\n(S'true'\ntR.", "pickle"),
        (b"cposix\nsystem\n(S'true'\ntR.", "pickle"),
        (b"N0(S'true'\niposix\nsystem\n.", "pickle"),
        (b"Vposix\nVsystem\n\x93(S'true'\ntR.", "pickle"),
        ("created – by us.".encode(), None),
        (b"(c.)", None),
    ],
)
def test_attributes_that_loaders_unpickle_are_children(
    value: bytes, expect: str | None, tmp_path: Path
):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_group("g").attrs["payload"] = np.void(value)
        file["g"].attrs["text"] = np.bytes_(value)

    view = view_of(path)

    opened = [child.open() for child in view.children]
    assert [child.expect for child in opened] == ([expect] * 2 if expect else [])


def test_a_pickle_as_raw_data_is_a_child(tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["bytes"] = np.frombuffer(b"\x80\x04N." * 9, dtype="u1")
        file["opaque"] = np.void(b"\x80\x04N.")
        file["weights"] = np.frombuffer(b"\x80\x04N." * 8, dtype="f4")

    view = view_of(path)

    assert sorted(child.name for child in view.children) == ["bytes", "opaque"]
    assert view.children[0].open().head.startswith(b"\x80\x04N.")


def test_byte_strings_of_any_length_are_a_gap(tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("objects", (2,), dtype=h5py.vlen_dtype(np.uint8))
        file.create_dataset("numbers", (2,), dtype=h5py.vlen_dtype(np.int32))

    assert [g.kind for g in view_of(path).gaps] == [GapKind.UNSUPPORTED]


def test_the_configuration_of_keras_is_a_child_with_producer(tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.9.0"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {}})
    source = Source("m.h5", path.read_bytes())

    view = KERAS_H5.read(source, Limits())

    assert KERAS_H5.sniff(source)
    assert view.producer is not None
    assert (view.producer.name, view.producer.version) == ("keras", "2.9.0")
    assert [(c.name, c.open().expect) for c in view.children] == [("model_config", "keras-config")]


def test_a_cut_file_is_a_gap_at_every_length(tmp_path: Path):
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        few(file)
    data = path.read_bytes()

    for size in range(8, len(data) - 1, 61):
        view = HDF5.read(Source("m.h5", data[:size]), Limits())
        assert view.gaps, f"cut to {size} bytes"


def built(tmp: Path, libver: str) -> bytes:
    path = tmp / f"{libver}.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for build in (few, ordered, typed):
            build(file)
    return path.read_bytes()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("seeds")
    return [built(folder, libver) for libver in ("earliest", "latest")]


def test_mutated_files_end_in_a_view_within_bounds(seeds: list[bytes]):
    rng = random.Random(7)
    for _ in range(400):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(data))
            data[at] = rng.choice([0, 255, 1, data[at] ^ 1 << rng.randrange(8)])
        view = HDF5.read(Source("m.h5", bytes(data)), Limits(operations=200_000, members=20_000))
        assert len(view.gaps) < 100


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([0, 1, 2, 3]))
def test_any_bytes_behind_a_signature_end_in_a_view(data: bytes, version: int):
    source = Source("m.h5", b"\x89HDF\r\n\x1a\n" + bytes([version]) + data)

    view = HDF5.read(source, Limits())

    assert view.gaps


def test_the_real_files_are_read_whole(shared: Path):
    files = sorted((shared / "data/models/keras").glob("*.h5"))
    assert files

    for path in files:
        links, attributes = seen_by_library(path)
        view = view_of(path)
        assert view.gaps == ()
        assert {(link.path, link.kind.value) for link in view.links} == links
        assert {(a.owner, a.name) for a in view.attributes} == set(attributes)
