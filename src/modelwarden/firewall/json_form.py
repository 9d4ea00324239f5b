"""Requests of a server of one's own form: a profile's JSONPaths say which value stands where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelwarden.core.values import dataclass
from modelwarden.firewall.documents import fields_in
from modelwarden.firewall.errors import ProfileError, Reason, RefusedError
from modelwarden.firewall.profile import Form, Input, Profile
from modelwarden.firewall.reading import array_in, column_of
from modelwarden.protocols.json_paths import PathError, Template
from modelwarden.protocols.tensors import Array, WireError


def form_values(template: Template, document: Any, profile: Profile) -> dict[str, Array]:
    """Return what a document asks, by the names of the profile's inputs.

    Raises:
        RefusedError: it has another form, or is not what the model takes.
    """
    try:
        found = template.read(document)
    except WireError as error:
        raise RefusedError(Reason.SCHEMA, error.message) from error
    if profile.table:
        if any(isinstance(value, list | dict) for part in found.values() for value in part):
            raise RefusedError(Reason.SHAPE, "a column of one row holds several values")
        return {spec.name: column_of(found[spec.name], spec) for spec in profile.inputs}
    (spec,) = profile.inputs
    array = array_in(found[spec.name])
    if array.shape[1:] != spec.shape:
        raise RefusedError(Reason.SHAPE, "another shape than the model's")
    return {spec.name: array}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A form as people write it.

    Attributes:
        route: path that requests are posted to.
        inputs: JSONPath of each input, by its name; empty where all are under one.
        under: this one: a tensor itself, or an object of columns.
        others: JSONPaths of plain values that may be there as well.
        reads: paths that may be read with GET.
    """

    route: str
    inputs: Mapping[str, str]
    under: str
    others: tuple[str, ...]
    reads: tuple[str, ...]

    def form(self, inputs: Sequence[Input], *, table: bool) -> Form:
        """Return the form for the inputs of a model.

        Raises:
            ProfileError: its paths are not understood, or are not those of the inputs.
        """
        paths = self.inputs
        if self.under:
            paths = {s.name: _inside(self.under, s.name) if table else self.under for s in inputs}
        form = Form(route=self.route, inputs=paths, others=self.others, reads=self.reads)
        try:
            form.template(inputs)
        except PathError as error:
            raise ProfileError(error.message, hint=error.hint) from error
        return form


def _inside(path: str, name: str) -> str:
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"{path}['{quoted}']"


def wanted_in(path: Path) -> Wanted:
    """Read a form.

    Raises:
        ProfileError: it cannot be read, or says what is not known.
    """
    fields = fields_in(path)
    fields.only(("route", "inputs", "others", "reads"))
    route = fields.text("route")
    if route is None:
        raise fields.error("route", "is not there: name the path that requests are posted to")
    inputs = fields.table.get("inputs")
    under = inputs if isinstance(inputs, str) else ""
    named = inputs if isinstance(inputs, dict) else {}
    if not under and not (named and all(isinstance(one, str) for one in named.values())):
        raise fields.error("inputs", "must be a JSONPath, or one for each input by its name")
    return Wanted(
        route=route,
        inputs=named,
        under=under,
        others=fields.texts("others"),
        reads=fields.texts("reads"),
    )
