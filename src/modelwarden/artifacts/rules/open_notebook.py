"""`open-notebook`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.core.patterns import lazily
from modelwarden.formats.plaintext import PlainText

_SIZE = 1 << 20
_TOLD = lazily(r"(?:^|/)jupyter_\w*config\.py$")
_COMMANDS = frozenset(("script", "dockerfile", "makefile", "instructions"))
_EMPTY = lazily(
    r"\b(?:NotebookApp|ServerApp|IdentityProvider)\.token[\"']?[ \t]*=[ \t]*u?"
    r"(?:''|\"\"|\\?[\"'](?=[,\s\]])|(?=[\s,\]\\])|$)",
    re.MULTILINE,
)
_OPEN = lazily(
    r"\b(?:ip|ServerApp\.ip|NotebookApp\.ip)[\"']?[ \t]*[=, ][ \t]*[\"']?(?:0\.0\.0\.0|\*|::)"
)


@rule(
    "open-notebook",
    title="Jupyter is started for everybody to run code",
    severity=Severity.MEDIUM,
    reads=PlainText,
    references=("CWE-306",),
    weakness="custom_code_in_model",
)
def open_notebook(one: PlainText) -> Iterator[Hit]:
    """Flag scripts, Dockerfiles and settings in Python that start Jupyter, open, without a token.

    Why: everybody who reaches the port has a shell, with the files and keys of whoever started it.

    Fix: leave the token to Jupyter, which makes one, or set a password.

    Blind spot: values that are computed, and other servers that are open.
    """
    told = one.format == "python" and _TOLD.search(one.source.label)
    if one.format not in _COMMANDS and not told:
        return
    text = one.source.read(0, _SIZE).decode(one.encoding, "replace")
    if (found := _EMPTY.search(text)) and _OPEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Hit("serves other machines without a token", Evidence(facts={}, line=line))
