"""Small valid files of every format: what the mutants are made from."""

from __future__ import annotations

import importlib.util
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py

import sevenzips
import skopsfiles
import tfgraphs
import torchfiles
import ziptricks
from formats import (
    test_compound,
    test_compressed,
    test_images,
    test_jsondata,
    test_known,
    test_skops,
    test_small_networks,
    test_tfjs,
)
from formats.coreml import test_coreml
from formats.identified import test_magic, test_protobuf_kinds
from formats.paddle import test_paddle
from formats.rdata import test_rdata
from formats.tensorflow import test_checkpoint, test_text
from formats.torch import test_served
from formats.trees import test_trees
from formats.vectors import test_vectors
from formats.vocabulary import test_vocabulary
from formats.xml import test_xml_models
from hostile.test_hostile import HARMFUL, HARMLESS
from modelwarden.formats.catalog import ANYWHERE, FORMATS, TAIL

Seed = tuple[str, bytes]
"""The name under which the bytes are read, and the bytes."""

LARGEST = 1 << 16
SAMPLES = Path(__file__).parent.parent / "artifacts" / "samples"
_ZIPS = {
    "a.docx": {"[Content_Types].xml": "<Types/>"},
    "a.apk": {"AndroidManifest.xml": "x"},
    "a.whl": {"x-1.0.dist-info/WHEEL": "Wheel-Version: 1.0"},
    "a.jar": {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0"},
    "a.skops": {"schema.json": '{"_skops_version": "0.11.0"}', "1.npy": "x"},
    "a.mar": {"MAR-INF/MANIFEST.json": '{"archiverVersion": "0.9.0"}', "handler.py": "x = 1"},
    "a.pt2": {"model/archive_format": "pt2"},
    "a.zip": {"model.ini": "[info]\nh2o_version = 3.46.0.1\n"},
}
_TEXTS = {
    "b.xml": '<?xml version="1.0"?><opencv_storage><a/></opencv_storage>',
    "a.xml": '<?xml version="1.0"?><net name="n" version="11"><layers/></net>',
    "a.html": "<!DOCTYPE html><html><body>x</body></html>",
    "a.jsonl": '{"a": 1}\n{"a": 2}\n',
    "a.py": "import os\n\ndef f():\n    return 1\n",
    "a.js": "const x = 1;\n",
    "a.sh": "#!/bin/sh\ntrue\n",
    "a.tsv": "a\tb\n1\t2\n",
    "a.ini": "[a]\nb = 1\n",
    "README.md": "---\nlicense: mit\n---\n# A model\n",
    "keras_metadata.json": json.dumps({"class_name": "Dense", "config": {"name": "d"}}),
    "saved_model.pbtxt": test_text.MODEL,
    "Manifest.json": json.dumps(
        {"itemInfoEntries": {"A": {"path": "a.mlmodel"}}, "rootModelIdentifier": "A"}
    ),
}

_WEIGHTS = json.dumps(
    [{"paths": ["net.bin"], "weights": [{"name": "w", "shape": [2, 3], "dtype": "float32"}]}]
)
FOLDERS = (
    ("net.bin", _WEIGHTS.encode()),
    ("net.bin", _TEXTS["a.xml"].encode()),
    ("net-shard1", _WEIGHTS.replace("net.bin", "net-shard1").encode()),
    ("v.data-00000-of-00001", test_magic.SAMPLES["tensorflow-checkpoint"][0]),
)
"""Names of files that what stands beside them describes, and the bytes of that."""


def seeds(shared: Path | None) -> list[Seed]:
    """Return all, in an order that is always the same; `shared` adds real files."""
    found = [(sample.file, sample.build()) for sample in (*HARMFUL, *HARMLESS)]
    found += [*_of_rules(), *_of_tests(), *_of_windows(), *_of_networks(), *_of_marks()]
    found += [(name, _zip(members)) for name, members in _ZIPS.items()]
    found += [(name, text.encode()) for name, text in _TEXTS.items()]
    found += [("manifest.json", data) for _, data in FOLDERS]
    found += [("empty", b""), ("a.avi", b"RIFF\x08\x00\x00\x00AVI LIST"), ("a.h5", _keras_h5())]
    found += real(shared)
    return [(name, data[:LARGEST]) for name, data in found]


def real(shared: Path | None) -> list[Seed]:
    """Return the beginnings of real models and of the published test sets, if they are here."""
    if shared is None:
        return []
    roots = (shared / "data" / "corpora", shared / "data" / "models")
    paths = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    return [(path.name, path.read_bytes()[:LARGEST]) for path in paths]


def _of_rules() -> Iterator[Seed]:
    """The bad and the good sample of every rule."""
    for path in sorted(SAMPLES.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"seeds_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for build in (module.bad, module.good):
            with tempfile.TemporaryDirectory() as folder:
                build(Path(folder))
                made = sorted(p for p in Path(folder).rglob("*") if not p.is_symlink())
                yield from ((p.name, p.read_bytes()) for p in made if p.is_file())


def _of_tests() -> Iterator[Seed]:
    """What the tests of the readers are made of."""
    yield from ((name, data) for name, (data, _) in test_magic.SAMPLES.items())
    yield from ((name, data) for name, (data, _) in test_protobuf_kinds.SAMPLES.items())
    for table in (test_images.IMAGES, test_known.PROGRAMS, test_known.DATA):
        yield from table.items()
    for module in (test_trees, test_vectors, test_vocabulary):
        for name, data in (*module.SOUND.items(), *module.HOSTILE.items()):
            yield ("m.json" if data[:1] == b"{" else name), data
    yield from ((name, text.encode()) for name, text in test_xml_models.SOUND.items())
    yield from ((name, text.encode()) for name, (text, _) in test_xml_models.HOSTILE.items())
    for name, value in test_tfjs.SOUND.items():
        yield name, json.dumps(value).encode()
    for name, (content, _) in test_jsondata.SAMPLES.items():
        yield f"{name}.json", json.dumps(content).encode()
    for name, write in test_compressed.WRITERS.items():
        yield name, write(ziptricks.PAYLOAD * 3)
    yield from ((name, trick.build()) for name, trick in ziptricks.TRICKS.items())
    yield from ((name, build()) for name, build in ziptricks.HONESTY.items())
    for chain in sevenzips.CHAINS:
        for encoded in (False, True):
            members = [sevenzips.Member("a", ziptricks.PAYLOAD)]
            yield "a.7z", sevenzips.archive(members, chain, encoded=encoded)
    yield "a.pt", torchfiles.checkpoint()
    yield "a.pth", torchfiles.legacy()
    yield "a.pt", torchfiles.package({"a.py": b"x"})
    graph = tfgraphs.graph(tfgraphs.node("ReadFile"))
    yield "saved_model.pb", tfgraphs.saved_model(graph)
    yield "keras_metadata.pb", tfgraphs.keras_object(_TEXTS["keras_metadata.json"])


def _of_windows() -> Iterator[Seed]:
    """Old documents and installers, and what Windows starts."""
    yield "a.doc", test_compound.compound(*test_compound.PLAIN)
    yield "a.msi", test_compound.compound(test_compound.entry("Root Entry", 5, test_compound.MSI))
    yield from (("a", data) for _, data in test_known.OTHERS.values())


def _of_networks() -> Iterator[Seed]:
    """Sound and hostile models of the smaller frameworks."""
    for module in (test_coreml, test_paddle, test_rdata, test_served, test_small_networks):
        for table in (module.SOUND, module.HOSTILE):
            for value in table.values():
                yield "m", value if isinstance(value, bytes) else value[0]
    for root, members in test_skops.SOUND.values():
        yield "m.skops", skopsfiles.archive(root, members)
    for root, _ in test_skops.HOSTILE.values():
        yield "m.skops", skopsfiles.archive(root)
    yield "v.index", test_checkpoint.BASE
    yield from (("weight.bin", data) for data in test_paddle.TENSORS.values())


def _of_marks() -> Iterator[Seed]:
    """Noise behind every mark of the catalogue, so that each reader is asked."""
    rng = random.Random("marks")
    for entry in FORMATS:
        for mark in entry.marks:
            noise = rng.randbytes(400)
            if mark.at == TAIL:
                yield entry.id, noise + mark.magic
            elif entry.id == "data":  # tables end as they begin
                end = mark.magic.ljust(4, b"\x00")
                yield entry.id, noise[: mark.at] + mark.magic + noise + end
            else:
                at = 50 if mark.at == ANYWHERE else mark.at
                yield entry.id, noise[:at] + mark.magic + noise[at:]


def _keras_h5() -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", libver="v108") as file:
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["model_config"] = _TEXTS["keras_metadata.json"]
        file.create_dataset("w", data=[1.0, 2.0])
    return out.getvalue()


def _zip(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return out.getvalue()
