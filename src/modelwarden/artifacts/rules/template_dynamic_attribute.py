"""`template-dynamic-attribute`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.template.reader import TemplateText
from modelwarden.formats.template.uses import Reach


@rule(
    "template-dynamic-attribute",
    title="A template computes the name of an attribute",
    severity=Severity.MEDIUM,
    reads=TemplateText,
    confidence=Confidence.MEDIUM,
    references=("CWE-1336",),
    weakness="custom_code_in_model",
)
def template_dynamic_attribute(template: TemplateText) -> Iterator[Hit]:
    """Flag attributes whose name is put together while the template is rendered.

    Why: a name that is assembled from pieces, or taken from a message, can be `__class__` as
    well as `content`. Honest templates name what they read.

    Fix: look at the line; ask the publisher for a template that names its keys.

    Blind spot: a plain variable as a key (`tool[name]`) is everyday use and not reported.
    """
    for use in template.uses:
        if use.reach is Reach.DYNAMIC:
            facts = {"by": use.name}
            message = f"an attribute's name is computed ({use.name})"
            yield Hit(message, Evidence(facts=facts, line=use.line))
