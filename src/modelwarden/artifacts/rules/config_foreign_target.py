"""`config-foreign-target`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known import Judgement, ruling
from modelwarden.artifacts.known.yaml_tags import called
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Confidence, Hit, Severity, UseKind, rule
from modelwarden.formats.config.reader import ConfigFile

_KEYS = frozenset(("_target_", "_component_", "()", "py/object", "py/function"))
_MOST = 500
# Libraries whose own configurations are written so, and those that these name all the time.
_FRAMEWORKS = frozenset(
    "monai nemo speechbrain torchtune bitsandbytes uvicorn sentencepiece pythonjsonlogger".split()
)


@rule(
    "config-foreign-target",
    title="A configuration calls code that nobody has looked at",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    confidence=Confidence.MEDIUM,
    references=("CWE-470", "CWE-829"),
    weakness="custom_code_in_model",
)
def config_foreign_target(config: ConfigFile) -> Iterator[Hit]:
    """Flag `_target_`, `py/object` and calling tags (Hydra, jsonpickle, NeMo) of unknown libraries.

    Why: instantiating the configuration imports the name and calls it with the values beside it:
    whatever that package does, it does then.

    Fix: read the function that is named, and install its package from a source you trust.

    Blind spot: classes of known libraries are called, too; only what is known to be dangerous
    among them is reported, by `config-target`.
    """
    evidence = bound_to(config)
    seen: set[str] = set()
    for scalar in config.scalars:
        target = scalar.value[:300] if scalar.key in _KEYS else called(scalar.tag or "")[1][:300]
        module, _, name = target.rpartition(".")
        if not module or target in seen:
            continue
        found = ruling(module, name, UseKind.CALLED)
        known = found.known or module.partition(".")[0] in _FRAMEWORKS
        if found.judgement is Judgement.UNKNOWN and not known:
            seen.add(target)
            facts = {"path": scalar.path[:200], "target": target[:200]}
            why = f"what {target[:80]!r} does when it is called was not examined"
            message = f"calls {target[:120]!r} of the package {found.package[:60]!r}"
            if len(seen) == _MOST:
                message += " (and more that are not listed)"
            yield Hit(message, evidence(facts, scalar.line), unexamined=why)
            if len(seen) == _MOST:
                return
