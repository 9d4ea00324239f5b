"""Reader of TorchServe archives: which code serves the model, and what is installed for it.

`MAR-INF/MANIFEST.json` names the handler, a file with the model's class, a file of requirements and
the weights. Source: `model_archiver` and `ts/model_loader.py` of TorchServe 0.12.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.archive import Anomaly, ArchiveView, Oddity, escape, printable
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.jsontree import tree
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError, gap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelwarden.core import Gap
    from modelwarden.formats.zip import Archive

MANIFEST = "MAR-INF/MANIFEST.json"
# Handlers that TorchServe brings: a name without a file.
BUILT_IN = frozenset(
    "image_classifier image_segmenter object_detector text_classifier text_handler base_handler "
    "vision_handler densenet_handler".split()
)
_TEXT = 1 << 18
_FOREIGN = re.compile(
    r"--?(?:extra-)?index-url|--?i\b|--find-links|-f\b|--trusted-host|-e\b|--editable|://|@\s*file:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedModel(ArchiveView):
    """A TorchServe archive.

    Attributes:
        handler: as the manifest says.
        code: members that are Python code.
        named: the part of the manifest that names each file.
        installs: lines of the requirements that take packages from elsewhere than the index.
    """

    handler: str = ""
    code: tuple[str, ...] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    installs: tuple[str, ...] = ()


def read_archive(archive: Archive) -> ServedModel:
    """Read the manifest; members are examined as what they are."""
    gaps: list[Gap] = []
    manifest: object = None
    source = archive.source
    try:
        manifest = _manifest(archive)
    except DamagedError as damage:
        gaps.append(gap(source, f"{MANIFEST}: {damage.why}"))
    except LimitExceededError as over:
        gaps.append(gap(source, f"{MANIFEST}: {over}", GapKind.OVER_LIMIT))
    said = manifest if isinstance(manifest, dict) else {}
    model = said.get("model")
    named = (
        {str(k)[:60]: v[:300] for k, v in model.items() if isinstance(v, str)}
        if isinstance(model, dict)
        else {}
    )
    if not named and not gaps:
        gaps.append(gap(source, f"{MANIFEST} describes no model"))
    parts = archive.parts(read={MANIFEST} if not gaps else ())
    version = said.get("archiverVersion")
    return ServedModel(
        source=source,
        format="torchserve-mar",
        producer=producer("torch-model-archiver", version if isinstance(version, str) else None),
        gaps=(*parts.gaps, *gaps),
        children=parts.children,
        entries=parts.entries,
        anomalies=(*parts.anomalies, *_escapes(named)),
        handler=named.get("handler", ""),
        code=tuple(m.name for m in archive.members if m.name.endswith((".py", ".pyc")))[:1000],
        named=named,
        installs=tuple(_installs(archive, named.get("requirementsFile", ""))),
    )


def _manifest(archive: Archive) -> object:
    member = archive.named(MANIFEST)
    if member is None:
        raise DamagedError("it is gone")
    with archive.open(member) as source:
        return tree(source, archive.limits, "a manifest")


def _escapes(named: Mapping[str, str]) -> Iterator[Anomaly]:
    """Yield the files of the manifest that lie outside of the archive."""
    for key in ("serializedFile", "modelFile", "requirementsFile", "configFile", "handler"):
        path = named.get(key, "")
        if reason := escape(path):
            message = f"{key} of the manifest: {printable(path, 120)} {reason}"
            yield Anomaly(Oddity.ESCAPE, message, MANIFEST, facts={"member": path, "key": key})


def _installs(archive: Archive, name: str) -> Iterator[str]:
    member = archive.named(name) if name else None
    if member is None:
        return
    try:
        text = archive.peek(member, _TEXT).decode("utf-8", "replace")
    except (DamagedError, LimitExceededError):
        return
    for line in text.splitlines():
        words = line.partition(" #")[0].strip()
        if words and not words.startswith("#") and _FOREIGN.search(words):
            yield printable(words, 200)
