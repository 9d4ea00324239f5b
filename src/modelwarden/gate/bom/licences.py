"""Licences as packages and model cards word them, and as SPDX expressions.

A wording that is no SPDX expression is kept as the name it is; nothing is guessed from a text.

Sources: PEP 639; https://spdx.org/licenses/; the trove classifiers.
"""

from __future__ import annotations

from modelwarden.core.values import dataclass
from modelwarden.report.escape import shown

# Names that say exactly one licence. "BSD License", "GPL" and the like name several: left as names.
_NAMED = {
    "mit license": "MIT",
    "the mit license": "MIT",
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache2": "Apache-2.0",
    "isc license (iscl)": "ISC",
    "isc license": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "zlib/libpng license": "Zlib",
    "cc0 1.0 universal (cc0 1.0) public domain dedication": "CC0-1.0",
    "historical permission notice and disclaimer (hpnd)": "HPND",
}
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence as it is stated.

    Attributes:
        name: as a package or card words it.
        expression: the same as an SPDX expression; None when it is none.
    """

    name: str
    expression: str | None = None


def licence_of(text: str | None) -> Licence | None:
    """Return the licence that a text names; None when it says nothing.

    >>> licence_of("apache-2.0").expression, licence_of("BSD").expression
    ('Apache-2.0', None)
    """
    words = " ".join((text or "").split())
    if not words or len(words) > _LONGEST:
        return None
    return Licence(name=shown(words, _LONGEST), expression=_expression(words))


def _expression(words: str) -> str | None:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(_NAMED.get(words.lower(), words)))
    except (InvalidLicenseExpression, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
