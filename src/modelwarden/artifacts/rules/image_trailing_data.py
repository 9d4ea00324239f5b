"""The rule `image-trailing-data`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.images import Image


@rule(
    "image-trailing-data",
    title="Image with something behind its end",
    severity=Severity.LOW,
    reads=Image,
    references=("CWE-1286",),
    weakness="unsigned_or_altered_artifact",
)
def image_trailing_data(image: Image) -> Iterator[Hit]:
    """Flag bytes behind the end of an image.

    Why: viewers ignore them, so they are a place to carry another file along unseen. What stands
    there is examined as a file of its own.

    Fix: save the image anew, which drops them.

    Blind spot: data can be hidden in the pixels and in the metadata as well. Some cameras append
    a second picture on purpose, which is why this alone is of low severity.
    """
    if image.trailing:
        yield Hit(
            f"{image.trailing} bytes behind the end of the image",
            Evidence(image.end, {"bytes": image.trailing}),
        )
