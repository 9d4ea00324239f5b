"""NeMo's archives: a tar with a configuration, a checkpoint, and files that the model brings.

The configuration names the class that is restored (`target`), and what that class instantiates
(`_target_`, which the reader of configurations looks at). Source: `save_restore_connector.py` of
NeMo 2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.archive import ArchiveView
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source
    from modelwarden.formats.view import Child

CONFIG = "model_config.yaml"
_TEXT = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NemoArchive(ArchiveView):
    """A NeMo model.

    Attributes:
        target: the class that is restored, as written; empty when the text does not say.
        line: where it stands in the configuration.
    """

    target: str = ""
    line: int | None = None


def is_nemo(names: set[str]) -> bool:
    """Tell whether the members are those of a NeMo model."""
    return CONFIG in names and any(name.endswith((".ckpt", ".distcp")) for name in names)


def view_of(view: ArchiveView, children: Sequence[Child], limits: Limits) -> NemoArchive:
    """Return the view of a NeMo model for that of the tar."""
    target, version, line = "", None, None
    for child in children:
        if child.name.removeprefix("./") == CONFIG:
            with child.open() as source:
                target, version, line = _said(source, limits)
    return NemoArchive(
        source=view.source,
        format="nemo",
        producer=producer("nemo-toolkit", version),
        gaps=view.gaps,
        children=view.children,
        entries=view.entries,
        anomalies=view.anomalies,
        target=target,
        line=line,
    )


def _said(source: Source, limits: Limits) -> tuple[str, str | None, int | None]:
    """Return the class, the version and the line of the class; what fails is told elsewhere."""
    from modelwarden.formats.config.scalars import yaml_scalars

    target, version, line = "", None, None
    text = source.read(0, min(source.size, _TEXT)).decode("utf-8", "replace")
    try:
        for scalar in yaml_scalars(text, limits.check_time):
            if scalar.path == "target":
                target, line = scalar.value[:300], scalar.line
            elif scalar.path == "nemo_version":
                version = scalar.value
    except (DamagedError, LimitExceededError):
        pass
    return target, version, line
