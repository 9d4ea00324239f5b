"""`metadata-code`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Evidence, Hit, Severity, rule
from modelwarden.core.patterns import lazily
from modelwarden.formats.described import Described
from modelwarden.formats.payloads import CODED_TEXT

_LEAST = 12
_LONGEST = 2000
_TELLING = lazily(
    r"__\w+__|\b(?:eval|exec|compile)\s*\(|\bos\.\w|subprocess|\bpty\.|\b(?:curl|wget)\s|/dev/|base64\s+-"
    r"|\brm\s+-|\biex\b|\biwr\b|powershell|mkfs|\bn(?:et)?c(?:at)?\s+-"
)

_MARKS = ("gA", "Y3Bvc2l4", "Y29zC", "H4sI", "eJ", "800")
_SEEN = 4 << 20


@rule(
    "metadata-code",
    title="The metadata of a model is code",
    severity=Severity.HIGH,
    reads=Described,
    confidence=Confidence.MEDIUM,
    references=("CWE-95", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def metadata_code(model: Described) -> Iterator[Hit]:
    """Flag texts with which a model describes itself that are Python, commands, or a pickle.

    Why: programs that read names, sizes and options from the metadata have evaluated them as
    Python (detectors of objects did so for years), and unpickled what they found in Base64.

    Fix: do not load the model with anything that reads its metadata; export it again without.

    Blind spot: code without a call that runs commands, and texts that the reader had to cut.
    """
    if model.format in ("config", "settings"):
        return  # whose values are judged by `config-command`
    for one in model.metadata:
        what = _harm(one.value)
        if what is not None:
            from modelwarden.artifacts.known.secrets import redacted

            facts = {"key": one.key[:200], "value": redacted(one.value)[:120]}
            yield Hit(f"{one.key[:60]!r} is {what}", Evidence(at=one.at, facts=facts))


def _harm(value: str) -> str | None:
    if len(value) < _LEAST:
        return None
    if len(value) <= _LONGEST and _TELLING.search(value):
        from modelwarden.artifacts.known.harm import code_in, command_in  # few metadata tell of it

        if what := command_in(value) or code_in(value):
            return what
    if CODED_TEXT.match(value[:40]) is None:
        return _pickle_in(value) if value[:1] in ("{", "[") else None
    from modelwarden.formats.pickle.nested import decoded
    from modelwarden.formats.pickle.within import names_harm

    steps = decoded(value.encode("utf-8", "replace"))[1:]
    return "a pickle that runs commands" if any(names_harm(data) for _, data in steps) else None


def _pickle_in(value: str) -> str | None:
    """Say that a pickle stands among the values of a text of JSON."""
    if not any(mark in value for mark in _MARKS):
        return None
    from modelwarden.formats.pickle.within import encoded_in

    found = any(True for _ in encoded_in(value[:_SEEN].encode("utf-8", "replace")))
    return "a pickle that runs commands, among other things" if found else None
