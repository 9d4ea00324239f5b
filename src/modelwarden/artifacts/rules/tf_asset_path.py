"""`tf-asset-path`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.tensorflow.reader import TensorflowModel


@rule(
    "tf-asset-path",
    title="A SavedModel names an asset outside of its folder",
    severity=Severity.MEDIUM,
    reads=TensorflowModel,
    references=("CWE-22",),
    weakness="archive_path_escape",
)
def tf_asset_path(model: TensorflowModel) -> Iterator[Hit]:
    """Flag asset files with an absolute path or a way up.

    Why: loading joins the name to the model's folder and reads whatever file that is.

    Fix: ask for a model whose assets lie in its own folder.

    Blind spot: symbolic links in the folder are looked at when the folder is scanned.
    """
    for name in model.assets:
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            yield Hit(f"the asset {name[:120]!r}", Evidence(facts={"asset": name[:200]}))
