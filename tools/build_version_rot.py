"""Write the table of modules that libraries have no longer, from wheels of old and new releases.

    python tools/build_version_rot.py FOLDER

FOLDER holds one folder of wheels for each library, named as on the package index; fill it with
`pip download --no-deps --only-binary :all: --python-version … --platform … NAME==VERSION`. What
counts is which modules a wheel holds; nothing is imported. A module is gone in the first release
of those at hand that has it no longer, when no later one has it again.
"""

from __future__ import annotations

import re
import sys
import textwrap
import zipfile
from pathlib import Path

from packaging.utils import parse_wheel_filename
from packaging.version import Version

OUT = Path(__file__).resolve().parent.parent / "src/modelwarden/artifacts/known/rot_table.py"
KNOWN = frozenset("gensim imblearn keras numpy pandas scipy sklearn".split())
SKIPPED = re.compile(r"(?:^|\.)(?:tests?|testing|conftest|benchmarks?|_build_utils|setup)(?:\.|$)")


def modules(wheel: Path) -> set[str]:
    """Return the modules in a wheel, as dotted names."""
    found: set[str] = set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            path = re.fullmatch(r"((?:\w+/)*\w+)(?:\.[\w-]+)*\.(?:py|so)", name)
            if path:
                found.add(path[1].replace("/", ".").removesuffix(".__init__"))
    known = {module for module in found if module.partition(".")[0] in KNOWN}
    return {module for module in known if "." in module and not SKIPPED.search(module)}


def gone(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return, by top-level package and release, the modules that it no longer has."""
    releases: dict[Version, set[str]] = {}
    for wheel in folder.glob("*.whl"):
        version = parse_wheel_filename(wheel.name)[1]
        releases.setdefault(version, set()).update(modules(wheel))
    ordered = sorted(releases)
    newest = releases[ordered[-1]]
    found: dict[str, dict[str, list[str]]] = {}
    for module in sorted(set().union(*releases.values()) - newest):
        last = max(place for place, version in enumerate(ordered) if module in releases[version])
        top, _, rest = module.partition(".")
        found.setdefault(top, {}).setdefault(str(ordered[last + 1]), []).append(rest)
    return {top: _roots(groups) for top, groups in found.items()}


def _roots(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out what lies below a module that went in the same release."""
    return {
        release: [
            module for module in names if not any(module.startswith(f"{other}.") for other in names)
        ]
        for release, names in groups.items()
    }


def main() -> None:
    """Write the table."""
    table: dict[str, dict[str, list[str]]] = {}
    sources: list[str] = []
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        table |= gone(folder)
        versions = sorted({parse_wheel_filename(w.name)[1] for w in folder.glob("*.whl")})
        sources.append(f"{folder.name} {' '.join(map(str, versions))}")
    about = textwrap.fill(
        "Modules that are gone, by top-level package and by the first release without them. "
        f"Made by tools/build_version_rot.py from the wheels of: {'; '.join(sources)}.",
        99,
    )
    lines = [f'"""Which modules libraries have no longer.\n\n{about}\n"""\n', "GONE = {"]
    for top in sorted(table):
        lines.append(f'    "{top}": {{')
        for release in sorted(table[top], key=Version):
            words = textwrap.wrap(" ".join(sorted(table[top][release])), 84)
            shown = "\n".join(
                f'            "{line}{" " if place < len(words) - 1 else ""}"'
                for place, line in enumerate(words)
            )
            lines.append(f'        "{release}": (\n{shown}\n        ),')
        lines.append("    },")
    OUT.write_text("\n".join([*lines, "}"]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
