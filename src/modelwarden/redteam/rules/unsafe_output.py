"""Rule: active content from data reaches the output."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.redteam.llm.seen import Probed, hits


@rule(
    "unsafe-output",
    title="Active content from data reaches the output",
    severity=Severity.HIGH,
    reads=Probed,
    references=("CWE-79", "CWE-1426", "MITRE-ATLAS:AML.T0057"),
    weakness="unsafe_model_output",
)
def unsafe_output(seen: Probed) -> Iterator[Hit]:
    """Flag a chat model that carries active content from its data into its answer.

    That is an image that a page would fetch, a script, a handler, a formula of a spreadsheet, or a
    control sequence of terminals.

    Why: where the answer is shown, that content acts. An image address that the model fills in is
    the usual way to carry a conversation out.

    Fix: treat answers as a stranger's text: escape them, render no markup that was not asked for,
    fetch no address that is not on a list, and prefix cells that begin with `=`.

    Blind spot: whether the page or program that shows the answer would act on it is not known here.
    """
    yield from hits(
        seen, "carried an active link, script, formula or control sequence out of the data"
    )
