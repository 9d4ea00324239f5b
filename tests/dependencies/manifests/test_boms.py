from __future__ import annotations

import json

import pytest

from manifestfiles import reading, whys

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
SPDX2 = {
    "spdxVersion": "SPDX-2.3",
    "packages": [
        {"externalRefs": [{"referenceType": "purl", "referenceLocator": purl}]}
        for purl in ("pkg:pypi/torch@1.13.1", "pkg:pypi/numpy@1.21.0", "pkg:deb/debian/x@1")
    ],
}
SPDX3 = {
    "@context": "x",
    "@graph": [
        {"type": "software_Package", "software_packageUrl": purl}
        for purl in ("pkg:pypi/torch@1.13.1", "pkg:pypi/numpy@1.21.0", "pkg:deb/debian/x@1")
    ],
}


@pytest.mark.parametrize("document", [CYCLONEDX, SPDX2, SPDX3], ids=["cyclonedx", "2", "3"])
def test_a_document_gives_its_python_packages_and_counts_the_rest(document):
    manifest = reading("sbom.json", json.dumps(document))

    assert {p.shown for p in manifest.packages} == {"torch 1.13.1", "numpy 1.21.0"}
    assert [gap.why for gap in manifest.gaps] == [
        "components of other ecosystems are not audited: deb 1"
    ]


def test_another_document_is_unreadable():
    assert whys("bom.json", "{}") == ["neither a CycloneDX nor an SPDX document"]
