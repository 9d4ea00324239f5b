import pytest

from modelwarden.formats.torch.script import script_of


@pytest.mark.parametrize("call", ["torch.save", "torch.from_file", "ops.aten.save", "torch.load"])
def test_operators_that_reach_files_are_named(call: str):
    script = script_of("a.py", f"def f(x):\n  return {call} (x, 'y')\n".encode())

    assert script is not None
    assert script.files == (call,)


def test_strings_and_comments_are_not_calls():
    script = script_of("a.py", b"# torch.save(x)\ny = 'torch.save(x)'\nz = torch.saved(x)\n")

    assert script is not None
    assert script.files == ()


def test_bytes_that_are_no_text_are_no_script():
    assert script_of("a.py", b"\xff") is None
    assert script_of("a.py", b"a\0b") is None
