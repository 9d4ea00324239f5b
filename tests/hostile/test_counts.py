"""How many samples each examined format has: ten that are caught and three that are not, at least.

A sample belongs to every format as which its bytes, or what is nested in them, were read on the way
to what was found. The samples are those of the sets here and of the tests of the readers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from formats import test_skops, test_small_networks, test_tfjs, test_xgboost
from formats.coreml import test_coreml
from formats.gguf import test_reader as test_gguf
from formats.onnx import test_reader as test_onnx
from formats.paddle import test_paddle
from formats.rdata import test_rdata
from formats.tensorflow import test_checkpoint
from formats.tflite import test_reader as test_tflite
from formats.torch import test_served
from formats.trees import test_trees
from formats.vectors import test_vectors
from formats.vocabulary import test_vocabulary
from formats.xml import test_xml_models
from hostile.build import Sample
from hostile.harmless_readers import HARMLESS_READERS
from hostile.readers import READERS
from hostile.strangers_models import STRANGERS_MODELS
from hostile.strangers_repository import STRANGERS_REPOSITORY
from hostile.test_hostile import HARMFUL, HARMLESS
from modelwarden.artifacts.examine import _Work
from modelwarden.core import Severity
from modelwarden.formats import Limits, Source, View
from modelwarden.formats.catalog import FORMATS
from modelwarden.formats.entry import Format, Tier
from skopsfiles import archive as skops

CAUGHT, QUIET = 10, 3
SERIOUS = Severity.MEDIUM.rank
Sampled = tuple[str, bytes, Mapping[str, bytes]]
"""The name of a file, its bytes, and the files beside it."""
_MODULES = (
    *(test_coreml, test_gguf, test_paddle, test_rdata, test_served, test_small_networks),
    *(test_tfjs, test_tflite, test_trees, test_vectors, test_vocabulary, test_xgboost),
    *(test_onnx, test_xml_models),
)
_BAD = ("HOSTILE", "INVALID", "OVERFLOWS", "PLACES", "REFERENCES", "REWRITES")
_GOOD = ("SOUND",)


class _Counting(_Work):
    """Notes as which formats were read what something was found in, and what nothing."""

    def __init__(self) -> None:
        super().__init__(Limits(), ())
        self.caught: set[str] = set()
        self.quiet: set[str] = set()
        self._open: list[set[str]] = []

    def visit(self, source: Source) -> None:
        before = len(self.findings), len(self.gaps)
        self._open.append(set())
        super().visit(source)
        formats = self._open.pop()
        found = self.findings[before[0] :]
        if found:
            self.caught |= formats
        if len(self.gaps) == before[1] and all(f.severity.rank > SERIOUS for f in found):
            self.quiet |= formats

    def read(self, entry: Format, source: Source) -> None:
        self._open[-1].add(entry.id)
        super().read(entry, source)

    def take(self, view: View) -> None:
        self._open[-1].add(view.format)
        super().take(view)


def _bytes(value: object) -> bytes:
    value = value[0] if isinstance(value, tuple) else value
    if isinstance(value, str):
        return value.encode()
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def _tables(names: tuple[str, ...]) -> Iterator[Sampled]:
    for module in _MODULES:
        for name in names:
            for value in getattr(module, name, {}).values():
                data = _bytes(value)
                yield "m.json" if data[:1] in (b"{", b"[") else "m", data, {}
    table = test_skops.SOUND if names is _GOOD else test_skops.HOSTILE
    for root, *more in table.values():
        yield "m.skops", skops(root, more[0] if names is _GOOD else {}), {}
    if names is _BAD:
        for path in test_checkpoint.ELSEWHERE:
            yield "checkpoint", test_checkpoint.text_of(path).encode(), {}


def _short(
    samples: Iterable[Iterable[Sampled]], folder: Path, *, caught: bool, least: int
) -> dict[str, int]:
    """Return the examined formats with fewer different files than that, and how many they have."""
    seen: dict[str, set[bytes]] = {name: set() for name in _EXAMINED}
    short = set(_EXAMINED)
    for name, data, beside in chain.from_iterable(samples):
        work = _examined(name, data, beside, folder)
        for format_ in (work.caught if caught else work.quiet) & short:
            seen[format_].add(data)
            if len(seen[format_]) == least:
                short.remove(format_)
        if not short:
            break
    return {name: len(seen[name]) for name in sorted(short)}


def _examined(name: str, data: bytes, beside: Mapping[str, bytes], folder: Path) -> _Counting:
    work = _Counting()
    if not beside:
        work.visit(Source(name, data))
        return work
    for other, content in {**beside, name: data}.items():
        (folder / other).write_bytes(content)
    with Source.open(folder / name, name) as source:
        work.visit(source)
    return work


def _of(samples: Iterable[Sample]) -> Iterator[Sampled]:
    return ((sample.file, sample.build(), sample.beside) for sample in samples)


def harmful_samples() -> Iterator[Sampled]:
    """Yield every harmful sample of the tests of readers, and of the sets in this folder."""
    return chain(_tables(_BAD), _of(HARMFUL))


_EXAMINED = frozenset(entry.id for entry in FORMATS if entry.tier is Tier.EXAMINED)


def test_every_examined_format_has_ten_samples_that_are_caught(tmp_path: Path):
    # The sets with most formats first: the others are only asked while a format is short.
    sets = (_tables(_BAD), *map(_of, (READERS, STRANGERS_MODELS, STRANGERS_REPOSITORY, HARMFUL)))

    assert _short(sets, tmp_path, caught=True, least=CAUGHT) == {}


def test_every_examined_format_has_three_samples_that_pass(tmp_path: Path):
    sets = (_tables(_GOOD), *map(_of, (HARMLESS_READERS, HARMLESS)))

    assert _short(sets, tmp_path, caught=False, least=QUIET) == {}
