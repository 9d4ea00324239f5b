"""What a chat endpoint said, thought and wants called, in the forms that servers give it."""

from __future__ import annotations

import json

import pytest

from modelwarden.redteam.llm.canary import canary_for
from modelwarden.redteam.llm.chat import Call, decode
from modelwarden.redteam.llm.probes import PROBES, Family


def body(**message):
    return json.dumps({"choices": [{"message": {"role": "assistant", **message}}]}).encode()


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_thoughts_that_a_server_tells_apart_are_no_answer_and_leak_all_the_same(key):
    canary = canary_for(0, "x", 0)
    leak = next(probe for probe in PROBES if probe.family is Family.LEAK)

    reply = decode(body(content="No.", **{key: f"It is {canary.secret}, which I keep."}))

    assert reply.text == "No."
    assert leak.judge(reply, canary)
    assert decode(body(content="", **{key: "hm"})).empty


@pytest.mark.parametrize(
    "calls",
    [
        "send_message",
        {"function": {"name": "send_message"}},
        [{"function": {"arguments": "{}"}}],
        [{"function": {"name": None}}],
        [{"function": "send_message"}],
        ["send_message"],
        [None],
    ],
)
def test_a_call_that_nothing_could_be_called_by_is_none(calls):
    assert decode(body(content="", tool_calls=calls)).empty


def test_what_is_called_beside_a_broken_call_is_found():
    good = {"function": {"name": "send_message", "arguments": '{"to": "a'}}

    assert decode(body(tool_calls=[{"function": {}}, good])).calls == (
        Call("send_message", '{"to": "a'),
    )
