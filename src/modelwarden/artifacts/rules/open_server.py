"""`open-server`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile

_TOKEN = re.compile(r"(?:^|\.)(?:ServerApp|NotebookApp|IdentityProvider)\.(?:token|password)$")


@rule(
    "open-server",
    title="Settings of Jupyter let everybody run code",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-306",),
    weakness="custom_code_in_model",
)
def open_server(config: ConfigFile) -> Iterator[Hit]:
    """Flag servers of Jupyter whose token is empty and that serve other machines.

    Why: everybody who reaches the port has a shell, with the files and keys of whoever started it.

    Fix: leave the token to Jupyter, which makes one, or set a password.

    Blind spot: an address of the container alone may still be reached from outside.
    """
    scalars = config.scalars
    open_ = any(s.key == "ip" and s.value in ("0.0.0.0", "*", "", "::") for s in scalars)  # noqa: S104
    empty = [s for s in scalars if _TOKEN.search(s.path) and s.value == ""]
    if open_ and empty and any(s.key == "token" for s in empty):
        yield Hit("serves other machines without a token", bound_to(config)({}, empty[0].line))
