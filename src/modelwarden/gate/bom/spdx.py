"""A bill of materials as SPDX 3.0.1 JSON-LD, with its AI, dataset and security profiles.

Source: https://spdx.github.io/spdx-spec/v3.0.1/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from modelwarden.core import Coverage, Json
from modelwarden.gate.bom.bills import Bill, Card, Part, Weakness
from modelwarden.gate.bom.form import EPOCH, Node, identity, made_at, number, slice_of, source_of
from modelwarden.gate.bom.licences import Licence
from modelwarden.gate.bom.reading import STATED
from modelwarden.report.escape import shown

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_INFO = "_:made"
_NO_LICENCE = "expandedlicensing_NoAssertionLicense"
_PROFILES = ("core", "software", "simpleLicensing", "security", "ai", "dataset")
_NO_TIME = "the time is that of SOURCE_DATE_EPOCH, or the first second of 1970 without it"
_CVSS = (("CVSS:3", "security_CvssV3"), ("CVSS:4", "security_CvssV4"))
_JUSTIFIED = {
    "component_not_present": "componentNotPresent",
    "vulnerable_code_not_present": "vulnerableCodeNotPresent",
    "vulnerable_code_not_in_execute_path": "vulnerableCodeNotInExecutePath",
    "vulnerable_code_cannot_be_controlled_by_adversary": (
        "vulnerableCodeCannotBeControlledByAdversary"
    ),
    "inline_mitigations_already_exist": "inlineMitigationsAlreadyExist",
}


def document(bill: Bill) -> Node:
    """Return the document; the same bill gives the same one."""
    graph = _Graph(bill)
    # Ids are absolute addresses below one that follows from the content.
    base = f"urn:uuid:{identity({'graph': graph.elements})}#"
    return {"@context": CONTEXT, "@graph": [_placed(node, base) for node in graph.elements]}


def _placed(value: Json, base: str) -> Json:
    if isinstance(value, str):
        return f"{base}{value[1:]}" if value.startswith("\0") else value
    if isinstance(value, Mapping):
        return {key: _placed(part, base) for key, part in value.items()}
    return [_placed(part, base) for part in value] if isinstance(value, Sequence) else value


class _Graph:
    """The elements, in an order that follows from the bill; ids of our own begin with a zero."""

    def __init__(self, bill: Bill) -> None:
        self.bill = bill
        self.count = 0
        self.elements: list[Node] = []
        self.licences: dict[str, str] = {}
        self.refs: dict[str, str] = {}
        info: Node = {
            "type": "CreationInfo",
            "@id": _INFO,
            "specVersion": "3.0.1",
            "created": made_at() or EPOCH,
            "createdBy": [self.id("agent")],
            "createdUsing": [self.id("tool")],
            "comment": _NO_TIME,
        }
        self.elements.append(info)
        version = bill.report.tool.version
        self.add("SoftwareAgent", "agent", name="modelwarden")
        self.add("Tool", "tool", name=f"modelwarden {version}")
        self.model()
        self.files()
        self.packages()
        self.datasets()
        for at, weakness in enumerate(bill.weaknesses):
            self.weakness(weakness, at)
        self.whole()

    def id(self, name: str) -> str:
        return f"\0{name}"

    def add(self, kind: str, local: str, /, **fields: Json) -> str:
        given = {k: v for k, v in fields.items() if v not in ("", [], {}, None)}
        node: Node = {"type": kind, "spdxId": self.id(local), "creationInfo": _INFO, **given}
        self.elements.append(node)
        return self.id(local)

    def relate(
        self,
        source: str,
        kind: str,
        targets: Sequence[str],
        complete: str = "noAssertion",
        class_: str = "Relationship",
        **fields: Json,
    ) -> None:
        if not targets:
            return
        self.count += 1
        self.add(
            class_,
            f"relationship-{self.count}",
            **{"from": source, "to": list(targets)},
            relationshipType=kind,
            **({"completeness": complete} if class_ == "Relationship" else {}),
            **fields,
        )

    def licence(self, licence: Licence | None) -> str:
        """Return the id of a licence, which is an element once."""
        if licence is None or licence.expression is None:
            return _NO_LICENCE
        text = licence.expression
        if text not in self.licences:
            name = f"licence-{len(self.licences) + 1}"
            self.licences[text] = self.add(
                "simplelicensing_LicenseExpression", name, simplelicensing_licenseExpression=text
            )
        return self.licences[text]

    def licensed(self, of: str, licence: Licence | None) -> None:
        self.relate(of, "hasDeclaredLicense", [self.licence(licence)])

    def model(self) -> None:
        bill, card = self.bill, self.bill.card
        self.add(
            "ai_AIPackage",
            "model",
            name=bill.name,
            software_packageVersion=bill.digest,
            software_packageUrl=bill.purl,
            software_primaryPurpose="model",
            verifiedUsing=_hashes(bill.files[0]) if bill.single and bill.files else [],
            comment=_worded(card.licence),
            ai_domain=[card.task] if card.task else [],
            ai_typeOfModel=[text for text in (card.family, card.architecture) if text],
            ai_informationAboutApplication="\n".join((*card.use_cases, *card.ethics)),
            ai_informationAboutTraining=_trained(card),
            ai_limitation="\n".join((*card.limitations, *card.tradeoffs, *_unfair(card))),
            ai_metric=list(_metrics(card)),
        )
        self.licensed(self.id("model"), card.licence)
        self.relate(self.id("model"), "hasConcludedLicense", [_NO_LICENCE])

    def files(self) -> None:
        ids: list[str] = []
        for at, line in enumerate(() if self.bill.single else self.bill.files):
            ids.append(
                self.add(
                    "software_File",
                    f"file-{at + 1}",
                    name=line.path,
                    verifiedUsing=_hashes(line),
                    software_fileKind="file",
                    comment=f"format: {line.format}" if line.format else "",
                )
            )
        state = "complete" if self.bill.all_files else "incomplete"
        self.relate(self.id("model"), "contains", ids, state)

    def packages(self) -> None:
        for at, part in enumerate(self.bill.parts):
            self.refs[part.ref] = self.package(part, f"package-{at + 1}")
        state = "noAssertion" if self.bill.all_parts else "incomplete"
        self.relate(self.id("model"), "dependsOn", list(self.refs.values()), state)

    def package(self, part: Part, name: str) -> str:
        made = self.add(
            "software_Package",
            name,
            name=part.name,
            software_packageVersion=part.version,
            software_packageUrl=part.purl,
            software_primaryPurpose="library",
            software_sourceInfo=f"named by {', '.join(part.paths)}"[:2_000] if part.paths else "",
            comment=_worded(part.licence),
        )
        if part.licence:
            self.licensed(made, part.licence)
        return made

    def datasets(self) -> None:
        ids = [
            self.add(
                "dataset_DatasetPackage",
                f"dataset-{at + 1}",
                name=name,
                dataset_datasetType=["noAssertion"],
                software_primaryPurpose="data",
            )
            for at, name in enumerate(self.bill.card.datasets)
        ]
        self.relate(self.id("model"), "trainedOn", ids)

    def weakness(self, weakness: Weakness, at: int) -> None:
        made = self.add(
            "security_Vulnerability",
            f"vulnerability-{at + 1}",
            name=weakness.names[0],
            summary=weakness.message,
            externalIdentifier=[_identifier(name) for name in weakness.names],
        )
        targets = [self.refs[ref] for ref in weakness.affects if ref in self.refs]
        targets = targets or [self.id("model")]
        class_ = next((c for start, c in _CVSS if (weakness.vector or "").startswith(start)), "")
        if class_ and weakness.score is not None and weakness.severity:
            self.relate(
                made,
                "hasAssessmentFor",
                targets,
                class_=f"{class_}VulnAssessmentRelationship",
                security_score=weakness.score,
                security_severity=weakness.severity.value,
                security_vectorString=weakness.vector,
            )
        self.status(made, targets, weakness)

    def status(self, made: str, targets: list[str], weakness: Weakness) -> None:
        waiver = weakness.waiver or {}
        note = f"waived by {waiver['owner']}: {waiver['reason']}" if waiver else ""
        status = waiver.get("status") or ("not_affected" if "justification" in waiver else "")
        if status == "fixed":
            kind, class_, fields = "fixedIn", "Fixed", {"security_statusNotes": note}
        elif status == "not_affected":
            kind, class_ = "doesNotAffect", "NotAffected"
            fields = {"security_impactStatement": note}
            if why := _JUSTIFIED.get(waiver.get("justification", "")):
                fields["security_justificationType"] = why
        elif weakness.certain:
            kind, class_ = "affects", "Affected"
            fix = f"use {' or '.join(weakness.fixed)}" if weakness.fixed else "no fix is named"
            fields = {"security_actionStatement": note or fix}
        else:
            kind, class_, fields = "underInvestigationFor", "UnderInvestigation", {}
        class_ = f"security_Vex{class_}VulnAssessmentRelationship"
        self.relate(made, kind, targets, class_=class_, **fields)

    def whole(self) -> None:
        inner = [str(node["spdxId"]) for node in self.elements if "spdxId" in node]
        bom = self.add(
            "software_Sbom",
            "bom",
            rootElement=[self.id("model")],
            element=list(inner),
            profileConformance=list(_PROFILES),
            software_sbomType=["analyzed"],
        )
        self.add(
            "SpdxDocument",
            "document",
            name=self.bill.name,
            rootElement=[bom],
            element=[*inner, bom],
            profileConformance=list(_PROFILES),
            comment="\n".join(_told_gaps(self.bill)),
        )


def _told_gaps(bill: Bill) -> Iterator[str]:
    for gap in bill.report.gaps[:1_000]:
        yield f"not examined: {gap.what}: {gap.why}"
    if not bill.audited:
        yield "the packages were not held against known vulnerabilities"


def _hashes(line: Coverage) -> list[Json]:
    made: Node = {"type": "Hash", "algorithm": "sha256", "hashValue": line.sha256}
    return [made] if line.sha256 else []


def _worded(licence: Licence | None) -> str:
    """Return a licence that is no expression in the words that name it."""
    return f"{STATED}{licence.name}" if licence and not licence.expression else ""


def _trained(card: Card) -> str:
    lines = [f"data: {name}" for name in card.datasets]
    return "\n".join([*lines, *(f"base model: {name}" for name in card.bases)])


def _unfair(card: Card) -> Iterator[str]:
    for group, harm, _ in card.fairness:
        yield f"fairness, {group}: {harm}"


def _metrics(card: Card) -> Iterator[Node]:
    for one in card.measurements:
        where = slice_of(one)
        interval = f" [{number(one.low)}, {number(one.high)}] at {number(one.level)}"
        told = interval if one.low is not None and one.high is not None else ""
        value = f"{number(one.value)}{told}, n = {one.n}"
        yield {"type": "DictionaryEntry", "key": _at(one.name, where), "value": value}
    for name, value, where in card.claims:
        key = _at(f"{name} (claimed)", where)
        yield {"type": "DictionaryEntry", "key": key, "value": value}


def _at(name: str, where: str) -> str:
    return shown(f"{name} @ {where}" if where else name, 500)


def _identifier(name: str) -> Node:
    kind = "cve" if name.startswith("CVE-") else "securityOther"
    place = str(source_of(name)["url"])
    return {
        "type": "ExternalIdentifier",
        "externalIdentifierType": kind,
        "identifier": name,
        "identifierLocator": [place],
    }
