"""What can go wrong with a model under test, as types."""

from __future__ import annotations

from modelwarden.core import Finding, GapKind, ModelwardenError


class TargetError(ModelwardenError):
    """The model could not be opened, failed, or gave something that is no answer.

    Attributes:
        kind: what sort of gap this leaves in a report.
        findings: what the sandbox saw before the model failed.
    """

    hint = "Run the model outside Modelwarden, on the same rows, to see its own traceback."

    def __init__(
        self, message: str, *, kind: GapKind = GapKind.NOT_ASSESSABLE, hint: str | None = None
    ) -> None:
        """Say what happened in one line."""
        self.kind = kind
        self.findings: tuple[Finding, ...] = ()
        super().__init__(message, hint=hint)


class AccessError(TargetError):
    """More was asked for than the target gives: scores of a model that only has labels."""
