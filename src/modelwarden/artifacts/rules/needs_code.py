"""The rule `needs-code`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known import Judgement
from modelwarden.artifacts.rules._pickles import cut, digest_of_names, listed, uses_of
from modelwarden.core import Evidence, Hit, Severity, UseKind, rule
from modelwarden.formats.pickle.reader import PickleStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.artifacts.known import Judged

_PACKAGES = 200


@rule(
    "needs-code",
    title="Loading a pickle needs the code of a package",
    severity=Severity.LOW,
    reads=PickleStream,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def needs_code(stream: PickleStream) -> Iterator[Hit]:
    """Name the packages whose classes a pickle makes or stores.

    Why: the file holds data only; what its objects do comes from the named package, in whatever
    version is installed where the file is loaded. The classes of well-known libraries keep to
    their own data when they are restored. Those of any other package, or of the author's own
    script, may run code of theirs then, and so may any class that is called to make an instance:
    that was not examined.

    Fix: install the named package from where you trust it, in the version that made the file, or
    ask for weights in safetensors, ONNX or skops, which need no code.

    Blind spot: the version that made the file is seldom in it.
    """
    packages: dict[str, list[Judged]] = {}
    for one in uses_of(stream):
        judgement = one.ruling.judgement
        stored = judgement is Judgement.UNKNOWN and one.kind is not UseKind.CALLED
        if judgement is Judgement.NEEDS_CODE or stored:
            packages.setdefault(one.ruling.package or one.target, []).append(one)
    for package in sorted(packages)[:_PACKAGES]:
        yield _hit(package, packages[package])


def _hit(package: str, found: list[Judged]) -> Hit:
    names = listed(one.target for one in found)
    known = all(one.ruling.known for one in found)
    # Of code that nobody has looked at, a waiver covers what was seen and nothing more of it.
    identity = (package,) if known else (package, digest_of_names(one.target for one in found))
    package = cut(package)
    facts = {"package": package, "names": names, "global": cut(found[0].target)}
    where = Evidence(found[0].use.at, facts, identity)
    if known:
        return Hit(f"needs the package {package} for {names}", where)
    if package == "__main__":
        message = f"needs the script that saved it, for {names}"
    else:
        message = f"needs code of {package} that nobody has looked at, for {names}"
    return Hit(
        message, where, unexamined=f"what the code of {package} does while loading was not examined"
    )
