import pytest

from modelwarden.artifacts import examine
from modelwarden.formats import Limits, Source
from modelwarden.formats.torch.zipped import TorchArchive
from modelwarden.formats.zip.reader import read
from torchfiles import archive, checkpoint, state_dict
from ziptricks import PAYLOAD


def view_of(data: bytes) -> TorchArchive:
    view = read(Source("m.pt", data), Limits())
    assert isinstance(view, TorchArchive)
    return view


def opened(view: TorchArchive) -> list[str]:
    return [child.name for child in view.children if not child.data]


def test_referenced_storages_are_skipped_and_the_pickle_is_opened():
    view = view_of(checkpoint())

    assert (view.format, view.root, view.storages) == ("torch-zip", "archive/", 2)
    assert opened(view) == ["archive/data.pkl"]
    assert (view.anomalies, view.gaps) == ((), ())
    assert view.children[0].open().expect == "pickle"


@pytest.mark.parametrize(
    ("record", "data"),
    [("data/7", b"more"), ("data/0", bytes(20)), ("data/1", PAYLOAD)],
    ids=["without a reference", "of another size", "a payload in a tensor's place"],
)
def test_a_record_that_is_not_shown_to_be_a_tensor_is_opened(record: str, data: bytes):
    view = view_of(checkpoint(**{record: data}))

    assert f"archive/{record}" in opened(view)
    assert [a.kind.value for a in view.anomalies] == ["unreferenced"]


@pytest.mark.parametrize(("checksums", "told"), [(True, ["checksum"]), (False, [])])
def test_the_checksum_of_numbers_is_compared_when_the_file_is_read_whole(checksums, told):
    good = checkpoint()
    at = good.index(bytes(16))

    view = read(Source("m.pt", good[:at] + b"\x01" + good[at + 1 :]), Limits(checksums=checksums))

    assert isinstance(view, TorchArchive)
    assert [a.kind.value for a in view.anomalies] == told
    assert opened(view) == ["archive/data.pkl"]


def test_two_storages_of_one_name_prove_nothing():
    pickled = state_dict({"w": ("0", 4)})
    good = archive({"data/0": bytes(16)}, pickled=pickled)
    assert view_of(good).storages == 1

    view = view_of(good.replace(b"archive/byteorder", b"archive/data/0\0\0\0"))

    assert view.storages == 0
    assert opened(view).count("archive/data/0") == 2


def test_a_storage_that_is_named_with_two_sizes_proves_nothing():
    pickled = state_dict({"a": ("0", 4), "b": ("0", 5)})

    assert view_of(archive({"data/0": bytes(16)}, pickled=pickled)).storages == 0


def test_a_record_of_text_must_hold_what_it_should():
    view = view_of(checkpoint(byteorder=PAYLOAD))

    assert "archive/byteorder" in opened(view)


def test_torchscript_lists_what_its_code_calls():
    code = b"def f(x):\n  # torch.save(\n  y = torch.add(x, 'torch.load(')\n  ops.mine.go(y)\n"
    view = view_of(
        checkpoint(**{"code/__torch__/a.py": code, "code/a.py.debug_pkl": b"\x80\x02N."})
    )

    assert view.format == "torchscript"
    assert [s.calls for s in view.scripts] == [("ops.mine.go", "torch.add")]
    assert view.scripts[0].custom == ("ops.mine.go",)
    assert view.scripts[0].files == ()
    assert "archive/code/a.py.debug_pkl" in opened(view)


def test_a_script_that_is_no_text_is_opened():
    view = view_of(checkpoint(**{"code/a.py": b"\xff\xfe\x00"}))

    assert "archive/code/a.py" in opened(view)


def test_constants_have_their_own_folder():
    constants = state_dict({"c": ("0", 2)})
    view = view_of(checkpoint(**{"constants.pkl": constants, "constants/0": bytes(8)}))

    assert view.storages == 3


def test_the_payload_in_a_damaged_pickle_is_still_examined():
    data = archive({}, pickled=PAYLOAD + b"\xff\xff")

    examined = examine(Source("m.pt", data), Limits())

    assert {i.name for i in examined.inventory} >= {"posix.system"}
    assert examined.coverage.format == "torch-zip"


def test_a_pickle_that_is_called_a_storage_is_opened_all_the_same():
    dummy = state_dict({"w": ("data.pkl", len(PAYLOAD) // 4)})
    payload = PAYLOAD + b" " * (-len(PAYLOAD) % 4)
    records = {"a.pkl": dummy, "a/data.pkl": payload}
    for root in ("", "archive/"):
        examined = examine(Source("m.pt", archive(records, root=root)), Limits())

        assert "posix.system" in {i.name for i in examined.inventory}


def test_a_script_that_is_a_text_pickle_is_opened():
    view = view_of(checkpoint(**{"code/a.py": PAYLOAD}))

    assert view.scripts == ()
    assert "archive/code/a.py" in opened(view)


def test_code_that_does_not_match_its_checksum_is_told():
    code = b"def forward(self, x):\n  return torch.add(x, 1)\n"
    data = checkpoint(**{"code/a.py": code})

    view = view_of(data.replace(b"torch.add", b"torch.sub"))

    assert [a.kind.value for a in view.anomalies] == ["checksum"]
