"""What can go wrong with a ledger."""

from __future__ import annotations

from modelwarden.core import InputError, ModelwardenError


class LedgerError(InputError):
    """A folder, head or key that cannot be used as a ledger's."""

    hint = "docs/ledger.md tells what a ledger is made of."


class LedgerLockedError(LedgerError):
    """Another writer has the ledger open."""

    hint = "One process writes a ledger; give each its own folder."


class LedgerAlteredError(LedgerError):
    """What is there is no ledger that was merely interrupted, so nothing is added to it."""

    hint = "Keep it, look at `modelwarden ledger verify`, and begin another folder."


class LedgerWriteError(ModelwardenError):
    """A record could not be brought to the disk; it is not in the ledger."""

    hint = "Free space on the disk of the ledger, or look at its errors."
