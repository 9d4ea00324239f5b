"""`config-remote-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar


@rule(
    "config-remote-code",
    title="A configuration asks for code from a model repository",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def config_remote_code(config: ConfigFile) -> Iterator[Hit]:
    """Flag `auto_map` entries and a `trust_remote_code` that is switched on.

    Why: the classes named by `auto_map` are Python files of the repository, or of another one
    when the name has `--` in it, which the library downloads and runs once it is told to trust
    them.

    Fix: read that code at a pinned revision, or use a model whose class the library has itself.

    Blind spot: whether a program will pass `trust_remote_code` is not in the file.
    """
    for scalar in config.scalars:
        message = _asks(scalar)
        if message is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit(message, Evidence(facts=facts, line=scalar.line))


def _asks(scalar: Scalar) -> str | None:
    if scalar.key == "trust_remote_code":
        return "trust_remote_code is on" if scalar.value.lower() in {"true", "yes", "on"} else None
    if "auto_map" not in scalar.path or (not scalar.text and "." not in scalar.value):
        return None
    repository, mark, name = scalar.value.partition("--")
    if mark:
        return f"loads {name[:80]!r} from the foreign repository {repository[:80]!r}"
    return f"loads {scalar.value[:80]!r} from the model's own repository"
