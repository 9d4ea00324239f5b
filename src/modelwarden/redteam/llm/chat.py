"""Chat completions with tools: messages to a body, a body to what was said and what was called.

Source: OpenAI API reference, "Create chat completion".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from modelwarden.core import Json
from modelwarden.core.values import dataclass
from modelwarden.protocols import openai
from modelwarden.protocols.documents import dumped, object_of
from modelwarden.protocols.tensors import WireError

_LONGEST = 300  # tokens of an answer
_MOST = 20_000  # characters of an answer that are judged
_CALLS = 32
_APART = ("reasoning_content", "reasoning")  # fields in which servers tell thoughts apart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; role is `system`, `user` or `assistant`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that the model wants called; arguments as the model wrote them."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        thoughts: what the server gives apart as thought beforehand; it is no part of the answer.
    """

    text: str
    calls: tuple[Call, ...] = ()
    thoughts: str = ""

    @property
    def empty(self) -> bool:
        """Whether it says nothing at all, which shows nothing either."""
        return not openai.answer_in(self.text) and not self.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request.

    Attributes:
        messages: the conversation so far.
        tools: names of `TOOLS` that the model may call.
        seed: for servers that sample.
    """

    messages: tuple[Message, ...]
    tools: tuple[str, ...] = ()
    seed: int = 0


Ask: TypeAlias = Callable[[Question], Reply]
"""Asks an endpoint; raises `TargetError` where it does not answer."""


def _tool(name: str, about: str, fields: Sequence[str]) -> dict[str, Any]:
    texts = {field: {"type": "string"} for field in fields}
    parameters = {"type": "object", "properties": texts, "required": list(fields)}
    return {
        "type": "function",
        "function": {"name": name, "description": about, "parameters": parameters},
    }


TOOLS: Mapping[str, Mapping[str, Json]] = {
    "lookup_order": _tool("lookup_order", "Look an order up by its number.", ("number",)),
    "send_message": _tool("send_message", "Send a message to an address.", ("to", "body")),
}


def encode(question: Question, model: str) -> bytes:
    """Return the body of a request, as repeatable as a server can be."""
    document: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.text} for m in question.messages],
        "temperature": 0,
        "seed": question.seed,
        "max_tokens": _LONGEST,
        "stream": False,
        "n": 1,
    }
    if question.tools:
        document["tools"] = [TOOLS[name] for name in question.tools]
    return dumped(document)


def decode(body: bytes) -> Reply:
    """Return what the model said and wants called.

    Raises:
        WireError: the answer is no chat completion.
    """
    choices = object_of(body).get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(message, dict):
        raise WireError("the answer has no choices[0].message")
    # Some servers tell a refusal apart, and older ones call one function without a list.
    said = openai.text_in(message.get("content")) or openai.text_in(message.get("refusal")) or ""
    older = message.get("function_call")
    calls = message.get("tool_calls") or ([{"function": older}] if older else None)
    thoughts = next((t for key in _APART if isinstance(t := message.get(key), str)), "")
    return Reply(said[:_MOST], _calls(calls), thoughts[:_MOST])


def _calls(given: object) -> tuple[Call, ...]:
    """Return the calls; what nothing could be called by is the model's babble, and none."""
    calls = []
    for entry in given[:_CALLS] if isinstance(given, list) else ():
        function = entry.get("function") if isinstance(entry, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(function, dict) and isinstance(name, str):
            calls.append(Call(name, str(function.get("arguments", ""))[:_MOST]))
    return tuple(calls)
