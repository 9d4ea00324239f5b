"""`config-outside-path`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelwarden.artifacts.known.attacks import SECRET_FILE
from modelwarden.artifacts.rules._content import bound_to
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile
from modelwarden.formats.config.scalars import Scalar
from modelwarden.formats.places import escapes

_CODE = frozenset(
    "custom_ops_library custom_ops_library_path backend_path ep_library_path model_lib "
    "model_lib_path op_library_filename plugin_path plugins_path library_path custom_nodes "
    "kv_connector_module_path".split()
)
_FILES = frozenset(
    "vocab_file merges_file tokenizer_file tokenizer_files special_tokens_map_file sp_model_file "
    "chat_template_file template_path model_file weights_file speakers_file language_ids_file "
    "examples_path environment_tarball".split()
)
_HUBS = re.compile(
    r"https?://(?:[\w-]+\.)?(?:huggingface\.co|hf\.co|github\.com|githubusercontent\.com)/"
)
_STORES = frozenset("storageUri storage_uri modelUri model_uri".split())
_HOOKS = re.compile(r"^repos\[\d+\]\.repo$")
_MACHINE = re.compile(r"file:|(?:\.\./)+|/(?!/)")
_OUTPUT = re.compile(r"(?:^|\.)outs\[\d+\]\.path$")
_PLAIN = re.compile(r"(?:http|ftp)://(?!localhost\b|127\.|[\w.-]+\.svc\b|[\w-]+[:/])")
_PICKLED = re.compile(_PLAIN.pattern + r"[^\s\"']{1,500}\.(?:pkl|pickle|joblib|dill)(?:\.\w{1,4})?")
_SYSTEM = re.compile(
    r"(?:\.\./)*/?(?:\.\./)*(?:etc|proc|sys|dev)/|(?:file:)?/+(?:etc|proc|sys|dev)/"
)
_MODULE = frozenset("model_file".split())
_IMPORTS = frozenset("megatron_core".split())
_OWN = frozenset("megatron".split())


@rule(
    "config-outside-path",
    title="A configuration takes in a file from elsewhere, or a library",
    severity=Severity.MEDIUM,
    reads=ConfigFile,
    references=("CWE-22", "CWE-73", "CWE-829"),
    weakness="archive_path_escape",
)
def config_outside_path(config: ConfigFile) -> Iterator[Hit]:
    """Flag files of the system, or of another host, that a tokenizer or a model takes in.

    Likewise libraries and modules that it has loaded.

    Why: whoever loads the model has that file read from the own machine, or from a host on the
    network that is told who they are; a library or a module that is named is run as it is.

    Fix: keep what the model needs beside it, and leave libraries and modules to the program.

    Blind spot: other paths of a machine only tell where the model was saved, and are let pass. Keys
    of other programs than Transformers, PEFT, ONNX Runtime, MLC, mlx-lm, LangChain
    and ComfyUI are not known.
    """
    if config.rows:
        return
    evidence = bound_to(config)
    for scalar in config.scalars:
        what = _harm(scalar) if scalar.text and scalar.value else None
        if what is not None:
            facts = {"path": scalar.path[:200], "value": scalar.value[:200]}
            yield Hit(f"{scalar.key[:60]}: {what}", evidence(facts, scalar.line))


def _harm(scalar: Scalar) -> str | None:
    shown = repr(scalar.value[:100])
    if scalar.key in _CODE:
        return f"loads {shown} as code"
    if scalar.key in _MODULE and scalar.value.endswith(".py"):
        return f"runs {shown} to make the model"
    if scalar.key in _IMPORTS and scalar.value.partition(".")[0] not in _OWN:
        return f"imports {shown}"
    if _HOOKS.search(scalar.path) and _PLAIN.match(scalar.value):
        return f"takes hooks from {shown}, without TLS"
    if scalar.key in _STORES and _PLAIN.match(scalar.value):
        return f"takes the model from {shown}, without TLS"
    if _PICKLED.fullmatch(scalar.value):
        return f"takes a pickle from {shown}, without TLS"
    return _file(scalar, shown)


def _file(scalar: Scalar, shown: str) -> str | None:
    """Say what is wrong with a file that is read, imported or written."""
    if scalar.key == "user_dir" and ("/" in scalar.value or "\\" in scalar.value):
        return f"imports {shown}"
    if scalar.key == "contentUrl" and _MACHINE.match(scalar.value):
        return f"{shown} is a file of the machine"
    if _OUTPUT.search(scalar.path) and SECRET_FILE.search(scalar.value):
        return f"writes {shown}"
    if scalar.key in _FILES and not _HUBS.match(scalar.value):
        # Where it was saved stands in many a configuration, and says nothing.
        elsewhere = "://" in scalar.value or scalar.value.startswith(("\\\\", "//"))
        if elsewhere or SECRET_FILE.search(scalar.value) or _SYSTEM.match(scalar.value):
            return f"{shown} {escapes(scalar.value) or 'is a file of the system'}"
    return None
