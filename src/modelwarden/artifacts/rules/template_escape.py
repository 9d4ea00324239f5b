"""`template-escape`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.formats.template.reader import TemplateText
from modelwarden.formats.template.uses import Reach, Use

_DUNDER = re.compile(r"__\w+__")
# Names of the interpreter that lead from any value to its modules; data has no such keys.
_INTERNALS = frozenset(
    f"__{name}__"
    for name in (
        "base bases builtins call class closure code defaults delattr dict func getattr "
        "getattribute getitem globals import init init_subclass kwdefaults loader module mro new "
        "qualname reduce reduce_ex self setattr spec subclasses subclasshook traceback wrapped"
    ).split()
)
_WITHOUT_UNDERSCORES = frozenset(
    "_TemplateReference__context _Context__self _module ag_frame co_code cr_frame f_back "
    "f_builtins f_globals f_locals func_code func_globals gi_code gi_frame im_class im_func "
    "im_self tb_frame tb_next".split()
)
# Globals that Jinja itself puts into every template: functions whose attributes nobody needs.
_GLOBALS = frozenset("cycler dict joiner lipsum namespace range".split())
_FUNCTIONS = frozenset(
    "__import__ compile delattr eval exec execfile getattr globals import_module input locals "
    "open popen setattr system vars".split()
)
_METHODS = frozenset(
    ".b64decode .check_output .exec_module .getoutput .import_module .load_module .popen .Popen "
    ".system .urlopen .urlretrieve".split()
)


@rule(
    "template-escape",
    title="A template reaches into the Python interpreter",
    severity=Severity.CRITICAL,
    reads=TemplateText,
    references=("CWE-1336", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def template_escape(template: TemplateText) -> Iterator[Hit]:
    """Flag templates that take attributes of the interpreter or call its functions.

    Why: from any value, `__class__`, `__globals__` and their like lead to `os.system`. A program
    that renders the template without a sandbox, as several chat servers have done
    (CVE-2024-34359), runs the command for every message. No chat template needs such a name.

    Fix: do not use the file. Take the chat template from the model's original publisher, and
    render only in Jinja's `ImmutableSandboxedEnvironment`.

    Blind spot: names that arrive in a message or a tool's answer are not in the template;
    `template-dynamic-attribute` reports where a template would use one.
    """
    evidence = bound_to(template)
    for use in template.uses:
        seen = _seen(use)
        if seen is not None:
            message, confidence = seen
            facts = {"name": use.name, "reach": use.reach.value}
            yield Hit(message, evidence(facts, use.line), confidence)


def _seen(use: Use) -> tuple[str, Confidence] | None:
    name = use.name
    if use.reach is Reach.ATTRIBUTE:
        if name in _INTERNALS or name in _WITHOUT_UNDERSCORES:
            return f"takes the attribute {name}", Confidence.HIGH
        if _DUNDER.fullmatch(name):
            return f"takes the attribute {name}", Confidence.MEDIUM
        if use.root in _GLOBALS or use.root == "__builtins__":
            return f"takes the attribute {name!r} of the global {use.root}", Confidence.MEDIUM
    elif use.reach is Reach.CALL and (name in _FUNCTIONS or name in _METHODS):
        return f"calls {name.removeprefix('.')}", Confidence.MEDIUM
    elif use.reach is Reach.TEXT and any(word in _INTERNALS for word in _DUNDER.findall(name)):
        return f"spells the interpreter's name {name!r}", Confidence.MEDIUM
    return None
