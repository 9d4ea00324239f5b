"""Results as other scanners write them, in the shapes that their own sources and tests show."""

from __future__ import annotations

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

OSV_SCANNER = {
    "results": [
        {
            "source": {"path": "/src/requirements.txt", "type": "lockfile"},
            "packages": [
                {
                    "package": {"name": "torch", "version": "1.0", "ecosystem": "PyPI"},
                    "vulnerabilities": [
                        {
                            "id": "GHSA-aaaa-bbbb-cccc",
                            "aliases": ["CVE-2026-1"],
                            "summary": "torch runs code",
                            "severity": [{"type": "CVSS_V3", "score": VECTOR}],
                            "affected": [
                                {
                                    "package": {"ecosystem": "PyPI", "name": "torch"},
                                    "ranges": [
                                        {
                                            "type": "ECOSYSTEM",
                                            "events": [{"introduced": "0"}, {"fixed": "9.0"}],
                                        }
                                    ],
                                }
                            ],
                        }
                    ],
                    "groups": [
                        {
                            "ids": ["GHSA-aaaa-bbbb-cccc", "PYSEC-1"],
                            "aliases": ["CVE-2026-1", "GHSA-aaaa-bbbb-cccc", "PYSEC-1"],
                            "max_severity": "9.8",
                        }
                    ],
                },
                {"package": {"name": "requests", "version": "2.0", "ecosystem": "PyPI"}},
            ],
        },
        {
            "source": {"path": "image.tar", "type": "docker"},
            "packages": [
                {
                    "package": {"name": "openssl", "version": "1.1.1", "ecosystem": "Debian:11"},
                    "groups": [{"ids": ["DSA-1-1"], "aliases": [], "max_severity": "7.5"}],
                }
            ],
        },
    ],
    "experimental_config": {"licenses": {"summary": False, "allowlist": None}},
}
TRIVY = {
    "SchemaVersion": 2,
    "CreatedAt": "2026-08-25T12:20:30Z",
    "ArtifactName": "python:3.9",
    "ArtifactType": "container_image",
    "Metadata": {"OS": {"Family": "debian", "Name": "9.9", "EOSL": True}},
    "Results": [
        {
            "Target": "python:3.9 (debian 9.9)",
            "Class": "os-pkgs",
            "Type": "debian",
            "Packages": [
                {
                    "Name": "bash",
                    "Identifier": {"PURL": "pkg:deb/debian/bash@4.4-5?distro=debian-9.9"},
                    "Version": "4.4",
                    "Release": "5",
                }
            ],
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2019-18276",
                    "PkgName": "bash",
                    "PkgIdentifier": {"PURL": "pkg:deb/debian/bash@4.4-5?distro=debian-9.9"},
                    "InstalledVersion": "4.4-5",
                    "Status": "affected",
                    "SeveritySource": "debian",
                    "Title": "bash: when effective UID is not equal to its real UID",
                    "Severity": "LOW",
                    "CVSS": {"nvd": {"V2Score": 7.2, "V3Vector": VECTOR, "V3Score": 7.8}},
                }
            ],
        },
        {
            "Target": "requirements.txt",
            "Class": "lang-pkgs",
            "Type": "pip",
            "Packages": [
                {
                    "Name": "Torch",
                    "Identifier": {"PURL": "pkg:pypi/torch@1.0"},
                    "Version": "1.0",
                }
            ],
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2026-1",
                    "PkgName": "Torch",
                    "PkgIdentifier": {"PURL": "pkg:pypi/torch@1.0"},
                    "InstalledVersion": "1.0",
                    "FixedVersion": "9.0, 8.5.1",
                    "Title": "torch: code",
                    "Severity": "CRITICAL",
                    "CVSS": {"ghsa": {"V3Vector": VECTOR, "V3Score": 9.8}},
                }
            ],
            "ExperimentalModifiedFindings": [
                {"Type": "vulnerability", "Status": "ignored", "Source": ".trivyignore"}
            ],
        },
        {"Target": "Dockerfile", "Class": "config", "Type": "dockerfile"},
    ],
}
GRYPE = {
    "matches": [
        {
            "vulnerability": {
                "id": "GHSA-aaaa-bbbb-cccc",
                "namespace": "github:language:python",
                "severity": "Critical",
                "description": "torch runs code",
                "cvss": [{"version": "3.1", "vector": VECTOR, "metrics": {"baseScore": 9.8}}],
                "fix": {"versions": ["9.0"], "state": "fixed"},
            },
            "relatedVulnerabilities": [{"id": "CVE-2026-1", "cvss": []}],
            "artifact": {
                "name": "torch",
                "version": "1.0",
                "type": "python",
                "locations": [{"path": "/requirements.txt"}],
                "purl": "pkg:pypi/torch@1.0",
            },
        },
        {
            "vulnerability": {"id": "CVE-2020-1", "severity": "Negligible", "fix": {}},
            "artifact": {
                "name": "libc6",
                "version": "2.31-13",
                "type": "deb",
                "locations": [{"path": "/var/lib/dpkg/status"}],
                "purl": "pkg:deb/debian/libc6@2.31-13?arch=amd64",
            },
        },
    ],
    "ignoredMatches": [{"vulnerability": {"id": "CVE-2"}}, {"vulnerability": {"id": "CVE-3"}}],
    "source": {"type": "directory", "target": "."},
    "descriptor": {
        "name": "grype",
        "version": "0.99.0",
        "db": {"status": {"built": "2026-08-01T01:02:03Z"}},
    },
}
PIP_AUDIT = {
    "dependencies": [
        {
            "name": "torch",
            "version": "1.0",
            "vulns": [
                {
                    "id": "PYSEC-1",
                    "fix_versions": ["9.0"],
                    "aliases": ["CVE-2026-1"],
                    "description": "torch runs code",
                }
            ],
        },
        {"name": "requests", "version": "2.0", "vulns": []},
        {
            "name": "corp-lib",
            "skip_reason": "Dependency not found on PyPI and could not be audited",
        },
    ],
    "fixes": [],
}


def _run(name: str, rules: list, results: list, **more) -> dict:
    driver = {"name": name, "version": "1.2.3", "rules": rules}
    run = {"tool": {"driver": driver}, "results": results, **more}
    return {"version": "2.1.0", "$schema": "x", "runs": [run]}


def _result(rule: str, text: str, uri: str, **more) -> dict:
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}
    return {
        "ruleId": rule,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        **more,
    }


OSV_SARIF = _run(
    "osv-scanner",
    [
        {
            "id": "CVE-2026-1",
            "shortDescription": {"text": "CVE-2026-1: torch runs code"},
            "properties": {"security-severity": "9.8"},
            "deprecatedIds": ["CVE-2026-1", "GHSA-2222-3333-4444", "PYSEC-2026-1"],
        }
    ],
    [
        _result(
            "CVE-2026-1",
            "Package 'torch@1.0' is vulnerable to 'CVE-2026-1' (also known as 'PYSEC-2026-2').",
            "file:///src/requirements.txt",
            ruleIndex=0,
            level="warning",
        )
    ],
)
TRIVY_SARIF = _run(
    "Trivy",
    [
        {
            "id": "CVE-2026-1",
            "name": "LanguageSpecificPackageVulnerability",
            "shortDescription": {"text": "torch: code"},
            "properties": {"tags": ["vulnerability", "security", "CRITICAL"]},
        }
    ],
    [
        _result(
            "CVE-2026-1",
            "Package: torch\nInstalled Version: 1.0\nVulnerability CVE-2026-1\nSeverity: CRITICAL\n"
            "Fixed Version: 9.0\nLink: [CVE-2026-1](https://avd.aquasec.com/nvd/cve-2026-1)",
            "requirements.txt",
            ruleIndex=0,
            level="error",
        )
    ],
)
GRYPE_SARIF = _run(
    "grype",
    [
        {
            "id": "CVE-2026-1-torch",
            "shortDescription": {"text": "CVE-2026-1 medium vulnerability for torch package"},
            "properties": {"purls": ["pkg:pypi/torch@1.0"], "security-severity": "7.5"},
        },
        {"id": "ELSA-2026-1:2-bash", "properties": {"security-severity": "low"}},
    ],
    [
        _result(
            "CVE-2026-1-torch",
            "A critical vulnerability in python package: torch, version 1.0 was found at:"
            " /requirements.txt",
            "/requirements.txt",
        ),
        _result(
            "ELSA-2026-1:2-bash",
            "The path /x reports bash at version 4.4  which would result in a vulnerable (rpm)"
            " package installed",
            "/x",
        ),
        _result("CVE-1", "words of another tool", "a.py", level="error"),
        _result("CVE-2", "x", "a.py", suppressions=[{"kind": "external"}]),
    ],
    invocations=[{"executionSuccessful": False}],
)
CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {"tools": {"components": [{"type": "application", "name": "trivy"}]}},
    "components": [
        {"bom-ref": "t", "type": "library", "name": "other", "purl": "pkg:pypi/torch@1.0"},
    ],
    "vulnerabilities": [
        {
            "id": "CVE-2026-1",
            "references": [{"id": "GHSA-aaaa-bbbb-cccc", "source": {}}],
            "ratings": [{"severity": "critical", "score": 9.8, "vector": VECTOR}],
            "affects": [{"ref": "t"}],
        },
        {"id": "CVE-9", "analysis": {"state": "false_positive"}, "affects": [{"ref": "t"}]},
    ],
}
ALL = {
    "osv-scanner": OSV_SCANNER,
    "trivy": TRIVY,
    "grype": GRYPE,
    "pip-audit": PIP_AUDIT,
    "osv-scanner sarif": OSV_SARIF,
    "trivy sarif": TRIVY_SARIF,
    "grype sarif": GRYPE_SARIF,
    "cyclonedx": CYCLONEDX,
}
