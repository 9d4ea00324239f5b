"""`yaml-call-tag`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known import Judgement, judge
from modelwarden.artifacts.known.yaml_tags import called, evaluates, foreign, runs
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, UseKind, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*[.:]\w+")


@rule(
    "yaml-call-tag",
    title="YAML makes objects of another kind of loader",
    severity=Severity.HIGH,
    reads=ConfigFile,
    references=("CWE-502", "CWE-470", "MITRE-ATLAS:AML.T0011"),
    weakness="unsafe_deserialization",
)
def yaml_call_tag(config: ConfigFile) -> Iterator[Hit]:
    """Flag tags of other loaders that call something dangerous, run, evaluate, or make any object.

    Why: HyperPyYAML (`!apply:`, `!new:`, `!pickle:`) calls what the tag names; loaders of Ruby,
    Perl, Java and .NET make objects of any class, and one of JavaScript makes functions. Opening
    the configuration is enough.

    Fix: have the publisher replace the tag by plain values, and load with a safe loader.

    Blind spot: tags that a program defines itself mean what that program says. Tags that put a
    value of the environment there (`!env`) take nothing out of the machine and are not reported.
    """
    evidence = bound_to(config)
    for scalar in config.scalars:
        message = _message(scalar.tag or "") or _named(scalar)
        if message is not None:
            facts = {"tag": (scalar.tag or "")[:200], "path": scalar.path[:200]}
            yield Hit(message, evidence(facts, scalar.line))


def _named(scalar: Scalar) -> str | None:
    """Judge a value under a tag of a program's own, as `!function os.system` names one."""
    tag, target = scalar.tag or "", scalar.value.strip()
    if not tag.startswith("!") or not _DOTTED.fullmatch(target):
        return None
    module, _, name = target.replace(":", ".").rpartition(".")
    if judge(module, name, UseKind.CALLED) is not Judgement.DANGEROUS:
        return None
    return f"the tag {tag[:80]!r} hands out {target[:80]!r}"


def _message(tag: str) -> str | None:
    language = foreign(tag)
    if language is not None:
        return f"the tag {tag[:80]!r} makes an object of {language}"
    if evaluates(tag):
        return f"the tag {tag!r} has its value evaluated"
    if runs(tag):
        return f"the tag {tag[:80]!r} has its value run as a command"
    kind, target = called(tag)
    if kind in {"pickle", "pkl"}:
        return f"the tag {tag[:80]!r} loads a pickle"
    module, _, name = target.rpartition(".")
    if module and judge(module, name, UseKind.CALLED) is Judgement.DANGEROUS:
        return f"the tag {tag[:80]!r} calls {target[:80]!r}"
    return None
