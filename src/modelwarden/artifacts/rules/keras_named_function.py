"""`keras-named-function`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.keras.config import KerasConfig


@rule(
    "keras-named-function",
    title="A Keras Lambda layer needs a function of yours",
    severity=Severity.MEDIUM,
    reads=KerasConfig,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def keras_named_function(config: KerasConfig) -> Iterator[Hit]:
    """Flag Lambda layers that name a function instead of carrying one.

    Why: the model works only with that function, which is not in the file: it comes from code
    beside it, or from whatever has registered that name.

    Fix: read the function before you pass it as a custom object.

    Blind spot: none known.
    """
    evidence = bound_to(config)
    for thing in config.objects:
        name = thing.settings.get("function", "")
        if thing.class_name == "Lambda" and not thing.code and name.isidentifier():
            facts = {"path": thing.path, "function": name[:120]}
            yield Hit(f"the Lambda at {thing.path} calls {name[:120]!r}", evidence(facts, None))
