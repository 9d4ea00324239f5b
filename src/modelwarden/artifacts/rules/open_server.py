"""`open-server`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile

_TOKEN = re.compile(r"(?:^|\.)(?:ServerApp|NotebookApp|IdentityProvider)\.(?:token|password)$")

_EVERYWHERE = re.compile(r"//(?:0\.0\.0\.0|\[::\]|\*)(?=[:/]|$)")


@rule(
    "open-server",
    title="Settings of a server let everybody run code",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-306",),
    weakness="custom_code_in_model",
)
def open_server(config: ConfigFile) -> Iterator[Hit]:
    """Flag servers of Jupyter, or of models, that serve other machines and ask for no token.

    Likewise TorchServe where everybody may have models of any address loaded.

    Why: everybody who reaches the port has a shell, with the files and keys of whoever started it;
    a model that is loaded brings its own code.

    Fix: leave the token to Jupyter, which makes one, or set a password.

    Blind spot: an address of the container alone may still be reached from outside.
    """
    scalars = config.scalars
    open_ = any(s.key == "ip" and s.value in ("0.0.0.0", "*", "", "::") for s in scalars)  # noqa: S104
    empty = [s for s in scalars if _TOKEN.search(s.path) and s.value == ""]
    if open_ and empty and any(s.key == "token" for s in empty):
        yield Hit("serves other machines without a token", bound_to(config)({}, empty[0].line))
    yield from _torchserve(config)


def _torchserve(config: ConfigFile) -> Iterator[Hit]:
    said = {scalar.key: scalar for scalar in config.scalars}
    place = said.get("management_address")
    if place is None or not _EVERYWHERE.search(place.value):
        return
    untold = said.get("disable_token_authorization")
    anywhere = said.get("allowed_urls")
    if untold is not None and untold.value.strip().lower() == "true":
        what = "lets every machine load models, without a token"
    elif anywhere is not None and anywhere.value.strip() in (".*", "http.*", "https?://.*"):
        what = "lets every machine load models from any address"
    else:
        return
    yield Hit(what, bound_to(config)({"address": place.value[:100]}, place.line))
