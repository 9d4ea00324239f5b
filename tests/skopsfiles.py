"""skops files, written node by node for tests."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping


def node(loader: str, module: str | None, name: str | None, **more: object) -> dict[str, object]:
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


def plain(value: object) -> dict[str, object]:
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def instance(module: str, name: str, **attributes: object) -> dict[str, object]:
    """Return an object with attributes, as skops writes estimators."""
    keys = [node("TypeNode", "builtins", "str") for _ in attributes]
    content = node(
        "DictNode",
        "builtins",
        "dict",
        content=attributes,
        key_types=node("ListNode", "builtins", "list", content=keys),
    )
    return node("ObjectNode", module, name, content=content)


def operator(name: str, *arguments: object, module: str = "operator") -> dict[str, object]:
    content = [plain(one) if not isinstance(one, dict) else one for one in arguments]
    attrs = node("TupleNode", "builtins", "tuple", content=content)
    return node("OperatorFuncNode", module, name, attrs=attrs)


def method(owner: dict[str, object], name: str, *, said: tuple[str, str] | None = None) -> object:
    module, cls = said or (owner["__module__"], owner["__class__"])
    return node("MethodNode", module, cls, content={"func": name, "obj": owner})  # type: ignore[arg-type]


def partial(function: dict[str, object]) -> dict[str, object]:
    parts = {"func": function, "args": plain([]), "kwds": plain({}), "namespace": plain(None)}
    return node("PartialNode", "functools", "partial", content=parts)


def archive(
    root: dict[str, object], members: Mapping[str, bytes] | None = None, protocol: int = 2
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in (members or {}).items():
            file.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
        schema = {**root, "protocol": protocol, "_skops_version": "0.16.0"}
        file.writestr(zipfile.ZipInfo("schema.json", (1980, 1, 1, 0, 0, 0)), json.dumps(schema))
    return out.getvalue()


ESTIMATOR = instance(
    "sklearn.linear_model._logistic", "LogisticRegression", C=plain(1.0), tol=plain(0.1)
)
