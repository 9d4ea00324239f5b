"""Small JSON files that people write beside a profile: what a server is asked, its form."""

from __future__ import annotations

import json
from pathlib import Path

from modelwarden.core.fields import Fields
from modelwarden.detectors.profile import opened
from modelwarden.firewall.errors import ProfileError

_LARGEST = 1 << 20  # bytes


def fields_in(path: Path) -> Fields:
    """Return the keys of a JSON object in a file.

    Raises:
        ProfileError: it cannot be read, is larger than a mebibyte, or is no JSON object.
    """
    try:
        with opened(path) as stream:
            text = stream.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ProfileError(f"{path} is larger than {_LARGEST:,} bytes")
        document = json.loads(text)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ProfileError(f"cannot read {path}: {why}") from error
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{path} is no valid JSON") from error
    if not isinstance(document, dict):
        raise ProfileError(f"{path} is no JSON object")
    return Fields(document, str(path), failure=ProfileError)
