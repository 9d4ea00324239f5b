"""`yaml-alias-expansion`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile


@rule(
    "yaml-alias-expansion",
    title="A YAML text grows without bound when it is written out",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-400", "CWE-409"),
    weakness="availability_attack",
)
def yaml_alias_expansion(config: ConfigFile) -> Iterator[Hit]:
    """Flag aliases of aliases that stand for millions of values.

    Why: a program that copies, merges or writes out the configuration (OmegaConf, a conversion to
    JSON) runs out of memory.

    Fix: write the values out, or ask why the file repeats itself so.

    Blind spot: up to a million values are let pass.
    """
    for fault in config.faults:
        if fault.kind == "expansion":
            yield Hit(fault.why, Evidence(fault.at, {"fault": fault.kind}))
