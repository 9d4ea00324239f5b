"""Append-only records that nobody changes unseen: a hash chain in segments, and signed heads.

`Writer` appends, `verify` checks, `entries` reads; `Redaction` says what of a request is kept.
The form of the files stands in `chain`.
"""

from modelwarden.ledger.chain import Mark
from modelwarden.ledger.errors import (
    LedgerAlteredError,
    LedgerError,
    LedgerLockedError,
    LedgerWriteError,
)
from modelwarden.ledger.heads import Head, HeadFile, heads_in, load_private, load_public
from modelwarden.ledger.privacy import Redaction, key_in
from modelwarden.ledger.reading import Entry, entries, last_entries
from modelwarden.ledger.retain import Retention
from modelwarden.ledger.sealing import Seal
from modelwarden.ledger.verify import Anchor, Check, Problem, ProblemKind, verify
from modelwarden.ledger.writer import Options, Writer

__all__ = [
    "Anchor",
    "Check",
    "Entry",
    "Head",
    "HeadFile",
    "LedgerAlteredError",
    "LedgerError",
    "LedgerLockedError",
    "LedgerWriteError",
    "Mark",
    "Options",
    "Problem",
    "ProblemKind",
    "Redaction",
    "Retention",
    "Seal",
    "Writer",
    "entries",
    "heads_in",
    "key_in",
    "last_entries",
    "load_private",
    "load_public",
    "verify",
]
