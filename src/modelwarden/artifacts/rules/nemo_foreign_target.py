"""`nemo-foreign-target`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.torch.nemo import CONFIG, NemoArchive


@rule(
    "nemo-foreign-target",
    title="A NeMo model is restored by code outside of NeMo",
    severity=Severity.MEDIUM,
    reads=NemoArchive,
    references=("CWE-470", "CWE-829"),
    weakness="custom_code_in_model",
)
def nemo_foreign_target(archive: NemoArchive) -> Iterator[Hit]:
    """Flag archives whose configuration names a class that is not NeMo's own as the model.

    Why: restoring imports the module that is named and hands the configuration to the class. A
    name outside of NeMo runs the code of another package, or of a file beside the script.

    Fix: restore with the class of NeMo that you expect (`Class.restore_from`), and read the
    configuration first.

    Blind spot: names below `_target_` are looked at by `config-target`.
    """
    if not archive.target or archive.target.startswith(("nemo.", "nemo_")):
        return
    facts = {"target": archive.target, "member": CONFIG}
    yield Hit(
        f"is restored by {archive.target[:120]!r}",
        Evidence(line=archive.line, facts=facts),
        unexamined=f"what {archive.target[:80]!r} does was not examined",
    )
