"""`skops-needs-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._pickles import digest_of_names, listed
from modelwarden.artifacts.rules._skops import is_plain, judged
from modelwarden.core import Evidence, Hit, Severity, UseKind, rule
from modelwarden.formats.skops import SkopsArchive, SkopsNode

_PACKAGES = 200


@rule(
    "skops-needs-code",
    title="Loading a skops file needs the code of a package",
    severity=Severity.LOW,
    reads=SkopsArchive,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def skops_needs_code(archive: SkopsArchive) -> Iterator[Hit]:
    """Name the packages whose classes and functions a skops file uses.

    Why: the file holds data only; what its objects do comes from the named package. The classes
    of well-known libraries keep to their own data when they are restored; importing those of any
    other package runs code of theirs, which was not examined.

    Fix: install the named package from where you trust it, in the version that made the file.

    Blind spot: the version that made the file is not in it, only that of skops.
    """
    packages: dict[str, list[SkopsNode]] = {}
    for node in archive.nodes:
        judgement = judged(node).judgement
        stored = judgement is Judgement.UNKNOWN and node.use is not UseKind.CALLED
        if not is_plain(node) and (judgement is Judgement.NEEDS_CODE or stored):
            packages.setdefault(judged(node).package or node.module, []).append(node)
    for package in sorted(packages)[:_PACKAGES]:
        yield _hit(package, packages[package])


def _hit(package: str, found: list[SkopsNode]) -> Hit:
    named = [f"{node.module}.{node.name}" for node in found]
    names = listed(named)
    known = all(judged(node).known for node in found)
    # Of code that nobody has looked at, a waiver covers what was seen and nothing more of it.
    identity = (package,) if known else (package, digest_of_names(named))
    where = Evidence(facts={"package": package, "names": names}, identity=identity)
    if known:
        return Hit(f"needs the package {package} for {names}", where)
    message = f"needs code of {package}, which is no library that we know, for {names}"
    why = f"what the code of {package} does while loading was not examined"
    return Hit(message, where, unexamined=why)
