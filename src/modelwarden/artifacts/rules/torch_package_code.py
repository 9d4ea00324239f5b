"""The rule `torch-package-code`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._content import digest_of_members
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.package import TorchPackage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core.findings import Json

_SHOWN = 40


@rule(
    "torch-package-code",
    title="Package carries Python code that loading runs",
    severity=Severity.MEDIUM,
    reads=TorchPackage,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def torch_package_code(package: TorchPackage) -> Iterator[Hit]:
    """Flag `torch.package` archives with Python modules in them.

    Why: loading an object from the package imports its modules, which runs
    their code with the rights of whoever loads it. What they do at import
    is judged by the rules for Python; what they do when called is not.

    Fix: read the modules before you load the package, or take the weights
    alone in safetensors.

    Blind spot: what its functions do when the pickles call them. The modules
    that it takes from outside are listed among the imports.
    """
    if package.modules:
        facts: dict[str, Json] = {
            "modules": list(package.modules[:_SHOWN]),
            "count": len(package.modules),
            "externs": list(package.externs[:_SHOWN]),
        }
        yield Hit(
            f"{len(package.modules)} Python modules run when the package is loaded",
            Evidence(facts=facts, identity=(digest_of_members(package, package.modules),)),
            unexamined="what the Python code of the package does when it is called is not examined",
        )
