"""A bill of materials as CycloneDX 1.6 or 1.7, with the model card that CycloneDX has for models.

Source: https://cyclonedx.org/docs/1.7/json/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from modelwarden.core import Coverage, Json, Measurement, encode
from modelwarden.gate.bom.bills import Bill, Card, Part, Weakness
from modelwarden.gate.bom.form import Node, identity, made_at, number, slice_of, source_of
from modelwarden.gate.bom.licences import Licence
from modelwarden.report.escape import shown

SPECS = ("1.6", "1.7")
_MODEL = "model"
_GAPS = 1_000
_METHODS = (("CVSS:3.0", "CVSSv3"), ("CVSS:3.1", "CVSSv31"), ("CVSS:4.0", "CVSSv4"))
_STATES = {"not_affected": "not_affected", "fixed": "resolved"}
_JUSTIFICATIONS = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}


def document(bill: Bill, spec: str = "1.6") -> Node:
    """Return the document; the same bill gives the same one."""
    made: Node = {
        "$schema": f"http://cyclonedx.org/schema/bom-{spec}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": spec,
        "version": 1,
        "metadata": _metadata(bill),
        "components": [*_files(bill), *(_package(p) for p in bill.parts), *_data(bill.card)],
        "dependencies": _dependencies(bill),
        "compositions": list(_compositions(bill)),
    }
    if bill.audited:
        made["vulnerabilities"] = [_vulnerability(w) for w in bill.weaknesses]
    return {**made, "serialNumber": f"urn:uuid:{identity(made)}"}


def _metadata(bill: Bill) -> Node:
    report = bill.report
    program: Node = {"type": "application", "name": "modelwarden", "version": report.tool.version}
    when = made_at()
    facts = {}
    if report.run.advisories:
        facts = {
            "advisories:date": report.run.advisories.date,
            "advisories:digest": report.run.advisories.digest,
        }
    gaps = [("gap", shown(f"{g.kind}: {g.what}: {g.why}", 600)) for g in report.gaps[:_GAPS]]
    if len(report.gaps) > _GAPS:
        gaps.append(("gaps", str(len(report.gaps))))
    return {
        **({"timestamp": when} if when else {}),
        "tools": {"components": [program]},
        "component": _model(bill),
        "properties": _properties([*facts.items(), *gaps]),
    }


def _model(bill: Bill) -> Node:
    made: Node = {
        "type": "machine-learning-model",
        "bom-ref": _MODEL,
        "name": bill.name,
        "purl": bill.purl,
    }
    facts: list[tuple[str, str]] = []
    if bill.single and bill.files:
        made["hashes"] = _hashes(bill.files[0])
        facts += _facts(bill.files[0])
    elif bill.digest:
        facts.append(("digest", bill.digest))
    made["licenses"] = _licences(bill.card.licence)
    made["modelCard"] = _card(bill.card)
    made["properties"] = _properties(facts)
    return _without_empty(made)


def _card(card: Card) -> Node:
    parameters: Node = {
        "task": card.task,
        "architectureFamily": card.family,
        "modelArchitecture": card.architecture,
        "datasets": [{"ref": _data_ref(name)} for name in card.datasets],
        "inputs": [{"format": text} for text in card.inputs],
        "outputs": [{"format": text} for text in card.outputs],
    }
    considered: Node = {
        "useCases": list(card.use_cases),
        "technicalLimitations": list(card.limitations),
        "performanceTradeoffs": list(card.tradeoffs),
        "ethicalConsiderations": [{"name": text} for text in card.ethics],
        "fairnessAssessments": [
            _without_empty({"groupAtRisk": group, "harms": harm, "mitigationStrategy": fix})
            for group, harm, fix in card.fairness
        ],
    }
    metrics = [_metric(m) for m in card.measurements]
    metrics += [
        _without_empty({"type": f"{name} (claimed)", "value": value, "slice": where})
        for name, value, where in card.claims
    ]
    facts = [("measurement", _measured(m)) for m in card.measurements]
    facts += [("base-model", base) for base in card.bases]
    facts.append(("card", card.source or "none"))
    return _without_empty(
        {
            "modelParameters": _without_empty(parameters),
            "quantitativeAnalysis": _without_empty({"performanceMetrics": metrics}),
            "considerations": _without_empty(considered),
            "properties": _properties(facts),
        }
    )


def _metric(measurement: Measurement) -> Node:
    interval = {
        "lowerBound": number(measurement.low),
        "upperBound": number(measurement.high),
    }
    return _without_empty(
        {
            "type": shown(measurement.name, 200),
            "value": number(measurement.value),
            "slice": slice_of(measurement),
            "confidenceInterval": _without_empty(dict(interval)),
        }
    )


def _measured(measurement: Measurement) -> str:
    """Return all of a measurement, for which CycloneDX has no fields, as JSON."""
    return json.dumps(encode(measurement), sort_keys=True, ensure_ascii=False)


def _files(bill: Bill) -> Iterator[Node]:
    for line in () if bill.single else bill.files:
        yield _without_empty(
            {
                "type": "file",
                "bom-ref": f"file:{line.path}",
                "name": line.path,
                "hashes": _hashes(line),
                "properties": _properties(_facts(line)),
            }
        )


def _hashes(line: Coverage) -> list[Json]:
    return [{"alg": "SHA-256", "content": line.sha256}] if line.sha256 else []


def _facts(line: Coverage) -> list[tuple[str, str]]:
    producer = line.producer
    wrote = f"{producer.name} {producer.version or ''}".strip() if producer else ""
    size = "" if line.size is None else str(line.size)
    facts = {"format": line.format or "", "status": line.status, "size": size, "producer": wrote}
    return [(key, shown(str(value), 300)) for key, value in facts.items() if value]


def _package(part: Part) -> Node:
    made: Node = {
        "type": "library",
        "bom-ref": part.ref,
        "name": part.name,
        "version": part.version or "",
        "purl": part.purl,
        "licenses": _licences(part.licence),
        "evidence": _without_empty({"occurrences": [{"location": p} for p in part.paths]}),
        "properties": _properties([] if part.sure else [("confidence", "low")]),
    }
    return _without_empty(made)


def _data(card: Card) -> Iterator[Node]:
    for name in card.datasets:
        data: Node = {"type": "dataset", "name": name}
        yield {"type": "data", "bom-ref": _data_ref(name), "name": name, "data": [data]}


def _data_ref(name: str) -> str:
    return f"data:{name}"


def _licences(licence: Licence | None) -> list[Json]:
    if licence is None:
        return []
    if licence.expression:
        return [{"expression": licence.expression, "acknowledgement": "declared"}]
    return [{"license": {"name": licence.name, "acknowledgement": "declared"}}]


def _dependencies(bill: Bill) -> list[Json]:
    parts = [part.ref for part in bill.parts]
    return [{"ref": _MODEL, "dependsOn": parts}, *({"ref": ref} for ref in parts)]


def _compositions(bill: Bill) -> Iterator[Node]:
    """Say how complete each list is; what else the model needs, nobody can say for sure."""
    files = "complete" if bill.all_files else "incomplete"
    yield {"aggregate": files, "assemblies": [_MODEL]}
    yield {"aggregate": "unknown" if bill.all_parts else "incomplete", "dependencies": [_MODEL]}


def _vulnerability(weakness: Weakness) -> Node:
    primary, *others = weakness.names
    status = "affected" if weakness.certain else "unknown"
    made: Node = {
        "bom-ref": f"vulnerability:{weakness.fingerprint}:{primary}",
        "id": primary,
        "source": source_of(primary),
        "references": [{"id": name, "source": source_of(name)} for name in others],
        "ratings": [_rating(weakness)],
        "description": weakness.message,
        "recommendation": f"Use {' or '.join(weakness.fixed)}" if weakness.fixed else "",
        "affects": [_affected(ref, status) for ref in weakness.affects or (_MODEL,)],
        "analysis": _analysis(weakness.waiver) if weakness.waiver else {},
        "properties": _properties([("fingerprint", weakness.fingerprint)]),
    }
    return _without_empty(made)


def _rating(weakness: Weakness) -> Node:
    vector = weakness.vector or ""
    method = next((name for start, name in _METHODS if vector.startswith(start)), "")
    made: Node = {"severity": weakness.severity.value if weakness.severity else "unknown"}
    if method and weakness.score is not None:
        made |= {"score": weakness.score, "method": method, "vector": vector}
    return made


def _affected(ref: str, status: str) -> Node:
    version = ref.rpartition("@")[2] if "@" in ref else ""
    told: Node = {"version": version, "status": status}
    return {"ref": ref, "versions": [told]} if version else {"ref": ref}


def _analysis(waiver: Mapping[str, str]) -> Node:
    until = f" until {waiver['expires']}" if "expires" in waiver else ""
    state = waiver.get("status") or ("not_affected" if "justification" in waiver else "")
    return _without_empty(
        {
            "state": _STATES.get(state, ""),
            "justification": _JUSTIFICATIONS.get(waiver.get("justification", ""), ""),
            "detail": f"waived by {waiver.get('owner', '')}{until}: {waiver.get('reason', '')}",
        }
    )


def _properties(facts: list[tuple[str, str]]) -> list[Json]:
    return [{"name": f"modelwarden:{key}", "value": value} for key, value in facts]


def _without_empty(node: Node) -> Node:
    return {key: value for key, value in node.items() if value not in ("", [], {}, None)}
