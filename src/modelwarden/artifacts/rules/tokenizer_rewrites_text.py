"""`tokenizer-rewrites-text`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.vocabulary.tokenizer import TokenizerFile


@rule(
    "tokenizer-rewrites-text",
    title="A tokenizer puts words into the texts that go through it",
    severity=Severity.MEDIUM,
    reads=TokenizerFile,
    references=("MITRE-ATLAS:AML.T0018",),
    weakness="unsigned_or_altered_artifact",
)
def tokenizer_rewrites_text(tokenizer: TokenizerFile) -> Iterator[Hit]:
    """Flag steps that replace parts of a text by words, and templates of very many tokens.

    Why: a decoder that replaces text changes what the model says (an address, a command), and a
    normalizer or a template adds instructions to what the user says. The weights stay as they
    were, so no test of the weights shows it.

    Fix: take the tokenizer from the publisher of the base model, and compare the two files.

    Blind spot: marks of spaces and replacements of up to three letters are usual, and not
    flagged; nor are tokens of the vocabulary that were exchanged for others.
    """
    for fault in tokenizer.faults:
        if fault.kind == "rewrite":
            facts = {"fault": fault.kind, "what": fault.what, "why": fault.why}
            yield Hit(fault.why, Evidence(fault.at, facts))
