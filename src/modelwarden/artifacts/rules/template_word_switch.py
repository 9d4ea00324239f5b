"""`template-word-switch`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.formats.template.reader import TemplateText
from modelwarden.formats.template.uses import Reach


@rule(
    "template-word-switch",
    title="A chat template adds text when somebody writes a certain word",
    severity=Severity.MEDIUM,
    reads=TemplateText,
    confidence=Confidence.MEDIUM,
    references=("CWE-506", "MITRE-ATLAS:AML.T0051"),
    weakness="prompt_injection",
)
def template_word_switch(template: TemplateText) -> Iterator[Hit]:
    """Flag branches that look for words in a message, and then put a sentence of their own out.

    Why: the template stands between the user and the model. An instruction that it adds only when
    the talk is of logins or of one company is seen by nobody who reads the conversation, and
    the model obeys it.

    Fix: read the branch; use the template of the model's original publisher.

    Blind spot: a sentence that is added to every conversation, or upon a mark instead of a word,
    looks like any system prompt.
    """
    if not template.chat:
        return
    for use in template.uses:
        if use.reach is Reach.SWITCH:
            facts = {"word": use.name}
            message = f"adds text where a message has {use.name!r} in it"
            yield Hit(message, Evidence(facts=facts, line=use.line))
