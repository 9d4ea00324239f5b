"""`notebook-script-attack`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.browser import reaches_out
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.findings import Json
from modelwarden.formats.notebook import Notebook


@rule(
    "notebook-script-attack",
    title="A notebook brings script that reaches beyond its cell",
    severity=Severity.HIGH,
    reads=Notebook,
    references=(
        "CWE-79",
        "CWE-506",
    ),
    weakness="custom_code_in_model",
)
def notebook_script_attack(one: Notebook) -> Iterator[Hit]:
    """Flag script in outputs or texts that runs code in the kernel, or reads cookies or files.

    Why: opened as trusted, it acts with the rights of whoever is logged in to Jupyter: it runs
    code in the kernel and reads every file that the server serves.

    Fix: do not open the notebook in Jupyter; clear its outputs with a tool first.

    Blind spot: script that loads its code from elsewhere is flagged for that alone only in texts.
    """
    for shown in one.shown:
        reach = reaches_out(shown)
        if reach is not None:
            facts: dict[str, Json] = {
                "cell": shown.cell,
                "where": shown.where,
                "mime": shown.mime[:60],
            }
            yield Hit(f"the {shown.where} of cell {shown.cell} {reach}", Evidence(facts=facts))
