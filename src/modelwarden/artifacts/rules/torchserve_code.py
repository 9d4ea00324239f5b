"""`torchserve-code`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.served import BUILT_IN, ServedModel

if TYPE_CHECKING:
    from modelwarden.core.findings import Json

_SHOWN = 40


@rule(
    "torchserve-code",
    title="Archive carries Python code that TorchServe runs",
    severity=Severity.MEDIUM,
    reads=ServedModel,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def torchserve_code(archive: ServedModel) -> Iterator[Hit]:
    """Flag handlers, model files and other Python code in a TorchServe archive.

    Why: TorchServe imports the handler and the file with the model's class when it loads the
    archive, and hands every request to it, with the rights of the server. The code is not examined.

    Fix: read the code before you serve it, or use one of TorchServe's own handlers with a
    TorchScript model.

    Blind spot: what the code does is not looked at here.
    """
    handler = archive.handler.partition(":")[0]
    own = handler and handler not in BUILT_IN
    if not own and not archive.code:
        return
    facts: dict[str, Json] = {
        "handler": archive.handler[:200],
        "model": archive.named.get("modelFile", "")[:200],
        "code": list(archive.code[:_SHOWN]),
    }
    words = f"the handler {archive.handler[:80]!r}" if own else "Python code"
    yield Hit(
        f"{words} runs when the archive is served ({len(archive.code)} Python files)",
        Evidence(facts=facts),
        unexamined="Python code of the archive is not examined",
    )
