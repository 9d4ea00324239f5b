"""Why something is not converted."""

from __future__ import annotations

from modelwarden.core import InputError, ModelwardenError


class ConvertError(InputError):
    """A file, or something in it, that cannot be converted; says what would help."""

    hint = "docs/convert.md lists what can be converted."


class UnequalError(ModelwardenError):
    """What was written is not what was read: the result is thrown away."""

    hint = "This is a fault of Modelwarden or of the disk; please report it with the file."
