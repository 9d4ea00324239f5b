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
            "entries": {k: v for group in GROUPS for k, v in entry.get(group, {}).items()},
            "links": LINKS.get(key, {}),
        }
        for key, entry in mapping["catalogues"].items()
    ]
    known = {name for catalogue in catalogues for name in catalogue["entries"]}
    crosswalk = {w: references(w, row, known) for w, row in mapping["crosswalk"].items()}
    document = {"schema": 1, "catalogues": catalogues, "crosswalk": crosswalk}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


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
