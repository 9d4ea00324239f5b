"""What a model tried in the sandbox, as findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwarden.core import Evidence, Finding, Hit, Location, Severity, fingerprint, rule
from modelwarden.sandbox import Attempt

# Limits that were hit are no attempt at anything: the worker's end is told as a gap.
_LIMITS = ("memory", "time", "disk", "output")
_TELLING = ("exec", "network", "read", "write")  # of which the detail is the same in every run


@rule(
    "sandbox-attempt",
    title="The model tried what no model needs",
    severity=Severity.CRITICAL,
    reads=Attempt,
    references=("CWE-506", "MITRE-ATLAS:AML.T0011"),
    weakness="malicious_code",
)
def sandbox_attempt(attempt: Attempt) -> Iterator[Hit]:
    """Flag acts that the kernel refused to the model while it was loaded or asked.

    Why: a model computes answers from numbers. One that starts programs, opens connections, reads
    or writes the user's files, or reaches for other processes does something else than that; with
    the rights of whoever loads it elsewhere, it would have succeeded.

    Fix: do not load the model outside a sandbox. Ask its publisher what the act is for; use weights
    in a form that holds no code (safetensors, ONNX).

    Blind spot: only what it tried here is seen. A model may wait for a date, a machine or an input.
    """
    facts = {"what": attempt.what, "call": attempt.call}
    if attempt.detail:
        facts["detail"] = attempt.detail
    shown = f" ({attempt.detail})" if attempt.detail else ""
    yield Hit(
        f"tried {attempt.call}{shown}, which the sandbox refused",
        Evidence(facts=facts, identity=(attempt.what, attempt.call)),
    )


def _identity(attempt: Attempt, looked_at: Sequence[str]) -> tuple[str, ...]:
    """Return what makes it the same attempt in another run: a waiver of one covers no other.

    Paths below the folder of modelwarden.toml count from there; processes have other numbers.
    """
    if attempt.what not in _TELLING:
        return attempt.what, attempt.call
    root = f"{looked_at[0].rstrip('/')}/" if looked_at else ""
    return attempt.what, attempt.call, attempt.detail.removeprefix(root)


def findings_of(
    attempts: Sequence[Attempt], path: str | None, *, looked_at: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Return a finding for each thing that the kernel refused; limits that were hit are none.

    Args:
        attempts: as the sandbox reported them.
        path: of the model.
        looked_at: folders that Python's own import lists; that it may not is no attempt. The
            first is that of modelwarden.toml.
    """
    return tuple(
        Finding(
            rule=sandbox_attempt.id,
            severity=sandbox_attempt.severity,
            confidence=sandbox_attempt.confidence,
            message=hit.message,
            location=Location(path=path, terms={"what": attempt.what}),
            evidence=hit.evidence.facts,
            references=sandbox_attempt.references,
            fingerprint=fingerprint(sandbox_attempt.id, path, None, _identity(attempt, looked_at)),
            stage="artifacts",
        )
        for attempt in attempts
        if attempt.what not in _LIMITS
        and not (attempt.what == "read" and attempt.detail in looked_at)
        for hit in sandbox_attempt.check(attempt)
    )
