"""Where a model says that more of its bytes lie."""

from __future__ import annotations


def escapes(location: str) -> str:
    """Return why a place is not in the folder of the model, or nothing.

    Separators of both kinds count: which one a loader takes depends on where it runs.

    >>> escapes("../../etc/passwd"), escapes("weights/w.bin")
    ('leads out of the folder', '')
    """
    parts = location.replace("\\", "/").split("/")
    if "\0" in location:
        return "holds a NUL"
    if "://" in location or location[:5].lower() == "file:":
        return "is an address"
    if not parts[0] and len(parts) > 1:
        return "is an absolute path"
    if location[1:2] == ":" and location[:1].isalpha():
        return "names a drive"
    if ".." in parts:
        return "leads out of the folder"
    if parts[0].startswith("~"):
        return "begins in a home folder"
    return "" if location.strip() and parts[-1] not in ("", ".") else "is no file"
