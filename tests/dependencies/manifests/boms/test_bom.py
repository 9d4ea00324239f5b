from __future__ import annotations

import json

import pytest

from manifestfiles import reading, shown, whys

CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "components": [
        {
            "type": "library",
            "purl": "pkg:pypi/torch@1.13.1",
            "components": [{"type": "library", "purl": "pkg:pypi/numpy@1.21.0"}],
        },
        {"type": "library", "purl": "pkg:deb/debian/openssl@1.1"},
        {"type": "machine-learning-model", "name": "m"},
    ],
}
PURLS = ("pkg:pypi/torch@1.13.1", "pkg:pypi/numpy@1.21.0", "pkg:deb/debian/x@1")
SPDX2 = {
    "spdxVersion": "SPDX-2.3",
    "packages": [
        {"externalRefs": [{"referenceType": "purl", "referenceLocator": purl}]} for purl in PURLS
    ],
}
SPDX3 = {
    "@context": "x",
    "@graph": [{"type": "software_Package", "software_packageUrl": purl} for purl in PURLS],
}
XML = """<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/{}" version="1">
 <metadata><component type="application"><purl>pkg:pypi/self@1</purl></component></metadata>
 <components>
  <component type="library"><name>torch</name><purl>pkg:pypi/torch@1.13.1</purl>
   <pedigree><ancestors>
    <component type="library"><purl>pkg:pypi/old@1</purl></component>
   </ancestors></pedigree>
   <components>
    <component type="library"><purl>pkg:pypi/numpy@1.21.0</purl></component>
   </components>
  </component>
  <component type="library"><name>o</name><purl>pkg:deb/debian/openssl@1.1</purl></component>
  <component type="machine-learning-model"><name>m</name></component>
 </components>
</bom>"""
TAGS = """SPDXVersion: SPDX-{}
DataLicense: CC0-1.0
DocumentName: image
PackageName: whole
SPDXID: SPDXRef-Whole
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-Whole
PackageName: torch
SPDXID: SPDXRef-torch
PackageComment: <text>a text that
PackageName: hidden
ExternalRef: PACKAGE-MANAGER purl pkg:pypi/hidden@6.6.6
</text>
ExternalRef: SECURITY cpe23Type cpe:2.3:a:pytorch:torch:1.13.1:*:*:*:*:*:*:*
ExternalRef: PACKAGE-MANAGER purl pkg:pypi/torch@1.13.1
PackageName: numpy
ExternalRef: PACKAGE_MANAGER purl pkg:pypi/numpy@1.21.0
PackageName: x
ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/x@1
"""
YAML = """spdxVersion: SPDX-2.3
packages:
- externalRefs: [{referenceType: purl, referenceLocator: "pkg:pypi/torch@1.13.1"}]
- externalRefs: [{referenceType: purl, referenceLocator: "pkg:pypi/numpy@1.21.0"}]
- externalRefs: [{referenceType: purl, referenceLocator: "pkg:deb/debian/x@1"}]
"""
FORMS = {
    "CycloneDX JSON": ("sbom.json", json.dumps(CYCLONEDX)),
    "SPDX 2 JSON": ("a.spdx.json", json.dumps(SPDX2)),
    "SPDX 2 in a wrapper": ("sbom.json", json.dumps({"sbom": SPDX2})),
    "SPDX 3": ("a.spdx3.json", json.dumps(SPDX3)),
    "SPDX YAML": ("a.spdx.yaml", YAML),
    **{f"XML {v}": ("bom.xml", XML.format(v)) for v in ("1.2", "1.4", "1.6", "1.7")},
    **{f"tags {v}": ("a.spdx", TAGS.format(v)) for v in ("2.2", "2.3")},
}


@pytest.mark.parametrize(("name", "text"), FORMS.values(), ids=FORMS)
def test_every_form_gives_its_python_packages_and_counts_the_rest(name, text):
    manifest = reading(name, text)

    assert {p.shown for p in manifest.packages} == {"torch 1.13.1", "numpy 1.21.0"}
    assert [gap.why for gap in manifest.gaps] == [
        "components of other ecosystems are not audited: deb 1"
    ]


@pytest.mark.parametrize("other", [[], {}, ["x"], 1, None], ids=str)
def test_a_value_of_another_kind_in_any_place_is_no_error(other):
    whole = {**CYCLONEDX["components"][2], "bom-ref": "r"}
    named = {"externalIdentifierType": "purl", "identifier": "pkg:pypi/a@1"}
    element = {"type": "software_Package", "spdxId": "s", "software_primaryPurpose": "file"}
    for document, parts in (
        ({"bomFormat": "CycloneDX", "components": [whole]}, [whole]),
        ({**SPDX2, "packages": [whole := {"SPDXID": "s", "primaryPackagePurpose": "X"}]}, [whole]),
        ({**SPDX3, "@graph": [{**element, "externalIdentifier": [named]}]}, [named]),
        ({**SPDX3, "@graph": [element]}, [element]),
    ):
        for part in parts:
            for key, kept in list(part.items()):
                part[key] = other
                reading("bom.json", json.dumps(document))
                part[key] = kept


@pytest.mark.parametrize("form", ["Json", "Xml"])
@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_what_the_common_library_writes_is_read(form, version):
    pytest.importorskip("cyclonedx", reason="needs cyclonedx-python-lib")
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    inner = Component(name="b", version="1", purl=PackageURL("pypi", "", "numpy", "1.21.0"))
    outer = Component(name="a", version="2", purl=PackageURL("pypi", "", "torch", "2.0+cu118"))
    plain = Component(name="c", type=ComponentType.LIBRARY)
    document = Bom(components=[inner, outer, plain])
    kind = OutputFormat[form.upper()]
    text = make_outputter(document, kind, SchemaVersion.from_version(version)).output_as_string()

    manifest = reading("bom.xml" if form == "Xml" else "bom.json", text)

    assert {p.shown for p in manifest.packages} == {"numpy 1.21.0", "torch 2.0+cu118"}
    assert [gap.why.rpartition(": ")[2] for gap in manifest.gaps] == ["no package address 1"]


def test_a_conda_package_of_a_document_is_one_of_conda():
    (package,) = reading(
        "bom.json",
        json.dumps({"bomFormat": "CycloneDX", "components": [{"purl": "pkg:conda/pytorch@1.0"}]}),
    ).packages

    assert (package.name, package.conda) == ("torch", True)
    assert package.purl == "pkg:conda/pytorch@1.0"


def test_a_package_without_an_address_is_counted_but_not_the_whole():
    packages = [{"SPDXID": "SPDXRef-root", "name": "app"}, {"SPDXID": "SPDXRef-1", "name": "torch"}]
    relations = [{"relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-root"}]
    document = {"spdxVersion": "SPDX-2.3", "packages": packages, "relationships": relations}

    assert whys("a.spdx.json", json.dumps(document)) == [
        "components of other ecosystems are not audited: no package address 1"
    ]


def test_an_address_that_names_the_package_in_an_identifier_is_found():
    one = {"externalIdentifierType": "packageUrl", "identifier": "pkg:pypi/torch@1.0"}
    graph = [{"type": "software_Package", "externalIdentifier": [one]}]

    assert shown("a.spdx.json", json.dumps({"@context": "x", "@graph": graph})) == ["torch 1.0"]


@pytest.mark.parametrize("name", ["bom.json", "a.spdx", "a.spdx.yaml"])
@pytest.mark.parametrize("text", ["{}", "[]", "words", "<html/>", '<bom xmlns="x"/>'])
def test_another_document_is_unreadable(name, text):
    assert whys(name, text) == ["neither a CycloneDX nor an SPDX document"]


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'<!DOCTYPE bom [<!ENTITY a0 "ha">{LAUGHS}]><bom>&a11;</bom>', "document type"),
        ('<!DOCTYPE bom SYSTEM "file:///etc/passwd"><bom/>', "document type"),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/1.6">' + "<a>" * 5_000, "nested deeper"),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>', "no XML: no element"),
    ],
    ids=["entities", "outside", "deep", "cut"],
)
def test_hostile_xml_is_refused_and_nothing_is_expanded(text, why):
    assert [why in told for told in whys("bom.xml", text)] == [True]
