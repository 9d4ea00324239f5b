import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.formats import Limits, Source
from modelwarden.formats.xmltext import XmlText, read, sniff


def look(text: str, encoding: str = "utf-8") -> XmlText:
    source = Source("x", text.encode(encoding))
    assert sniff(source)
    return read(source, Limits())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('<?xml version="1.0"?><PMML version="4.4"><Header/></PMML>', "pmml"),
        ("<!-- a long licence --><opencv_storage><cascade/></opencv_storage>", "opencv-xml"),
        ('<net name="n" version="11"><layers/></net>', "openvino"),
    ],
)
def test_a_model_is_told_by_its_root(text: str, kind: str):
    view = look(text)

    assert (view.format, view.gaps) == (kind, ())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<note a='>'>x</note>", "xml"),
        ("<net>no model</net>", "xml"),
        ("<!DOCTYPE html><html lang='en'></html>", "html"),
        ("<svg:svg xmlns:svg='x'></svg:svg>", "xml"),
    ],
)
def test_other_documents_pass(text: str, kind: str):
    view = look(text)

    assert (view.format, view.gaps) == (kind, ())


def test_the_producer_of_a_pmml_model_is_its_application():
    text = "<PMML><Header><Application version='1.5' name=\"KNIME\"/></Header></PMML>"

    producer = look(text).producer

    assert producer is not None
    assert (producer.name, producer.version) == ("KNIME", "1.5")


def test_small_entities_are_nothing_to_tell():
    entities = '<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">'

    view = look(f"<!DOCTYPE r [{entities}]><r>&b;</r>")

    assert (view.gaps, view.faults) == ((), ())


def test_documents_may_name_a_grammar_on_the_web_and_parts_beside_them():
    plist = '<!DOCTYPE plist PUBLIC "-//A//E" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">'

    assert look(f"{plist}<plist/>").faults == ()
    assert look('<!DOCTYPE a [<!ENTITY b SYSTEM "b.xml">]><a>&b;</a>').faults == ()


def test_a_wide_encoding_is_read():
    assert look('<?xml version="1.0"?><PMML/>', "utf-16").format == "pmml"


@pytest.mark.parametrize("text", ["< not a tag", "<?php echo 1; ?>", "a"])
def test_what_has_no_root_element_is_no_document(text: str):
    assert not sniff(Source("x", text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "<!-- " + "x" * 300_000 + " --><PMML/>",
        "<!DOCTYPE r [" + "]" * 200_000,
        "<?xml version='1.0'?>" + "<!-- -->" * 50_000,
        "<?xml version='1.0'?><a " + "b='' " * 60_000,
        "<?xml version='1.0'?><a " + "b=' " * 60_000,
    ],
    ids=lambda text: text[:30],
)
def test_a_root_that_does_not_come_soon_is_a_gap_and_takes_no_time(text: str):
    source = Source("x", text.encode())

    assert sniff(source)
    assert read(source, Limits(seconds=2.0)).gaps


@given(st.text(alphabet="<>!-?[]\"'aX= \n", max_size=200))
def test_any_text_is_read_without_an_exception(text: str):
    source = Source("x", text.encode())
    sniff(source)
    read(source, Limits())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_a_task_of_windows_starts_is_a_command(encoding: str):
    view = look(
        '<Task xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Actions><Exec>'
        "<Command>cmd</Command><Arguments>/c a &amp; b</Arguments></Exec>"
        "<Exec>\n<Command>x.exe</Command></Exec></Actions></Task>",
        encoding,
    )
    (child,) = view.children

    with child.open() as source:
        assert source.read(0, source.size).decode().split("\n") == ["cmd /c a & b", "x.exe"]
