"""The rule `torchscript-code`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._content import digest_of_members
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.zipped import TorchArchive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelwarden.core.findings import Json

_SHOWN = 40


@rule(
    "torchscript-code",
    title="Archive carries TorchScript code",
    severity=Severity.INFO,
    reads=TorchArchive,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def torchscript_code(archive: TorchArchive) -> Iterator[Hit]:
    """Say that an archive brings code for torch's own interpreter, and what it calls.

    Why: a TorchScript model is a program. Its language cannot import Python,
    but it runs inside your process with torch's operators and with those of
    custom libraries that it names.

    Fix: nothing to be done for a publisher that you trust; else take the
    weights alone and build the model from source.

    Blind spot: what the operators do with their arguments is not followed.
    """
    if archive.scripts:
        calls = sorted({call for script in archive.scripts for call in script.calls})
        custom = sorted({call for script in archive.scripts for call in script.custom})
        facts: dict[str, Json] = {
            "files": len(archive.scripts),
            "calls": calls[:_SHOWN],
            "custom": custom[:_SHOWN],
        }
        words = f", which call {len(custom)} operators of custom libraries" if custom else ""
        text = f"{len(archive.scripts)} TorchScript sources{words}"
        names = {script.member for script in archive.scripts}
        identity = (digest_of_members(archive, names, archive.root),)
        yield Hit(text, Evidence(facts=facts, identity=identity))
