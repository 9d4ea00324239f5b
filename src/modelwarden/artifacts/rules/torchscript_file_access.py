"""The rule `torchscript-file-access`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.rules._content import digest_of_members
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.zipped import TorchArchive

if TYPE_CHECKING:
    from collections.abc import Iterator


@rule(
    "torchscript-file-access",
    title="TorchScript code reads or writes files",
    severity=Severity.HIGH,
    reads=TorchArchive,
    references=("CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def torchscript_file_access(archive: TorchArchive) -> Iterator[Hit]:
    """Flag TorchScript sources that call the operators which reach the file system.

    Why: the code of a TorchScript archive runs when the model is called, and
    partly when it is loaded. `torch.save` writes a file of any name and
    `torch.from_file` opens one for reading and writing: start-up scripts can be
    overwritten and secrets read. An honest model has no use for either.

    Fix: take the weights alone (`state_dict`) in safetensors and build the
    model from source that you have read.

    Blind spot: operators of custom libraries are listed, not judged.
    """
    for script in archive.scripts:
        for call in script.files:
            facts = {"member": script.member, "call": call}
            content = digest_of_members(archive, {script.member}, archive.root)
            # The archive's own folder is named after the file, which may be renamed.
            identity = (script.member.removeprefix(archive.root), call, content)
            yield Hit(f"{script.member} calls {call}", Evidence(facts=facts, identity=identity))
