"""Models written as text, told by their first lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from modelwarden.formats.identified.kind import Kind, producer

if TYPE_CHECKING:
    from modelwarden.core import Producer
    from modelwarden.formats.source import Source


def _matches(pattern: bytes) -> Callable[[Source], bool]:
    expression = re.compile(pattern)
    return lambda source: expression.match(source.head) is not None


def _named(name: str) -> Callable[[Source], Producer | None]:
    return lambda _: producer(name)


LIBSVM = Kind(
    "libsvm", "a LIBSVM model", _matches(rb"svm_type \w+\r?\nkernel_type \w+"), _named("libsvm")
)
LIBLINEAR = Kind(
    "liblinear",
    "a LIBLINEAR model",
    _matches(rb"solver_type \w+\r?\nnr_class \d+"),
    _named("liblinear"),
)
NCNN = Kind("ncnn", "an ncnn network", _matches(rb"7767517\r?\n\d+ \d+\r?\n"), _named("ncnn"))
