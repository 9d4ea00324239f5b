"""What can go wrong with a model under test, as types."""

from __future__ import annotations

from modelwarden.core import Finding, GapKind, ModelwardenError


class TargetError(ModelwardenError):
    """The model could not be opened, failed, or gave something that is no answer.

    Attributes:
        kind: what sort of gap this leaves in a report.
        findings: what the sandbox saw before the model failed.
        raised: the name of the exception that the model's own code raised; None of anything else.
        lost: the model's process ended, or was ended, or its server hung up.
        late: it did not answer in time.
        final: it would say the same if it were asked again.
        unsent: the rows cannot be written in the protocol of its server, and were not sent.
    """

    hint = "Run the model outside Modelwarden, on the same rows, to see its own traceback."

    def __init__(
        self, message: str, *, kind: GapKind = GapKind.NOT_ASSESSABLE, hint: str | None = None
    ) -> None:
        """Say what happened in one line."""
        self.kind = kind
        self.findings: tuple[Finding, ...] = ()
        self.raised: str | None = None
        self.lost = self.late = self.unsent = self.final = False
        super().__init__(message, hint=hint)


class AccessError(TargetError):
    """More was asked for than the target gives: scores of a model that only has labels."""
