"""`config-target`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.config.reader import ConfigFile

_KEYS = frozenset("_target_ _component_ class_path".split())


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

    Why: instantiating the configuration (Hydra, NeMo, latent diffusion, Lightning's command line)
    imports the name and calls it with the values beside it.

    Fix: do not instantiate the file; name only classes of the library that it configures.

    Blind spot: functions that nobody has looked at are not reported here.
    """
    evidence = bound_to(config)
    with_params = {s.path.partition("params")[0] for s in config.scalars if "params" in s.path}
    for scalar in config.scalars:
        module, _, name = scalar.value[:300].rpartition(".")
        bare = scalar.key == "target" and scalar.path.removesuffix("target") in with_params
        if not module or not (bare or scalar.key in _KEYS):
            continue
        if judge(module, name, UseKind.CALLED) is Judgement.DANGEROUS:
            facts = {"path": scalar.path[:200], "target": scalar.value[:200]}
            yield Hit(f"calls {scalar.value[:120]!r}", evidence(facts, scalar.line))
