"""`config-target`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_KEYS = frozenset(
    "_target_ _component_ class_path () py/object py/function py/type py/class".split()
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

    Likewise `py/object` and its kin (jsonpickle), `()` and classes of handlers (`logging.config`).

    Why: instantiating the configuration (Hydra, NeMo, latent diffusion, Lightning's command line,
    jsonpickle, a set-up of logging) imports the name and calls it with the values beside it.

    Fix: do not instantiate the file; name only classes of the library that it configures.

    Blind spot: functions that nobody has looked at are not reported here.
    """
    evidence = bound_to(config)
    with_params = {s.path.partition("params")[0] for s in config.scalars if "params" in s.path}
    for scalar in config.scalars:
        bare = scalar.key == "target" and scalar.path.removesuffix("target") in with_params
        message = _evaluated(scalar) or (_called(scalar) if bare or _calls(scalar) else None)
        if message is not None:
            facts = {"path": scalar.path[:200], "target": scalar.value[:200]}
            yield Hit(message, evidence(facts, scalar.line))


def _calls(scalar: Scalar) -> bool:
    if scalar.key in _KEYS:
        return True
    # Handlers of logging itself write files and connect because that is what they are for.
    handler = scalar.key == "class" and not scalar.value.startswith("logging.")
    return handler and _HANDLER.search(scalar.path) is not None


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
