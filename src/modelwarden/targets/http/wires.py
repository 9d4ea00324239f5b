"""How a batch is asked of each kind of server: inputs in, arrays out, whatever the protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from modelwarden.protocols import Tensor, WireError, mlflow, oip, openai, tf_serving, torchserve
from modelwarden.targets.errors import TargetError
from modelwarden.targets.frames import Frame
from modelwarden.targets.http.connection import StatusError

if TYPE_CHECKING:
    from modelwarden.targets.frames import Inputs
    from modelwarden.targets.http.connection import Address
    from modelwarden.targets.spec import Name

_INPUT = "input-0"  # of a tensor whose name the server does not tell


_ROUTES: dict[str, Callable[[str, str | None], str]] = {
    "oip-v2": oip.route,
    "mlflow": mlflow.route,
    "tf-serving": tf_serving.route,
    "torchserve": torchserve.route,
    "openai": openai.route,
}


class Carrier(Protocol):
    """Brings bodies to a server and its answers back: a `Connection`, or what stands for one."""

    @property
    def address(self) -> Address:
        """Of the server."""

    def get(self, path: str) -> bytes:
        """Return the body of an answer with status 200."""

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> bytes:
        """Send a body; return that of an answer with status 200."""


class Wire(Protocol):
    """Asks one server in its protocol."""

    @property
    def told(self) -> str:
        """How it is asked, for the conditions of what is measured."""

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        """Return the server's answer for these rows.

        Raises:
            TargetError: there is none, or none in the protocol's form.
        """


def wire_for(
    protocol: str,
    connection: Carrier,
    *,
    model: str | None,
    classes: Sequence[Name],
) -> Wire:
    """Return what asks in this protocol.

    Args:
        protocol: one of `targets.config.PROTOCOLS`.
        connection: to the server.
        model: its name at the server, where the address does not tell it.
        classes: that a chat model is to choose from.

    Raises:
        WireError: the address does not tell what the protocol needs.
    """
    route = route_for(protocol, connection.address.path, model)
    if protocol == "oip-v2":
        return _Oip(connection, route)
    if protocol == "mlflow":
        return _ByTable(connection, route, mlflow.encode, mlflow.decode, mlflow.complaint)
    if protocol == "tf-serving":
        return _ByTable(
            connection, route, tf_serving.encode, tf_serving.decode, tf_serving.complaint
        )
    if protocol == "torchserve":
        return _TorchServe(connection, route)
    return _Chat(connection, route, model or "default", [str(c) for c in classes])


def route_for(protocol: str, path: str, model: str | None) -> str:
    """Return the path that is asked, from the path that the user wrote.

    Raises:
        WireError: the address does not tell what the protocol needs.
    """
    return _ROUTES[protocol](path, model)


def tensors_of(inputs: Inputs) -> tuple[Tensor, ...]:
    """Return a table as its columns, anything else as one array."""
    if isinstance(inputs, Frame):
        return tuple(Tensor(n, c) for n, c in zip(inputs.names, inputs.columns, strict=True))
    return (Tensor(_INPUT, inputs),)


def _posted(
    connection: Carrier,
    path: str,
    body: bytes,
    complaint: Callable[[bytes], str],
    content_type: str = "application/json",
) -> bytes:
    """Send a body; a refusal is told in the server's own words."""
    try:
        return connection.post(path, body, content_type)
    except StatusError as error:
        try:
            said = complaint(error.body)
        except WireError:
            said = ""
        if not said:
            raise
        words = " ".join(said.split())[:300]
        raise TargetError(f"{error.message}: {words}", hint=error.hint) from error


def _unsent(message: str, hint: str | None) -> TargetError:
    """Return the error about rows that cannot be written in a protocol."""
    error = TargetError(message, hint=hint)
    error.unsent = True
    return error


def _understood(read: Callable[[], tuple[Tensor, ...]], where: str) -> tuple[Tensor, ...]:
    try:
        return read()
    except WireError as error:
        raise TargetError(f"{where}: {error.message}", hint=error.hint) from error


class _Oip:
    """Open Inference Protocol: columns by name where the server describes them, else one matrix."""

    def __init__(self, connection: Carrier, route: str) -> None:
        self._connection, self._route = connection, route
        self._fields: tuple[oip.Field, ...] | None = None

    @property
    def told(self) -> str:
        return "oip-v2, inputs as the server describes them" if self._fields else "oip-v2"

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        if self._fields is None:
            self._fields = self._described()
        rows = len(inputs)
        where = self._connection.address.shown
        batch = self._arranged(tensors_of(inputs), self._fields)
        try:
            body = oip.encode(batch, self._fields)
        except WireError as error:
            raise _unsent(f"{where}: {error.message}", error.hint) from error
        answer = _posted(self._connection, self._route, body, oip.complaint)
        return _understood(lambda: oip.decode(answer, rows), where)

    def _described(self) -> tuple[oip.Field, ...]:
        try:
            return oip.describe(self._connection.get(self._route.removesuffix("/infer")))
        except (StatusError, WireError):
            return ()  # metadata may be switched off; the request shows whether the server agrees

    @staticmethod
    def _arranged(batch: tuple[Tensor, ...], fields: Sequence[oip.Field]) -> tuple[Tensor, ...]:
        names = {field.name for field in fields}
        if len(batch) > 1 and (not fields or names <= {t.name for t in batch}):
            chosen = tuple(t for t in batch if t.name in names or not fields)
            if fields or any(t.values.dtype.kind == "O" for t in batch):
                return chosen
        values = batch[0].values if len(batch) == 1 else _matrix(batch)
        name = fields[0].name if len(fields) == 1 else batch[0].name if len(batch) == 1 else _INPUT
        return (Tensor(name, values),)


def _matrix(batch: Sequence[Tensor]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    words = [t.name for t in batch if t.values.dtype.kind not in "iufb"]
    if words:
        raise _unsent(
            f"column {words[0]!r} holds no numbers, and the server takes one array",
            "Serve the model with named inputs, or give it columns of numbers.",
        )
    return np.column_stack([t.values.astype(np.float64) for t in batch])


class _ByTable:
    """MLflow and TF Serving: a table as a table, anything else as an array."""

    def __init__(
        self,
        connection: Carrier,
        route: str,
        encode: Callable[..., bytes],
        decode: Callable[[bytes, int], tuple[Tensor, ...]],
        complaint: Callable[[bytes], str],
    ) -> None:
        self._connection, self._route = connection, route
        self._encode, self._decode, self._complaint = encode, decode, complaint

    @property
    def told(self) -> str:
        return self._encode.__module__.rpartition(".")[2].replace("_", "-")

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        where, rows = self._connection.address.shown, len(inputs)
        try:
            body = self._encode(tensors_of(inputs), table=isinstance(inputs, Frame))
        except WireError as error:
            raise _unsent(f"{where}: {error.message}", error.hint) from error
        answer = _posted(self._connection, self._route, body, self._complaint)
        return _understood(lambda: self._decode(answer, rows), where)


class _TorchServe:
    """One row a request."""

    told = "torchserve, one row a request"

    def __init__(self, connection: Carrier, route: str) -> None:
        self._connection, self._route = connection, route

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        batch, where = tensors_of(inputs), self._connection.address.shown
        answers = []
        for row in range(len(inputs)):
            one = tuple(Tensor(t.name, t.values[row : row + 1]) for t in batch)
            try:
                body, kind = torchserve.encode(one, table=isinstance(inputs, Frame))
            except WireError as error:
                raise _unsent(f"{where}: {error.message}", error.hint) from error
            answers.append(_posted(self._connection, self._route, body, torchserve.complaint, kind))
        return _understood(lambda: torchserve.decode(answers), where)


class _Chat:
    """A chat model as a classifier: one text a request, the answer must be a label."""

    def __init__(self, connection: Carrier, route: str, model: str, labels: Sequence[str]) -> None:
        self._connection, self._route = connection, route
        self._model, self._labels = model, labels

    @property
    def told(self) -> str:
        return f"openai, prompt: {openai.INSTRUCTION.format(labels=', '.join(self._labels))}"

    def ask(self, inputs: Inputs) -> tuple[Tensor, ...]:
        if isinstance(inputs, Frame) or inputs.dtype.kind != "O":
            raise _unsent(
                "a chat model is asked about texts, and the data hold none",
                "Set modality = 'text' and name the column: [data] text.",
            )
        found = np.empty(len(inputs), np.object_)
        for row, text in enumerate(inputs.tolist()):
            found[row] = self._label(text)
        return (Tensor("label", found),)

    def _label(self, text: str) -> str | None:
        body = openai.encode(text, self._labels, self._model)
        answer = _posted(self._connection, self._route, body, openai.complaint)
        try:
            at = openai.label_in(openai.decode(answer), self._labels)
        except WireError as error:
            where = self._connection.address.shown
            raise TargetError(f"{where}: {error.message}", hint=error.hint) from error
        return None if at is None else self._labels[at]
