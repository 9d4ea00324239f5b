"""`config-remote-code`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar
from modelwarden.formats.places import escapes

_INDEX = ("model_index.json", "modular_model_index.json")
_MODULE = re.compile(r"\[\d+\]\.type")
# Modules that AllenNLP and OpenMMLab import because a configuration says so, and their own.
_IMPORTED = re.compile(r"(?:^|\.)custom_imports\.imports(?:\[|$)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_OWN = re.compile(r"(?:allennlp|mm(?:cv|engine|det|seg|pose|action|pretrain|cls|ocr|rotate|razor))")
_ROUTED = re.compile(r"types\.[\w-]+")
_FOLDER = re.compile(r"\[\d+\]\.path")
_OUT = re.compile(r"is an|leads|names a drive|begins")
_PART = re.compile(r"\w+\[0\]")
_AUTO_MAP = re.compile(r"(?:^|\.)auto_map(?:[.\[]|$)")
_KERNEL = re.compile(r"[\w.-]+/[\w.-]+(?:[@:|][\w.@:-]*)?")
_ACTIVATION = re.compile(r"activation_f(?:n|unction)$")
_PARENTS = frozenset(
    "transformers diffusers timm torch peft sentence_transformers optimum trl builtins".split()
)
_SENTENCE_LIBRARIES = frozenset("sentence_transformers transformers".split())
_PIPELINE_LIBRARIES = frozenset(
    "diffusers diffusers.pipelines k_diffusion onnxruntime peft transformers "
    "stable_diffusion".split()
)


@rule(
    "config-remote-code",
    title="A configuration asks for code from a model repository",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-829", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def config_remote_code(config: ConfigFile) -> Iterator[Hit]:
    """Flag `auto_map`, a `trust_remote_code` that is on, and parts made by code of a repository.

    Why: the classes named by `auto_map` are Python files of the repository, or of another one
    when the name has `--` in it, which the library downloads and runs once it is told to trust
    them. An `attn_implementation` with a slash in it is a repository whose kernels the library
    downloads and runs without asking. The modules of Sentence Transformers and the parts of a
    Diffusers pipeline can name such files likewise, and AllenNLP (`import_plugins`) and OpenMMLab
    (`custom_imports`) import modules before anything else.

    Fix: read that code at a pinned revision, or use a model whose class the library has itself.

    Blind spot: whether a program will pass `trust_remote_code` is not in the file.
    """
    evidence = bound_to(config)
    # The library reads `model_index.json` by its name, whoever is said to have written it.
    diffusers = config.source.label.endswith(_INDEX) or any(
        scalar.path == "_diffusers_version" for scalar in config.scalars
    )
    for scalar in config.scalars:
        message = _asks(scalar) or _module(scalar) or _named(scalar)
        if message is None and diffusers:
            message = _part(scalar)
        if message is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit(message, evidence(facts, scalar.line))


def _asks(scalar: Scalar) -> str | None:
    if scalar.value in ("--trust-remote-code", "--trust_remote_code"):
        return "trust_remote_code is on"
    if scalar.key in ("trust_remote_code", "trust-remote-code"):
        return "trust_remote_code is on" if scalar.value.lower() in {"true", "yes", "on"} else None
    if not _AUTO_MAP.search(scalar.path) or (not scalar.text and "." not in scalar.value):
        return None
    repository, mark, name = scalar.value.partition("--")
    if mark:
        return f"loads {name[:80]!r} from the foreign repository {repository[:80]!r}"
    return f"loads {scalar.value[:80]!r} from the model's own repository"


def _named(scalar: Scalar) -> str | None:
    """Judge other settings that libraries import a name for."""
    top = scalar.value.partition(".")[0]
    if scalar.key == "impl" and "custom_pipelines" in scalar.path and scalar.text:
        return f"makes a pipeline from {scalar.value[:80]!r} of the repository"
    plugin = scalar.key == "import_plugins" or _IMPORTED.search(scalar.path) is not None
    if plugin and scalar.text and _DOTTED.fullmatch(scalar.value) and not _OWN.match(top):
        return f"imports {scalar.value[:80]!r} before anything else"
    if scalar.key == "parent_library" and scalar.text and top not in _PARENTS:
        return f"imports {scalar.value[:80]!r} to find the class of its base model"
    if ".kernel_mapping." in f".{scalar.path}" and _KERNEL.match(scalar.value):
        return f"has a layer computed by code of the repository {scalar.value[:80]!r}"
    if _ROUTED.fullmatch(scalar.path) and "." in scalar.value and top not in _SENTENCE_LIBRARIES:
        return f"makes a module from {scalar.value[:80]!r}"
    if "attn_implementation" in scalar.key and _KERNEL.fullmatch(scalar.value):
        return f"has attention computed by code of the repository {scalar.value[:80]!r}"
    if _ACTIVATION.search(scalar.key) and "." in scalar.value and scalar.text and top != "torch":
        return f"imports {scalar.value[:80]!r} as its activation function"
    return None


def _module(scalar: Scalar) -> str | None:
    """Judge the class, or the folder, of one module of Sentence Transformers (`modules.json`)."""
    if scalar.text and _FOLDER.fullmatch(scalar.path) and scalar.value:
        why = escapes(scalar.value)
        return (
            f"loads a module from {scalar.value[:80]!r}, which {why}" if _OUT.match(why) else None
        )
    if not scalar.text or _MODULE.fullmatch(scalar.path) is None or "." not in scalar.value:
        return None
    if scalar.value.partition(".")[0] in _SENTENCE_LIBRARIES:
        return None
    return f"makes a module from {scalar.value[:80]!r}"


def _part(scalar: Scalar) -> str | None:
    """Judge one part of a pipeline, written as `["library", "Class"]`, or its own class."""
    if not scalar.text or _PART.fullmatch(scalar.path) is None:
        return None
    if scalar.value in _PIPELINE_LIBRARIES:
        return None
    return f"makes {scalar.key[:60]} with the repository's own module {scalar.value[:80]!r}"
