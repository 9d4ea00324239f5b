import json
from pathlib import Path

import pytest

from modelwarden.formats import Limits, Source, identify, reader_of

RAW = bytes([200, 3, 77, 129]) * 6
INDEX = b"\0\0\x06\x08\x01" + bytes(60) + bytes.fromhex("57fb808b247547db")


def kind_of(path: Path) -> list[str]:
    with Source.open(path, path.name) as source:
        views = [reader_of(entry).read(source, Limits()) for entry in identify(source)]
    examined = ("tfjs-weights", "openvino-weights")
    assert all(bool(view.gaps) is (view.format not in examined) for view in views)
    return [view.format for view in views]


def manifest(folder: Path, name: str, weights: list[dict[str, object]], *paths: str) -> None:
    groups = [{"weights": weights, "paths": list(paths)}]
    content = {"weightsManifest": groups} if name == "model.json" else groups
    (folder / name).write_text(json.dumps(content))


def test_checkpoint_data_are_told_by_the_index_beside_them(tmp_path: Path):
    data = tmp_path / "variables.data-00000-of-00001"
    data.write_bytes(RAW)
    assert kind_of(data) == []

    (tmp_path / "variables.index").write_bytes(INDEX)

    assert kind_of(data) == ["tensorflow-checkpoint-data"]


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("net.bin", "net-weights_manifest.json"),
        ("group1-shard1of1.bin", "model.json"),
        ("net-shard1", "net-weights_manifest.json"),
    ],
)
def test_weights_are_told_by_a_manifest_that_gives_their_size(
    tmp_path: Path, name: str, beside: str
):
    (tmp_path / name).write_bytes(RAW)
    manifest(tmp_path, beside, [{"name": "w", "shape": [2, 3], "dtype": "float32"}], name)

    assert kind_of(tmp_path / name) == ["tfjs-weights"]


def test_quantised_weights_in_two_files_are_added_up(tmp_path: Path):
    weight = {"name": "w", "shape": [48], "dtype": "float32", "quantization": {"dtype": "uint8"}}
    for name in ("m-shard1", "m-shard2"):
        (tmp_path / name).write_bytes(RAW)
    manifest(tmp_path, "m-weights_manifest.json", [weight], "m-shard1", "m-shard2")

    assert kind_of(tmp_path / "m-shard2") == ["tfjs-weights"]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "[1]",
        "nonsense",
        "[" * 100_000,
        '[{"paths": ["net.bin"], "weights": ["w"]}]',
        '[{"paths": ["net.bin"], "weights": [{"shape": [7], "dtype": "float32"}]}]',
        '[{"paths": ["net.bin"], "weights": [{"shape": "x", "dtype": "float32"}]}]',
        '[{"paths": ["net.bin"], "weights": [{"shape": [6], "dtype": "text"}]}]',
        '[{"paths": ["other.bin"], "weights": [{"shape": [6], "dtype": "float32"}]}]',
    ],
    ids=lambda text: text[:40],
)
def test_a_manifest_that_does_not_fit_says_nothing(tmp_path: Path, text: str):
    (tmp_path / "net.bin").write_bytes(RAW)
    (tmp_path / "net-weights_manifest.json").write_text(text)

    assert kind_of(tmp_path / "net.bin") == []


def test_openvino_weights_are_told_by_the_network(tmp_path: Path):
    (tmp_path / "net.bin").write_bytes(RAW)
    (tmp_path / "net.xml").write_text('<?xml version="1.0"?><net name="n" version="11"></net>')

    assert kind_of(tmp_path / "net.bin") == ["openvino-weights"]


def test_no_neighbour_is_reached_outside_the_folder(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"x")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a").write_bytes(b"y")
    (inner / "link").symlink_to(secret)

    with Source.open(inner / "a", "a") as source:
        assert source.beside("../secret") is None
        assert source.beside("link") is None
        assert source.beside("..") is None
        assert source.beside("missing") is None
        nested = source.part(0, 1, "member")
        assert nested.beside("a") is None
