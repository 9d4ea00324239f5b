"""What each file of the published scanner test sets is: harmful, harmless, or left out.

The owners label by file name, and this table follows them: `benign*`, `safe_*` and folders named
so are harmless; what is named after an advisory, an exploit or an attack is harmful. Files whose
name says neither were looked at byte by byte (disassembled, never loaded); the reason stands
beside each.
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatch


class Label(StrEnum):
    """What a file is."""

    HARMFUL = "harmful"
    HARMLESS = "harmless"
    LEFT_OUT = "left out"


# Patterns of paths below the folder of the sets, the first that fits wins.
LABELS: tuple[tuple[str, Label, str], ...] = (
    ("README.md", Label.LEFT_OUT, "not a sample"),
    (
        "picklescan/data/broken_model.pkl",
        Label.LEFT_OUT,
        "not loadable: a string of 543,558,206 announced bytes ends it before any call",
    ),
    (
        "*/pickles/simple_nested.pkl",
        Label.LEFT_OUT,
        "a pickle inside a byte string, but both hold plain data: nothing to find",
    ),
    (
        "*/edge_cases/multiple_templates.json",
        Label.LEFT_OUT,
        "an attack under a key that no loader renders, beside a harmless chat template",
    ),
    ("*/benign/*", Label.HARMLESS, "named so by its owner"),
    ("*/benign*", Label.HARMLESS, "named so by its owner"),
    ("*/safe_*", Label.HARMLESS, "named so by its owner"),
    ("*/suspicious_benign.template", Label.HARMLESS, "loops over messages, reads one attribute"),
    (
        "*/edge_cases/*",
        Label.HARMLESS,
        "empty, missing, unclosed or very long templates: odd, not an attack",
    ),
    ("*/yaml/model_config.yaml", Label.HARMLESS, "a plain chat template"),
    ("picklescan/data/bad_pytorch.pt", Label.HARMLESS, "the eight bytes that open a PNG"),
    ("picklescan/data/not_a_pickle.bin", Label.HARMLESS, "seven bytes that import nothing usable"),
    ("picklescan/data/new_pytorch_model.bin", Label.HARMLESS, "a torch zip with one tensor"),
    ("picklescan/data/pytorch_model.bin", Label.HARMLESS, "a torch checkpoint of the old form"),
    ("picklescan/data2/int_array*", Label.HARMLESS, "arrays of integers"),
    ("picklescan/data2/object_array*", Label.HARMLESS, "arrays of plain Python objects"),
    ("picklescan/*", Label.HARMFUL, "named after its advisory or attack"),
    ("modelaudit/*", Label.HARMFUL, "named after its exploit or attack"),
)


def label_of(path: str) -> tuple[Label, str]:
    """Return the label of a path below the folder of the sets, and the reason for it.

    Raises:
        LookupError: the table does not know the path.
    """
    for pattern, label, why in LABELS:
        if fnmatch(path, pattern):
            return label, why
    raise LookupError(f"no label for {path}")
