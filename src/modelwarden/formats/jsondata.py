"""JSON: proved to be nothing else, and named by its keys when it is a model or describes one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from importlib import import_module
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind, Producer
from modelwarden.core.values import dataclass
from modelwarden.formats import spelled
from modelwarden.formats.identified.kind import plain, producer, unexamined
from modelwarden.formats.jsontext import Outline, outline, starts_like_json
from modelwarden.formats.view import View, gap

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_SOME = re.compile(r"(?:[\w.]+ )*?v?(\d+(?:\.\w+)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonText(View):
    """A JSON text, or several, one a line.

    Attributes:
        values: top-level values.
        keys: the keys that tell what it is, by path, with the raw text of their values.
    """

    values: int
    keys: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of JSON file.

    Attributes:
        id: as in the catalogue.
        title: for messages; empty for data, and for configurations, judged by other readers.
        needs: paths that must all be there.
        any: paths of which one must be there, when given.
        by: who wrote it.
        code: it holds code by its nature.
        reader: module whose `read` examines it; such a kind has no title, for there is no gap.
    """

    id: str
    title: str
    needs: tuple[str, ...]
    any: tuple[str, ...] = ()
    by: Callable[[Outline], Producer | None] = lambda _: None
    code: bool = False
    reader: str = ""

    def fits(self, seen: Outline) -> bool:
        """Tell whether the keys are those of this kind."""
        keys = seen.keys
        return all(path in keys for path in self.needs) and (
            not self.any or any(path in keys for path in self.any)
        )


def _says(name: str, path: str | None = None) -> Callable[[Outline], Producer | None]:
    """Return a function that names `name` with the dotted version in the string at `path`."""

    def by(seen: Outline) -> Producer | None:
        found = _SOME.search(plain(seen.text(path) or "")) if path else None
        return producer(name, found[1] if found else None)

    return by


DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "xgboost-json",
        "",
        ("learner",),
        ("version", "learner.gradient_booster", "learner.learner_model_param"),
        reader="modelwarden.formats.trees.xgboost",
    ),
    Dialect(
        "catboost-json",
        "",
        (),
        ("oblivious_trees", "features_info", "model_info.catboost_version_info"),
        reader="modelwarden.formats.trees.catboost:JSON",
    ),
    Dialect(
        "lightgbm-json",
        "",
        ("tree_info",),
        ("version", "max_feature_idx", "num_tree_per_iteration"),
        reader="modelwarden.formats.trees.lightgbm:DUMP",
    ),
    Dialect(
        "hf-tokenizer",
        "",
        ("model",),
        ("added_tokens", "pre_tokenizer", "normalizer", "post_processor", "decoder", "model.vocab"),
        reader="modelwarden.formats.vocabulary.tokenizer",
    ),
    Dialect(
        "tfjs-model",
        "",
        ("weightsManifest",),
        reader="modelwarden.formats.tfjs",
    ),
    # Without weights it computes all the same what its operations say.
    Dialect(
        "tfjs-model",
        "",
        ("modelTopology",),
        ("modelTopology.node", "modelTopology.library"),
        reader="modelwarden.formats.tfjs",
    ),
    Dialect(
        "tfjs-weights-manifest",
        "",
        ("[].weights", "[].paths"),
        reader="modelwarden.formats.tfjs:MANIFEST",
    ),
    Dialect(
        "coreml-manifest",
        "",
        ("itemInfoEntries",),
        reader="modelwarden.formats.coreml.manifest",
    ),
    Dialect(
        "mxnet-symbol",
        "",
        ("nodes", "arg_nodes"),
        reader="modelwarden.formats.mxnet:SYMBOL",
    ),
    Dialect("paddle-pir", "a PaddlePaddle 3 program", ("base_code.magic", "program")),
    Dialect("notebook", "", ("nbformat",), ("cells", "worksheets")),
    Dialect(
        "safetensors-index",
        "",
        ("weight_map",),
        reader="modelwarden.formats.shards",
    ),
    Dialect(
        "hf-tokenizer-config",
        "",
        (),
        ("tokenizer_class", "chat_template"),
        _says("transformers", "transformers_version"),
    ),
    Dialect(
        "diffusers-config",
        "",
        ("_class_name", "_diffusers_version"),
        (),
        _says("diffusers", "_diffusers_version"),
    ),
    Dialect("peft-config", "", ("peft_type",), (), _says("peft")),
    Dialect(
        "hf-processor-config",
        "",
        (),
        ("image_processor_type", "feature_extractor_type", "processor_class"),
        _says("transformers"),
    ),
    Dialect(
        "hf-config",
        "",
        (),
        ("auto_map", "model_type", "architectures"),
        _says("transformers", "transformers_version"),
    ),
    Dialect(
        "sentence-transformers-modules",
        "",
        ("[].idx", "[].path", "[].type"),
        (),
        _says("sentence-transformers"),
    ),
    Dialect(
        "sentence-transformers-config",
        "",
        ("__version__.sentence_transformers",),
        (),
        _says("sentence-transformers", "__version__.sentence_transformers"),
    ),
    Dialect(
        "spacy-meta",
        "",
        ("spacy_version", "pipeline"),
        (),
        _says("spacy", "spacy_version"),
    ),
    Dialect(
        "torchserve-manifest",
        "a TorchServe manifest",
        ("model.serializedFile",),
        ("model.handler", "archiverVersion"),
        _says("torch-model-archiver", "archiverVersion"),
    ),
    Dialect("hydra-config", "", ("_target_",)),
)

WANTED = frozenset(
    part
    for dialect in DIALECTS
    for path in (*dialect.needs, *dialect.any)
    for part in path.split(".")
    if part != "[]"
) | {
    "attrs",
    "keras_version",
    "transformers_version",
}


def sniff(source: Source) -> bool:
    """Tell whether the first bytes are the beginning of a JSON object or array."""
    head = source.head
    if not starts_like_json(head):
        return False
    return outline(source, (), end=len(head)).damage is None or source.name.endswith(".json")


def read(source: Source, limits: Limits) -> View:
    """Prove the grammar to the end and name the kind; damage and models are gaps.

    A kind with a reader of its own is read by that, a second time and in full.
    """
    for end in (len(source.head), None):  # most tell what they are at the front
        seen = outline(source, WANTED, limits, end=end)
        dialect = next((d for d in DIALECTS if d.fits(seen)), None)
        if dialect and dialect.reader:
            module, _, name = dialect.reader.partition(":")
            reader = import_module(module)
            examined: View = (getattr(reader, name) if name else reader).read(source, limits)
            by = examined.producer or dialect.by(seen)
            return replace(examined, format=dialect.id, producer=by)
    gaps: list[Gap] = []
    if seen.damage:
        gaps.append(gap(source, seen.damage.why, at=seen.damage.offset))
    if seen.over:
        gaps.append(gap(source, str(seen.over), GapKind.OVER_LIMIT))
    if dialect and dialect.title:
        kind = GapKind.UNEXAMINED_CODE if dialect.code else GapKind.UNSUPPORTED
        gaps.append(gap(source, unexamined(dialect.title), kind))
    data = "json" if seen.values < 2 else "jsonl"
    return JsonText(
        source=source,
        format=dialect.id if dialect else data,
        producer=dialect.by(seen) if dialect else None,
        gaps=tuple(gaps),
        children=spelled.children_of(source),
        values=seen.values,
        keys=seen.keys,
    )
