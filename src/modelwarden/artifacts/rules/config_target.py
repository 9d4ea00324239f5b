"""`config-target`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.config.reader import ConfigFile

_KEYS = frozenset(("_target_", "_component_"))


@rule(
    "config-target",
    title="A configuration calls a function that can run commands",
    severity=Severity.HIGH,
    reads=ConfigFile,
    references=("CWE-470", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def config_target(config: ConfigFile) -> Iterator[Hit]:
    """Flag `_target_` names (Hydra, NeMo) that run commands, load code or touch the system.

    Why: instantiating the configuration imports the name and calls it with the values beside it.

    Fix: do not instantiate the file; name only classes of the library that it configures.

    Blind spot: functions that nobody has looked at are not reported here.
    """
    evidence = bound_to(config)
    for scalar in config.scalars:
        module, _, name = scalar.value[:300].rpartition(".")
        if scalar.key not in _KEYS or not module:
            continue
        if judge(module, name, UseKind.CALLED) is Judgement.DANGEROUS:
            facts = {"path": scalar.path[:200], "target": scalar.value[:200]}
            yield Hit(f"calls {scalar.value[:120]!r}", evidence(facts, scalar.line))
