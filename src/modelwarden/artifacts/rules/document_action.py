"""`document-action`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.pdf import PdfDocument


@rule(
    "document-action",
    title="A PDF runs script or starts a program when it is opened",
    severity=Severity.MEDIUM,
    reads=PdfDocument,
    references=("CWE-506", "CWE-94"),
    weakness="custom_code_in_model",
)
def document_action(document: PdfDocument) -> Iterator[Hit]:
    """Flag documents with an action that is taken when they are opened, and that runs something.

    Why: the reader's program acts on its own; papers and model cards need no script.

    Fix: do not open the file; print it to a new one in a viewer that knows no actions.

    Blind spot: forms that calculate when a field is filled in are left out, and encrypted objects
    are not seen.
    """
    if document.opens and document.acts:
        acts = list(document.acts)
        yield Hit(f"when it is opened, it {' and '.join(acts)}", Evidence(facts={"acts": [*acts]}))
