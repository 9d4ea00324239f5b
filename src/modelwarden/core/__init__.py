"""The words that every room speaks: findings, gaps, measurements, reports, verdicts, errors.

Standard library only. Values are frozen; nothing here reads a file or prints.
"""

from modelwarden.core.digests import MOST_HOLES, digest_of_tree, fingerprint, is_hollow, sha256_of
from modelwarden.core.encode import encode
from modelwarden.core.errors import (
    ConfigError,
    HollowFileError,
    InputError,
    MissingExtraError,
    ModelwardenError,
    OutputError,
    PolicyError,
    UnknownNameError,
)
from modelwarden.core.findings import Confidence, Finding, Gap, GapKind, Json, Location, Severity
from modelwarden.core.inventory import (
    Coverage,
    InventoryItem,
    ItemKind,
    Producer,
    Status,
    UseKind,
)
from modelwarden.core.measurements import MeasureInfo, Measurement
from modelwarden.core.report import (
    AdvisoryData,
    Change,
    Comparison,
    Report,
    Run,
    Subject,
    Tool,
)
from modelwarden.core.rules import Evidence, Hit, Rule, RuleInfo, rule
from modelwarden.core.seeds import seed_for
from modelwarden.core.tables import Table, TableKind
from modelwarden.core.verdicts import (
    JUSTIFICATIONS,
    Outcome,
    Policy,
    Reason,
    ReasonKind,
    Threshold,
    Verdict,
    Waiver,
    reason_of,
)

__all__ = [
    "JUSTIFICATIONS",
    "MOST_HOLES",
    "AdvisoryData",
    "Change",
    "Comparison",
    "Confidence",
    "ConfigError",
    "Coverage",
    "Evidence",
    "Finding",
    "Gap",
    "GapKind",
    "Hit",
    "HollowFileError",
    "InputError",
    "InventoryItem",
    "ItemKind",
    "Json",
    "Location",
    "MeasureInfo",
    "Measurement",
    "MissingExtraError",
    "ModelwardenError",
    "Outcome",
    "OutputError",
    "Policy",
    "PolicyError",
    "Producer",
    "Reason",
    "ReasonKind",
    "Report",
    "Rule",
    "RuleInfo",
    "Run",
    "Severity",
    "Status",
    "Subject",
    "Table",
    "TableKind",
    "Threshold",
    "Tool",
    "UnknownNameError",
    "UseKind",
    "Verdict",
    "Waiver",
    "digest_of_tree",
    "encode",
    "fingerprint",
    "is_hollow",
    "reason_of",
    "rule",
    "seed_for",
    "sha256_of",
]
