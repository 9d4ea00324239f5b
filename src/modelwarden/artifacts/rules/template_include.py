"""`template-include`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.template.reader import TemplateText
from modelwarden.formats.template.uses import Reach


@rule(
    "template-include",
    title="A template reads another file",
    severity=Severity.MEDIUM,
    reads=TemplateText,
    references=("CWE-22", "CWE-1336"),
    weakness="custom_code_in_model",
)
def template_include(template: TemplateText) -> Iterator[Hit]:
    """Flag `include`, `import` and `extends` of files that a template should not read.

    Why: a renderer with a file loader puts the file's text into the prompt, where the model's
    answer can carry it out. A chat template is one text and includes nothing; any other template
    has no reason to leave its own folder.

    Fix: write the part into the template, or drop it.

    Blind spot: an ordinary relative name in a template that is not a chat template is not
    reported; what it includes is examined as a file of its own.
    """
    for use in template.uses:
        if use.reach is Reach.FILE and (template.chat or _leaves(use.name)):
            facts = {"file": use.name}
            message = f"includes {use.name!r}" if use.name != "?" else "includes a computed name"
            yield Hit(message, Evidence(facts=facts, line=use.line))


def _leaves(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name == "?" or not parts[0] or ".." in parts or ":" in name or parts[0] == "~"
