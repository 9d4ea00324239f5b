"""`git-hook`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.scripts import Script

_HOOK = re.compile(r"(?:^|/)\.git/(?:modules/.*/)?hooks/(?!.*\.sample$)[\w-]+$")
_FRAME = frozenset(("set -e",))
_LFS = re.compile(r"command -v git-lfs|git lfs [\w-]+ \"\$@\"$")


@rule(
    "git-hook",
    title="A hook of git comes with the folder",
    severity=Severity.MEDIUM,
    reads=Script,
    references=(
        "CWE-78",
        "CWE-829",
    ),
    weakness="custom_code_in_model",
)
def git_hook(one: Script) -> Iterator[Hit]:
    """Flag hooks below `.git`: scripts that git runs by itself.

    Why: git runs a hook at every commit, checkout or merge in the folder, without a question.

    Fix: take the files without their `.git` folder, or clone from where you trust.

    Blind spot: hooks that are programs or Python files are examined as those; the hooks that git
    LFS installs are left out. Git does not run those of other folders, as `.githooks`, before
    somebody names the folder; they are judged by their commands.
    """
    if not _HOOK.search(one.source.label):
        return
    told = [command.text for command in one.commands if command.text not in _FRAME]
    if any(not _LFS.match(text) for text in told):
        name = one.source.label.rpartition("/")[2]
        facts = {"hook": name[:60], "commands": str(len(told))}
        yield Hit(f"git runs the hook {name[:60]}", bound_to(one)(facts, None))
