from modelwarden.artifacts import examine
from modelwarden.core import ItemKind
from modelwarden.formats import Limits, Source

UBJ = (
    b"{L\0\0\0\0\0\0\0\x07learner{}L\0\0\0\0\0\0\0\x07version[#L\0\0\0\0\0\0\0\x03i\x02i\x01i\x04}"
)


def test_the_library_that_wrote_a_file_stands_in_the_inventory_once():
    examined = examine(Source("m.ubj", UBJ), Limits())

    items = [i for i in examined.inventory if i.kind is ItemKind.PRODUCER]
    assert [(i.name, i.version, i.path) for i in items] == [("xgboost", "2.1.4", "m.ubj")]
    assert examined.coverage.producer is not None
    assert examined.coverage.producer.version == "2.1.4"


def test_a_file_that_names_nobody_lists_no_producer():
    examined = examine(Source("a.csv", b"a,b\n1,2\n"), Limits())

    assert [i for i in examined.inventory if i.kind is ItemKind.PRODUCER] == []
