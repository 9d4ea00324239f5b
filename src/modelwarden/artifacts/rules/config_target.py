"""`config-target`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_KEYS = frozenset(
    "_target_ _component_ class_path () py/object py/function py/type py/class".split()
)
# What other programs call the class, or the function, that they import by its name.
_NAMING = frozenset(
    "type _type class cls class_name classname provider uses callable implementation import_path "
    "function func fn factory entrypoint entry_point handler_class "
    "runtime_class".split()
)
_FILTER = re.compile(r"(?:^|\.)custom_(?:filters|objects|resolvers)\.[^.]+$")
# Parts of a pipeline of Rasa are classes by their names.
_PART = re.compile(r"^(?:pipeline|policies)\[\d+\]\.name$")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
_ID = re.compile(r"(?:^|\.)id\[(\d+)\]$")
# Of Hydra: they import the name in `path` beside them, and call nothing.
_RESOLVERS = frozenset(
    f"hydra.utils.{name}" for name in ("get_class", "get_method", "get_object", "get_static_method")
)
_HANDLER = re.compile(r"(?:^|\.)handlers\.[^.]+\.class")


@rule(
    "config-target",
    title="A configuration calls a function that can run commands",
    severity=Severity.HIGH,
    reads=ConfigFile,
    references=("CWE-470", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def config_target(config: ConfigFile) -> Iterator[Hit]:
    """Flag `_target_`, `class_path`, and `target` beside `params`, that run commands or load code.

    Likewise `py/object` and its kin (jsonpickle), `()` and classes of handlers (`logging.config`),
    and the names of classes in `type`, `provider`, `uses`, `implementation` and the like, as
    AutoGen, Haystack, Kedro, LangChain, MLServer and Rasa write them.

    Why: instantiating the configuration (Hydra, NeMo, latent diffusion, Lightning's command line,
    jsonpickle, a set-up of logging) imports the name and calls it with the values beside it.

    Fix: do not instantiate the file; name only classes of the library that it configures.

    Blind spot: functions that nobody has looked at are not reported here.
    """
    evidence = bound_to(config)
    with_params = {s.path.partition("params")[0] for s in config.scalars if "params" in s.path}
    paths = {s.path.removesuffix("path"): s.value for s in config.scalars if s.key == "path"}
    for scalar in (*config.scalars, *_joined(config.scalars)):
        if scalar.value in _RESOLVERS and (
            named := paths.get(scalar.path.removesuffix(scalar.key))
        ):
            scalar = replace(scalar, value=named)  # which is what it returns
        bare = scalar.key == "target" and scalar.path.removesuffix("target") in with_params
        message = _evaluated(scalar) or (_called(scalar) if bare or _calls(scalar) else None)
        if message is not None:
            facts = {"path": scalar.path[:200], "target": scalar.value[:200]}
            yield Hit(message, evidence(facts, scalar.line))


def _calls(scalar: Scalar) -> bool:
    if scalar.key in _KEYS:
        return True
    # Handlers of logging itself write files and connect because that is what they are for.
    if scalar.value.startswith("logging."):
        return False
    if scalar.key in _NAMING or _FILTER.search(scalar.path) or _PART.search(scalar.path):
        return _DOTTED.fullmatch(scalar.value) is not None
    return scalar.key == "class" and _HANDLER.search(scalar.path) is not None


def _joined(scalars: tuple[Scalar, ...]) -> Iterator[Scalar]:
    """Yield names that are written in parts: `id` of LangChain, `module_name` and `class_name`."""
    parts: dict[str, list[Scalar]] = {}
    module: dict[str, str] = {}
    for scalar in scalars:
        if _ID.search(scalar.path) and scalar.text:
            parts.setdefault(scalar.path.rpartition("[")[0], []).append(scalar)
        elif scalar.key == "module_name" and scalar.text:
            module[scalar.path.rpartition(".")[0]] = scalar.value
    for path, names in parts.items():
        if len(names) > 1:
            whole = ".".join(one.value for one in names)
            yield replace(names[0], path=path, key="_target_", value=whole)
    for scalar in scalars if module else ():
        if scalar.key == "class_name" and (name := module.get(scalar.path.rpartition(".")[0])):
            yield replace(scalar, key="_target_", value=f"{name}.{scalar.value}")


def _called(scalar: Scalar) -> str | None:
    module, _, name = scalar.value[:300].rpartition(".")
    if not module or judge(module, name, UseKind.CALLED) is not Judgement.DANGEROUS:
        return None
    return f"calls {scalar.value[:120]!r}"


def _evaluated(scalar: Scalar) -> str | None:
    """Say that jsonpickle would evaluate a text, as its old releases do."""
    if scalar.key != "py/repr" or "/" not in scalar.value:
        return None
    return f"has {scalar.value[:120]!r} evaluated"
