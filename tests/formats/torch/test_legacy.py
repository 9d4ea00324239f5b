import pickle

import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import PickleStream, read
from modelwarden.formats.torch.legacy import MAGIC, TorchLegacy
from torchfiles import legacy, state_dict
from ziptricks import PAYLOAD


def view_of(data: bytes) -> PickleStream:
    return read(Source("m.pth", data), Limits())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_storages_are_skipped_by_their_sizes_and_shown_to_be_referenced(protocol: int):
    view = view_of(legacy(protocol=protocol))

    assert isinstance(view, TorchLegacy)
    assert (view.format, view.storages, view.streams) == ("torch-legacy", 2, 5)
    assert (view.gaps, view.children, view.trailing) == ((), (), 0)


def test_more_storages_than_a_list_keeps_are_skipped():
    tensors = {f"t{n}": (str(n), 1) for n in range(5000)}

    view = view_of(legacy(tensors))

    assert isinstance(view, TorchLegacy)
    assert (view.storages, view.gaps, view.children) == (5000, (), ())


def test_what_follows_the_last_storage_is_examined():
    data = legacy() + PAYLOAD

    examined = examine(Source("m.pth", data), Limits())

    assert "posix.system" in {i.name for i in examined.inventory}


def test_files_saved_one_behind_the_other_are_each_read():
    examined = examine(Source("m.pth", legacy() + legacy()), Limits())

    assert examined.gaps == []


@pytest.mark.parametrize("lie", [{"12": 7}, {"94": 2**40}])
def test_a_storage_of_another_size_is_a_gap_and_the_rest_is_opened(lie: dict[str, int]):
    view = view_of(legacy(counts=lie))

    assert len(view.gaps) == 1
    assert len(view.children) == 1


def test_a_storage_that_is_cut_off_is_a_gap():
    view = view_of(legacy()[:-3])

    assert [g.why for g in view.gaps] == ["storage 1 is cut off"]


def test_a_listed_storage_that_nothing_refers_to_proves_nothing():
    body = state_dict({"w": ("94", 4)}, tail=b"N")

    view = view_of(legacy(body=body))

    assert len(view.gaps) == 1


def test_a_magic_number_alone_is_only_a_pickle():
    view = view_of(pickle.dumps(0x1950A86A20F9469CFC6C, 2) + PAYLOAD)

    assert view.format == "pickle"
    assert any(use.dotted == "posix.system" for use in view.uses)


def test_a_payload_in_any_of_the_five_pickles_is_seen():
    view = view_of(legacy(body=PAYLOAD))

    assert any(use.dotted == "posix.system" for use in view.uses)


def test_a_file_that_is_cut_short_anywhere_is_never_whole():
    data = legacy()

    for cut in range(len(pickle.dumps(MAGIC, 2)), len(data)):
        assert examine(Source("m.pth", data[:cut]), Limits()).gaps, cut
