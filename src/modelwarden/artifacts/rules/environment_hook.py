"""`environment-hook`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.known.environment import harm_of_variable
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile


@rule(
    "environment-hook",
    title="A variable of the environment gets code into programs, or switches protection off",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-426", "CWE-829", "CWE-319"),
    weakness="custom_code_in_model",
)
def environment_hook(config: ConfigFile) -> Iterator[Hit]:
    """Flag variables that have files run by Python, shells, Node.js, Java, Perl, Ruby or git.

    Likewise those that leave certificates unchecked, fetch models without TLS, or have loaders
    trust what a model brings.

    Why: a `.env` file, a container or an editor sets them for every program that is started there,
    long before the model is loaded.

    Fix: remove the variable; set protection off by hand, for the one command that needs it.

    Blind spot: variables in shell scripts are judged as commands; those of other programs are not
    known.
    """
    if config.rows:
        return
    evidence = bound_to(config)
    name = ""
    for scalar in config.scalars:
        if scalar.key == "name":  # as Kubernetes writes it: a name, then its value
            name = scalar.value
            continue
        variable = name if scalar.key == "value" else scalar.key
        what = harm_of_variable(variable, scalar.value)
        if what is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:120]}
            yield Hit(f"{variable} {what}", evidence(facts, scalar.line))
