"""OpenAI's chat completions: the form of a request, read strictly, and its messages as texts.

Only what is known goes through: a key that a server may make something of and that is not checked
here is refused. Messages are text; pictures and sound are refused, for nothing here looks at them.

Source: OpenAI API reference, "Create chat completion".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from modelwarden.firewall.errors import Reason, RefusedError
from modelwarden.firewall.profile import Profile
from modelwarden.firewall.reading import LONGEST_ID, is_word, only, parameters
from modelwarden.protocols.tensors import Array

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_INSTRUCTING = frozenset({"system", "developer"})
_KEYS: dict[str, tuple[str, ...]] = {
    "system": ("name",),
    "developer": ("name",),
    "user": ("name",),
    "assistant": ("name", "refusal", "tool_calls"),
    "tool": ("tool_call_id",),
}
_MOST_TOOLS = 128
_DEEPEST = 16
_MOST_PARTS = 10_000  # of one schema


def chat_values(document: dict[str, Any], profile: Profile) -> dict[str, Array]:
    """Return the texts of the messages, one a row, under the name of the profile's input.

    Raises:
        RefusedError: it is no chat completion of this model.
    """
    only(document, ("model", "messages", "tools", "tool_choice", *_SETTINGS))
    if document.get("model") != profile.name:
        raise RefusedError(Reason.SCHEMA, "another model")
    messages = document.get("messages")
    if not isinstance(messages, list):
        raise RefusedError(Reason.SCHEMA, "messages are no list")
    for key, check in _SETTINGS.items():
        if document.get(key) is not None and not check(document[key]):
            raise RefusedError(Reason.RANGE, f"{key} is not what it may be")
    _tools(document.get("tools"), document.get("tool_choice"))
    texts = np.empty(len(messages), np.object_)
    texts[:] = [_message(message) for message in messages]
    return {profile.inputs[0].name: texts}


def instructing(document: dict[str, Any]) -> frozenset[int]:
    """Return which messages of a request that was read instruct the model by right."""
    return frozenset(i for i, m in enumerate(document["messages"]) if m["role"] in _INSTRUCTING)


def _message(message: object) -> str:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(role, str) or role not in _KEYS:
        raise RefusedError(Reason.SCHEMA, "a message has no role that is known")
    only(message, ("role", "content", *_KEYS[role]))
    if "name" in message and not _is_name(message["name"]):
        raise RefusedError(Reason.SCHEMA, "a name is no plain word")
    if role == "tool" and not _is_id(message.get("tool_call_id")):
        raise RefusedError(Reason.SCHEMA, "an answer of a tool names no call")
    refusal = message.get("refusal")
    if refusal is not None and not isinstance(refusal, str):
        raise RefusedError(Reason.SCHEMA, "a refusal is no text")
    called = _calls(message.get("tool_calls"))
    content = message.get("content")
    if content is None and (called or refusal):
        return called + (refusal or "")
    # The parts of one message are one text: what is split over them is found all the same.
    return _content(content) + called + (refusal or "")


def _content(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise RefusedError(Reason.SCHEMA, "a message has no text")
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text":
            raise RefusedError(Reason.SCHEMA, "a part of a message that is no text")
        only(part, ("type", "text"))
        if not isinstance(part.get("text"), str):
            raise RefusedError(Reason.TYPE, "a part of a message that is no text")
    return "".join(part["text"] for part in content)


def _calls(calls: object) -> str:
    """Return what an assistant's calls of tools say."""
    if calls is None:
        return ""
    if not isinstance(calls, list) or not 1 <= len(calls) <= _MOST_TOOLS:
        raise RefusedError(Reason.SCHEMA, "tool_calls are no short list")
    said = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if (
            not isinstance(function, dict)
            or set(call) != {"id", "type", "function"}
            or call["type"] != "function"
            or not _is_id(call["id"])
            or set(function) != {"name", "arguments"}
            or not _is_name(function["name"])
            or not isinstance(function["arguments"], str)
        ):
            raise RefusedError(Reason.SCHEMA, "a call of a tool has another form")
        said.append(function["arguments"])
    return "".join(said)


def _tools(tools: object, choice: object) -> None:
    names = set()
    if tools is not None and (not isinstance(tools, list) or not 1 <= len(tools) <= _MOST_TOOLS):
        raise RefusedError(Reason.SCHEMA, "tools are no short list")
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, dict) else None
        if (
            not isinstance(function, dict)
            or set(tool) != {"type", "function"}
            or tool["type"] != "function"
        ):
            raise RefusedError(Reason.SCHEMA, "a tool is no function")
        only(function, ("name", "description", "parameters", "strict"))
        if (
            not _is_name(function.get("name"))
            or function["name"] in names
            or not isinstance(function.get("description", ""), str)
            or type(function.get("strict") or False) is not bool
            or not _is_schema(function.get("parameters", {}))
        ):
            raise RefusedError(Reason.SCHEMA, "a function has another form")
        names.add(function["name"])
    if choice is None or choice in ("none", "auto", "required"):
        return
    named = choice.get("function") if isinstance(choice, dict) else None
    if (
        not isinstance(choice, dict)
        or set(choice) != {"type", "function"}
        or choice["type"] != "function"
        or not isinstance(named, dict)
        or set(named) != {"name"}
        or not isinstance(named["name"], str)
        or named["name"] not in names
    ):
        raise RefusedError(Reason.SCHEMA, "tool_choice names no tool")


def _is_schema(value: object) -> bool:
    """Tell whether this is an object that is neither deep nor large, and refers to itself alone."""
    left: list[tuple[Any, int]] = [(value, 1)]
    count = 0
    while left:
        part, depth = left.pop()
        count += 1
        if count > _MOST_PARTS or depth > _DEEPEST:
            return False
        if isinstance(part, dict | list):
            inner = part.values() if isinstance(part, dict) else part
            at = part.get("$ref", "#") if isinstance(part, dict) else "#"
            if isinstance(at, str) and not at.startswith("#"):
                return False
            left += [(one, depth + 1) for one in inner]
    return isinstance(value, dict)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_id(value: object) -> bool:
    return is_word(value) and value != ""


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _flag(value: Any) -> bool:
    return type(value) is bool


def _word(*known: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in known


def _stop(value: Any) -> bool:
    words = [value] if isinstance(value, str) else value
    return (
        isinstance(words, list)
        and len(words) <= 16
        and all(isinstance(word, str) and len(word) <= LONGEST_ID for word in words)
    )


def _bias(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= 1024
        and all(key.isascii() and key.isdigit() and len(key) < 8 for key in value)
        and all(map(_number(-100, 100), value.values()))
    )


def _metadata(value: Any) -> bool:
    parameters(value)
    return True


def _options(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= {"include_usage"}
        and all(map(_flag, value.values()))
    )


def _format(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return False
    if value["type"] in ("text", "json_object"):
        return len(value) == 1
    return (
        value["type"] == "json_schema"
        and set(value) == {"type", "json_schema"}
        and _is_schema(value["json_schema"])
        and set(value["json_schema"]) <= {"name", "description", "schema", "strict"}
        and _is_name(value["json_schema"].get("name"))
    )


_SETTINGS: dict[str, Callable[[Any], bool]] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "n": _whole(1, 16),
    "max_tokens": _whole(1, 1 << 20),
    "max_completion_tokens": _whole(1, 1 << 20),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
    "seed": _whole(-(2**63), 2**63 - 1),
    "stream": _flag,
    "stream_options": _options,
    "stop": _stop,
    "user": _is_id,
    "logprobs": _flag,
    "top_logprobs": _whole(0, 20),
    "logit_bias": _bias,
    "response_format": _format,
    "parallel_tool_calls": _flag,
    "metadata": _metadata,
    "store": _flag,
    "reasoning_effort": _word("none", "minimal", "low", "medium", "high"),
}
