"""What is known of a model's vulnerabilities, and what was decided about them, as OpenVEX.

A waiver that only accepts a risk for a while is no claim that the model is safe from it: it is
exported as `affected`, with the waiver as what is done about it. Only a waiver that says why the
weakness does no harm, or that came from a VEX statement, is exported as `not_affected` or `fixed`.

Source: OpenVEX 0.2.0, https://github.com/openvex/spec
"""

from __future__ import annotations

from modelwarden.core import Json
from modelwarden.gate.bom.bills import Bill, Weakness
from modelwarden.gate.bom.form import EPOCH, Node, identity, made_at

CONTEXT = "https://openvex.dev/ns/v0.2.0"


def document(bill: Bill) -> Node:
    """Return the document; the same bill gives the same one."""
    made: Node = {
        "@context": CONTEXT,
        "author": "modelwarden",
        "role": "tool",
        "timestamp": made_at() or EPOCH,
        "version": 1,
        "tooling": f"modelwarden {bill.report.tool.version}",
        "statements": [_statement(w, bill) for w in bill.weaknesses],
    }
    return {"@context": CONTEXT, "@id": f"urn:uuid:{identity(made)}", **made}


def _statement(weakness: Weakness, bill: Bill) -> Node:
    primary, *others = weakness.names
    product: Node = {"@id": bill.purl, "identifiers": {"purl": bill.purl}}
    if bill.single and bill.digest:
        product["hashes"] = {"sha-256": bill.digest.removeprefix("sha256:")}
    inner: list[Json] = [{"@id": ref, "identifiers": {"purl": ref}} for ref in weakness.affects]
    if inner:
        product["subcomponents"] = inner
    vulnerability: Node = {"name": primary}
    if others:
        vulnerability["aliases"] = list(others)
    return {"vulnerability": vulnerability, "products": [product], **_status(weakness)}


def _status(weakness: Weakness) -> Node:
    waiver = weakness.waiver or {}
    until = f" until {waiver['expires']}" if "expires" in waiver else ""
    reason = waiver.get("reason", "")
    notes = f"waived by {waiver['owner']}{until}" if waiver else ""
    if waiver.get("status") == "fixed":
        return {"status": "fixed", "status_notes": f"{notes}: {reason}"}
    if waiver.get("status") == "not_affected" or "justification" in waiver:
        made: Node = {"status": "not_affected", "status_notes": notes, "impact_statement": reason}
        if "justification" in waiver:
            made["justification"] = waiver["justification"]
        return made
    if waiver:
        return {"status": "affected", "action_statement": f"risk {notes}: {reason}"}
    return {"status": "under_investigation"}
