"""Build `src/modelwarden/standards/catalogues.json` from the project's mapping of standards.

    python tools/build_standards.py [--check] [MAPPING]

MAPPING defaults to `../shared/standards/mapping.yaml` beside the repository. With `--check` nothing
is written, and the exit code is 1 when the packaged file is not what would be built.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src/modelwarden/standards/catalogues.json"
SHARED = Path(os.environ.get("MODELWARDEN_SHARED", ROOT.parent / "shared"))

# Key in the mapping to the prefix of references; in the order in which controls are listed.
PREFIXES = {
    "cwe": "",
    "atlas": "MITRE-ATLAS",
    "atlas_mitigations": "MITRE-ATLAS",
    "owasp_ml": "OWASP-ML",
    "owasp_llm": "OWASP-LLM",
    "nist_ai_100_2": "NIST-AI-100-2",
}
GROUPS = ("tactics", "techniques", "mitigations", "objectives", "attacks", "entries")
LINKS = {
    "cwe": {"CWE-": "https://cwe.mitre.org/data/definitions/{number}.html"},
    "atlas": {
        "AML.TA": "https://atlas.mitre.org/tactics/{id}",
        "AML.T": "https://atlas.mitre.org/techniques/{id}",
        "AML.M": "https://atlas.mitre.org/mitigations/{id}",
    },
}

# Weaknesses that rules name and the mapping leaves out; titles as in CWE 4.14, read from the
# package cwe2 3.0.0.
MORE = {
    "cwe": {
        "CWE-59": "Improper Link Resolution Before File Access ('Link Following')",
        "CWE-61": "UNIX Symbolic Link (Symlink) Following",
        "CWE-73": "External Control of File Name or Path",
        "CWE-114": "Process Control",
        "CWE-119": "Improper Restriction of Operations within the Bounds of a Memory Buffer",
        "CWE-125": "Out-of-bounds Read",
        "CWE-129": "Improper Validation of Array Index",
        "CWE-176": "Improper Handling of Unicode Encoding",
        "CWE-190": "Integer Overflow or Wraparound",
        "CWE-228": "Improper Handling of Syntactically Invalid Structure",
        "CWE-240": "Improper Handling of Inconsistent Structural Elements",
        "CWE-312": "Cleartext Storage of Sensitive Information",
        "CWE-349": "Acceptance of Extraneous Untrusted Data With Trusted Data",
        "CWE-354": "Improper Validation of Integrity Check Value",
        "CWE-426": "Untrusted Search Path",
        "CWE-427": "Uncontrolled Search Path Element",
        "CWE-430": "Deployment of Wrong Handler",
        "CWE-436": "Interpretation Conflict",
        "CWE-441": "Unintended Proxy or Intermediary ('Confused Deputy')",
        "CWE-451": "User Interface (UI) Misrepresentation of Critical Information",
        "CWE-507": "Trojan Horse",
        "CWE-510": "Trapdoor",
        "CWE-540": "Inclusion of Sensitive Information in Source Code",
        "CWE-552": "Files or Directories Accessible to External Parties",
        "CWE-610": "Externally Controlled Reference to a Resource in Another Sphere",
        "CWE-641": "Improper Restriction of Names for Files and Other Resources",
        "CWE-646": "Reliance on File Name or Extension of Externally-Supplied File",
        "CWE-674": "Uncontrolled Recursion",
        "CWE-693": "Protection Mechanism Failure",
        "CWE-694": "Use of Multiple Resources with Duplicate Identifier",
        "CWE-704": "Incorrect Type Conversion or Cast",
        "CWE-749": "Exposed Dangerous Method or Function",
        "CWE-787": "Out-of-bounds Write",
        "CWE-789": "Memory Allocation with Excessive Size Value",
        "CWE-805": "Buffer Access with Incorrect Length Value",
        "CWE-843": "Access of Resource Using Incompatible Type ('Type Confusion')",
        "CWE-912": "Hidden Functionality",
        "CWE-913": "Improper Control of Dynamically-Managed Code Resources",
        "CWE-922": "Insecure Storage of Sensitive Information",
        "CWE-1007": "Insufficient Visual Distinction of Homoglyphs Presented to User",
        "CWE-1284": "Improper Validation of Specified Quantity in Input",
        "CWE-1285": "Improper Validation of Specified Index, Position, or Offset in Input",
        "CWE-1286": "Improper Validation of Syntactic Correctness of Input",
        "CWE-1287": "Improper Validation of Specified Type of Input",
        "CWE-1288": "Improper Validation of Consistency within Input",
        "CWE-1289": "Improper Validation of Unsafe Equivalence in Input",
    }
}


def build(mapping: dict[str, Any]) -> str:
    """Return the packaged file's text.

    Raises:
        SystemExit: the crosswalk names an id that no catalogue holds.
    """
    catalogues = [
        {
            "prefix": PREFIXES[key],
            "name": entry["name"],
            "version": entry["version"],
            "source": entry["source"],
            "licence": entry.get("licence", "not stated by the source"),
            "verified": entry["verified"],
            "entries": entries(key, entry),
            "links": LINKS.get(key, {}),
        }
        for key, entry in mapping["catalogues"].items()
    ]
    known = {name for catalogue in catalogues for name in catalogue["entries"]}
    crosswalk = {w: references(w, row, known) for w, row in mapping["crosswalk"].items()}
    document = {"schema": 1, "catalogues": catalogues, "crosswalk": crosswalk}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def entries(key: str, entry: dict[str, Any]) -> dict[str, str]:
    """Return the ids and titles of one catalogue."""
    found = {k: v for group in GROUPS for k, v in entry.get(group, {}).items()}
    return found | MORE.get(key, {})


def references(weakness: str, row: dict[str, list[str]], known: set[str]) -> list[str]:
    """Return the references of one row of the crosswalk."""
    strangers = [name for names in row.values() for name in names if name not in known]
    if strangers:
        sys.exit(f"{weakness}: no catalogue holds {', '.join(strangers)}")
    return [
        f"{prefix}:{name}" if prefix else name
        for key, prefix in PREFIXES.items()
        for name in row.get(key, [])
    ]


def main() -> int:
    """Build or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mapping", nargs="?", default=SHARED / "standards/mapping.yaml", type=Path)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on a difference"
    )
    arguments = parser.parse_args()
    text = build(yaml.safe_load(arguments.mapping.read_text("utf-8")))
    if arguments.check:
        same = TARGET.exists() and TARGET.read_text("utf-8") == text
        print("up to date" if same else f"{TARGET.name} lags: run tools/build_standards.py")
        return 0 if same else 1
    TARGET.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
