"""A feed from an https address that the user named; nothing else ever asks the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelwarden.core import InputError

_LARGEST = 4 << 30  # bytes
_SECONDS = 60.0  # without a byte
_BLOCK = 1 << 20


@contextmanager
def fetched(source: str) -> Iterator[Path]:
    """Give the file or folder that `source` names; an https address is downloaded for the while.

    Raises:
        InputError: it is another kind of address, or cannot be fetched.
    """
    if "://" not in source:
        yield Path(source)
        return
    if not source.startswith("https://"):
        raise InputError(
            f"{source[:200]} is not fetched: its answers could be changed on the way",
            hint="Name an https address, a file or a folder.",
        )
    import tempfile
    from urllib.parse import urlsplit

    name = Path(urlsplit(source).path).name or "feed"
    with tempfile.TemporaryDirectory(prefix="modelwarden-") as folder:
        path = Path(folder, name[-100:])
        _download(source, path)
        yield path


def _download(address: str, path: Path) -> None:
    from http.client import HTTPException
    from urllib.request import urlopen

    hint = "Fetch it by other means and import the file."
    size = 0
    try:
        # The scheme was looked at; a redirect that leaves https is refused below.
        with urlopen(address, timeout=_SECONDS) as answer, path.open("wb") as stream:  # noqa: S310
            if not answer.geturl().startswith("https://"):
                raise InputError(f"{address[:200]} leads away from https", hint=hint)
            expected = answer.headers.get("Content-Length")
            while block := answer.read(_BLOCK):
                size += len(block)
                if size > _LARGEST:
                    raise InputError(f"{address[:200]} gives more than {_LARGEST} bytes", hint=hint)
                stream.write(block)
    except (OSError, HTTPException, ValueError) as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"cannot fetch {address[:200]}: {why}", hint=hint) from error
    if expected is not None and expected.isdigit() and int(expected) != size:
        raise InputError(f"{address[:200]} broke off after {size} bytes", hint=hint)
