"""Commands in configurations: what looking for them must not do."""

import sys

from modelwarden.artifacts import examine
from modelwarden.core import GapKind
from modelwarden.formats import Limits, Source


def test_no_file_is_opened_to_describe_broken_code():
    opened: list[object] = []
    listening = True
    sys.addaudithook(
        lambda event, given: opened.append(given[0]) if listening and event == "open" else None
    )

    examine(Source("config.json", b'{"code": "os.system((1 +"}'), Limits())

    listening = False
    assert "<unknown>" not in opened


def test_half_a_character_is_no_fault():
    examined = examine(Source("tokenizer_config.json", b'{"a": "exec(\\udc72)", "x": 1}'), Limits())

    assert [gap.kind for gap in examined.gaps if gap.kind is GapKind.FAILED] == []
