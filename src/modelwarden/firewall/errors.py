"""What can go wrong with a profile or a request."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from modelwarden.core import ConfigError
from modelwarden.detectors.profile import ProfileError

if TYPE_CHECKING:
    from modelwarden.firewall.checks import Verdict


class FirewallConfigError(ConfigError):
    """A configuration of the firewall that cannot be used as it stands."""

    hint = "Mend the section [firewall] of that file; `docs/firewall.md` shows every key."


class Reason(StrEnum):
    """Why a request is refused. Only the ledger and the alerts tell; the client is never told."""

    SIZE = "size"
    SYNTAX = "syntax"
    DUPLICATE_KEY = "duplicate-key"
    SCHEMA = "schema"
    SHAPE = "shape"
    TYPE = "type"
    FINITE = "finite"
    RANGE = "range"
    CATEGORY = "category"
    MISSING = "missing"
    ABNORMAL = "abnormal"


class RefusedError(Exception):
    """A request that the model must not see.

    Attributes:
        reason: the check that it did not pass.
        detail: what was wrong, without values of the request.
        verdict: what is known of a request that could be read all the same; else None.
    """

    def __init__(self, reason: Reason, detail: str, verdict: Verdict | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.verdict = verdict


__all__ = ["ProfileError", "Reason", "RefusedError"]
