"""`startup-file`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.secrets import redacted
from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.python.reader import PythonFile, startup_lines

_NAMES = frozenset(("sitecustomize.py", "usercustomize.py"))
# As setuptools and pip write them.
_OWN = re.compile(
    r"import sys, types, os;has_mfs = sys\.version_info > \(3, 5\);p = os\.path\.join\("
    r"|import (__editable___\w+); \1\.install\('[^']*'\)\s*$"
    r"|import (__editable___\w+); \2\.install\(\)\s*$"
    r"|import os; var = 'SETUPTOOLS_USE_DISTUTILS'; "
    r"enabled = os\.environ\.get\(var, 'local'\) == 'local'; "
    r"enabled and __import__\('_distutils_hack'\)\.add_shim\(\);?\s*$"
    r"|import _virtualenv\s*$|import a1_coverage\s*$"
)


@rule(
    "startup-file",
    title="A file runs code whenever Python starts",
    severity=Severity.MEDIUM,
    reads=PythonFile,
    references=(
        "CWE-506",
        "CWE-829",
    ),
    weakness="custom_code_in_model",
)
def startup_file(one: PythonFile) -> Iterator[Hit]:
    """Flag `.pth` files with lines of code, `sitecustomize` and `usercustomize`.

    Why: in a folder on Python's path these run at every start of Python, whether or not anybody
    imports something. A model has no use for them.

    Fix: remove the file, and look at what it imports.

    Blind spot: the lines that setuptools writes for namespace packages and editable installs are
    left out.
    """
    name = one.source.label.rpartition("/")[2].lower()
    if one.format == "pth":
        lines = startup_lines(one.source.read(0, 1 << 16).decode("utf-8", "replace")).split("\n")
        for number, line in enumerate(lines, 1):
            if line.strip() and not _OWN.match(line):
                message = f"line {number} runs whenever Python starts"
                yield Hit(
                    message, Evidence(facts={"code": redacted(line[:4000])[:160]}, line=number)
                )
    elif name in _NAMES:
        yield Hit(f"Python imports {name} whenever it starts", Evidence(facts={"file": name}))
