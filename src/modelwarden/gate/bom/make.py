"""From a path to a document: scan, gather what lies beside the model, write it in a form."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from modelwarden.gate.bom.form import written
from modelwarden.gate.scan import How, scan

if TYPE_CHECKING:
    from modelwarden.core import Policy
    from modelwarden.gate.beside import Beside
    from modelwarden.gate.bom.bills import Bill
    from modelwarden.gate.bom.form import Node
    from modelwarden.gate.unit import Options

FORMS = ("cyclonedx", "spdx", "openvex")


class _Module(Protocol):
    def document(self, bill: Bill) -> Node:
        """Return the document of a bill."""


def bill(
    path: str | os.PathLike[str],
    *,
    assessment: Path | None = None,
    policy: Policy | None = None,
    options: Options | None = None,
    how: How | None = None,
    beside: Beside | None = None,
) -> Bill:
    """Return the bill of materials of a model file or folder.

    Args:
        path: the model.
        assessment: report of an assessment of it, for measures and considerations.
        policy: whose waivers are told beside the vulnerabilities.
        options: of the scan.
        how: of the scan.
        beside: of the scan.

    Raises:
        InputError: the path or the assessment cannot be used.
    """
    from modelwarden.gate.bom import assessed
    from modelwarden.gate.bom.bills import bill_of
    from modelwarden.gate.bom.card import card_of

    measured = assessed.read(assessment) if assessment else None
    report = scan([path], policy=policy, options=options, how=how, beside=beside)
    card = card_of(os.fspath(path))
    if measured is not None and assessment is not None:
        assessed.check_same(measured, report, assessment)
        card = assessed.with_assessment(card, measured)
    return bill_of(report, card)


def document(made: Bill, form: str, spec: str = "1.6") -> str:
    """Return the text of a bill in one of `FORMS`.

    Args:
        made: the bill.
        form: what to write.
        spec: version of CycloneDX.
    """
    if form == "cyclonedx":
        from modelwarden.gate.bom import cyclonedx

        return written(cyclonedx.document(made, spec))
    module = cast("_Module", import_module(f"modelwarden.gate.bom.{form}"))
    return written(module.document(made))
