"""`template-resource`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.template.reader import TemplateText
from modelwarden.formats.template.uses import Reach


@rule(
    "template-resource",
    title="A template asks for endless work",
    severity=Severity.MEDIUM,
    reads=TemplateText,
    references=("CWE-400", "MITRE-ATLAS:AML.T0029"),
    weakness="availability_attack",
)
def template_resource(template: TemplateText) -> Iterator[Hit]:
    """Flag loops of more than a million rounds and texts or numbers of as many characters.

    Why: the template is rendered for every request; one such loop stops the server.

    Fix: do not use the template; no conversation needs such a loop.

    Blind spot: loops over what a request brings are as long as the request.
    """
    for use in template.uses:
        if use.reach is Reach.WORK:
            facts = {"kind": use.name, "amount": str(use.amount)}
            what = "rounds of a loop" if use.name == "loop" else "characters of text or digits"
            yield Hit(f"asks for {use.amount} {what}", Evidence(facts=facts, line=use.line))
