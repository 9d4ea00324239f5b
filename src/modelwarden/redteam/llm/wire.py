"""Questions as a campaign sends them: rows of JSON out, rows of JSON back, one request each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwarden.core import InputError
from modelwarden.protocols import Tensor, WireError, openai
from modelwarden.redteam.llm.chat import Call, Message, Question, Reply, decode, encode
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Inputs
from modelwarden.targets.http.connection import StatusError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.redteam.config import TargetConfig
    from modelwarden.redteam.courier import Courier


class ChatWire:
    """Asks one chat endpoint."""

    told = "openai, chat completions with tools"

    def __init__(self, courier: Courier, model: str | None) -> None:
        self._courier, self._model = courier, model or "default"
        self._route = openai.route(courier.address.path, model)

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return the replies to questions.

        Raises:
            TargetError: the endpoint refuses, or answers something that is no completion.
        """
        found = np.empty(len(inputs), np.object_)
        for row, text in enumerate(np.asarray(inputs).tolist()):
            found[row] = _written(self._one(_question(text)))
        return (Tensor("reply", found),)

    def _one(self, question: Question) -> Reply:
        where = self._courier.address.shown
        try:
            return decode(self._courier.post(self._route, encode(question, self._model)))
        except StatusError as error:
            try:
                said = " ".join(openai.complaint(error.body).split())[:200]
            except WireError:
                said = ""
            message = f"{error.message}: {said}" if said else error.message
            raise TargetError(message, hint=error.hint) from error
        except WireError as error:
            raise TargetError(f"{where}: {error.message}", hint=error.hint) from error


def chat_wire(target: TargetConfig, courier: Courier) -> ChatWire:
    """Return what asks a target.

    Raises:
        InputError: it is no chat endpoint.
    """
    if target.model.protocol != "openai":
        raise InputError(
            f"the goal probe asks chat models, and {target.name} speaks {target.model.protocol}",
            hint="Set [target] protocol = 'openai', or choose another goal.",
        )
    return ChatWire(courier, target.model.name)


def rows_of(questions: Sequence[Question]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return questions as rows."""
    out = np.empty(len(questions), np.object_)
    out[:] = [
        json.dumps([[[m.role, m.text] for m in q.messages], list(q.tools), q.seed])
        for q in questions
    ]
    return out


def _question(text: str) -> Question:
    messages, tools, seed = json.loads(text)
    return Question(messages=tuple(Message(*m) for m in messages), tools=tuple(tools), seed=seed)


def _written(reply: Reply) -> str:
    return json.dumps([reply.text, [[c.name, c.arguments] for c in reply.calls]])


def reply_in(row: Any) -> Reply:
    """Return the reply that a row of an answer holds."""
    text, calls = json.loads(row)
    return Reply(text, tuple(Call(*call) for call in calls))
