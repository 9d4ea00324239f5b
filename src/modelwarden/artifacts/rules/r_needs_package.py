"""`r-needs-package`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.r_functions import OWN_PACKAGES
from modelwarden.artifacts.rules._pickles import HITS
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.identified.kind import plain
from modelwarden.formats.rdata.reader import RData


@rule(
    "r-needs-package",
    title="Loading R data needs a package",
    severity=Severity.LOW,
    reads=RData,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def r_needs_package(data: RData) -> Iterator[Hit]:
    """Name the packages that reading the data loads.

    Why: a function or object refers to the namespace of the package, so reading loads it, in
    whatever version is installed, and runs what it does when it is loaded.

    Fix: install the package from where you trust it, in the version that made the file.

    Blind spot: packages that only the class of an object names.
    """
    named = sorted({name for name, _ in data.packages} - OWN_PACKAGES - {".GlobalEnv", "Autoloads"})
    versions = dict(data.packages)
    for name in named[:HITS]:
        version = plain(versions[name] or "")
        words = f"needs the package {plain(name)}" + (f" (saved with {version})" if version else "")
        yield Hit(words, Evidence(facts={"package": plain(name), "version": version}))
