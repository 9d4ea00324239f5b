"""The rules over model files, in the order in which reports list them.

A rule is a module in `artifacts/rules/` named after its id, a line here, and its two samples in
`tests/artifacts/samples/`. `reads` is the name of the view that the rule looks at: the module is
imported when the first such view appears, so a scan pays only for the rules that it needs.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.core import Rule
    from modelwarden.formats import View


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue."""

    id: str
    reads: str

    def load(self) -> Rule[View]:
        """Import the rule."""
        name = self.id.replace("-", "_")
        module = import_module(f"modelwarden.artifacts.rules.{name}")
        loaded: Rule[View] = getattr(module, name)
        return loaded


RULES: tuple[Entry, ...] = (
    Entry("pickle-unsafe-global", "PickleStream"),
    Entry("pickle-hidden-global", "PickleStream"),
    Entry("unknown-global", "PickleStream"),
    Entry("pickle-code-object", "PickleStream"),
    Entry("needs-code", "PickleStream"),
    Entry("pickle-trailing-data", "PickleStream"),
    Entry("pickle-secret", "PickleStream"),
    Entry("archive-path-escape", "ArchiveView"),
    Entry("archive-bomb", "ArchiveView"),
    Entry("zip-name-mismatch", "ArchiveView"),
    Entry("zip-header-mismatch", "ArchiveView"),
    Entry("zip-hidden-member", "ArchiveView"),
    Entry("zip-duplicate-name", "ArchiveView"),
    Entry("zip-bad-crc", "ArchiveView"),
    Entry("archive-appended-data", "ArchiveView"),
    Entry("office-macro", "ArchiveView"),
    Entry("document-action", "PdfDocument"),
    Entry("template-escape", "TemplateText"),
    Entry("template-dynamic-attribute", "TemplateText"),
    Entry("template-include", "TemplateText"),
    Entry("template-resource", "TemplateText"),
    Entry("template-word-switch", "TemplateText"),
    Entry("yaml-python-tag", "ConfigFile"),
    Entry("yaml-call-tag", "ConfigFile"),
    Entry("mlflow-code", "ConfigFile"),
    Entry("config-target", "ConfigFile"),
    Entry("config-foreign-target", "ConfigFile"),
    Entry("yaml-include-tag", "ConfigFile"),
    Entry("yaml-alias-expansion", "ConfigFile"),
    Entry("spacy-foreign-function", "ConfigFile"),
    Entry("config-command", "ConfigFile"),
    Entry("workflow-injection", "ConfigFile"),
    Entry("container-host-access", "ConfigFile"),
    Entry("config-outside-path", "ConfigFile"),
    Entry("environment-hook", "ConfigFile"),
    Entry("opening-command", "ConfigFile"),
    Entry("open-server", "ConfigFile"),
    Entry("config-secret", "ConfigFile"),
    Entry("config-remote-code", "ConfigFile"),
    Entry("python-import-attack", "PythonFile"),
    Entry("python-import-program", "PythonFile"),
    Entry("python-load-program", "PythonFile"),
    Entry("python-hidden-code", "PythonFile"),
    Entry("python-attack-later", "PythonFile"),
    Entry("python-import-effect", "PythonFile"),
    Entry("python-load-effect", "PythonFile"),
    Entry("python-dynamic-code", "PythonFile"),
    Entry("python-capability", "PythonFile"),
    Entry("notebook-attack", "PythonFile"),
    Entry("startup-file", "PythonFile"),
    Entry("notebook-script-attack", "Notebook"),
    Entry("notebook-foreign-extension", "Notebook"),
    Entry("notebook-active-content", "Notebook"),
    Entry("script-attack", "Script"),
    Entry("script-schedule", "Script"),
    Entry("repository-push", "Script"),
    Entry("script-remote-code", "Script"),
    Entry("script-installer", "Script"),
    Entry("container-remote-file", "Script"),
    Entry("git-hook", "Script"),
    Entry("git-command", "GitSettings"),
    Entry("foreign-index", "PlainText"),
    Entry("direct-install", "PlainText"),
    Entry("text-secret", "PlainText"),
    Entry("settings-outside-path", "PlainText"),
    Entry("gin-target", "PlainText"),
    Entry("open-notebook", "PlainText"),
    Entry("hidden-text", "PlainText"),
    Entry("table-formula", "PlainText"),
    Entry("shortcut-target", "Shortcut"),
    Entry("page-script-attack", "Page"),
    Entry("page-active-content", "Page"),
    Entry("skops-disguised-node", "SkopsArchive"),
    Entry("skops-unsafe-type", "SkopsArchive"),
    Entry("skops-unknown-type", "SkopsArchive"),
    Entry("skops-needs-code", "SkopsArchive"),
    Entry("torchscript-file-access", "TorchArchive"),
    Entry("torchscript-custom-operator", "TorchArchive"),
    Entry("torch-package-code", "TorchPackage"),
    Entry("torchserve-code", "ServedModel"),
    Entry("torchserve-install", "ServedModel"),
    Entry("nemo-foreign-target", "NemoArchive"),
    Entry("torch-tensor-items", "PickleStream"),
    Entry("torch-unreferenced-record", "TorchArchive"),
    Entry("torchscript-code", "TorchArchive"),
    Entry("safetensors-invalid", "Safetensors"),
    Entry("safetensors-hidden-data", "Safetensors"),
    Entry("safetensors-duplicate-key", "Safetensors"),
    Entry("r-promise", "RData"),
    Entry("r-unsafe-call", "RData"),
    Entry("r-startup-function", "RData"),
    Entry("r-function", "RData"),
    Entry("r-foreign-class", "RData"),
    Entry("r-needs-package", "RData"),
    Entry("foreign-object", "ForeignObject"),
    Entry("native-code", "NativeCode"),
    Entry("image-trailing-data", "Image"),
    Entry("keras-lambda", "KerasConfig"),
    Entry("keras-unsafe-reference", "KerasConfig"),
    Entry("keras-foreign-class", "KerasConfig"),
    Entry("keras-named-function", "KerasConfig"),
    Entry("keras-file-reference", "KerasConfig"),
    Entry("hdf5-external-storage", "Hdf5File"),
    Entry("hdf5-external-link", "Hdf5File"),
    Entry("hdf5-virtual-dataset", "Hdf5File"),
    Entry("hdf5-user-block", "Hdf5File"),
    Entry("tf-python-op", "TensorflowModel"),
    Entry("tf-file-op", "TensorflowModel"),
    Entry("tf-custom-op", "TensorflowModel"),
    Entry("tf-asset-path", "TensorflowModel"),
    Entry("tf-checkpoint-path", "CheckpointState"),
    Entry("onnx-external-path", "OnnxModel"),
    Entry("onnx-python-operator", "OnnxModel"),
    Entry("onnx-custom-operator", "OnnxModel"),
    Entry("onnx-shadowed-operator", "OnnxModel"),
    Entry("onnx-invalid", "OnnxModel"),
    Entry("gguf-overflow", "GgufModel"),
    Entry("gguf-invalid", "GgufModel"),
    Entry("gguf-hidden-data", "GgufModel"),
    Entry("tflite-unsafe-operator", "TfliteModel"),
    Entry("tflite-custom-operator", "TfliteModel"),
    Entry("tflite-bad-reference", "TfliteModel"),
    Entry("tflite-invalid", "TfliteModel"),
    Entry("model-bad-reference", "Checked"),
    Entry("model-outside-path", "Checked"),
    Entry("model-custom-code", "Checked"),
    Entry("model-invalid", "Checked"),
    Entry("model-hidden-data", "Checked"),
    Entry("network-python-operator", "Network"),
    Entry("network-file-operator", "Network"),
    Entry("xml-external-entity", "XmlText"),
    Entry("xml-entity-expansion", "XmlText"),
    Entry("xml-include", "XmlText"),
    Entry("tokenizer-slow-pattern", "TokenizerFile"),
    Entry("tokenizer-rewrites-text", "TokenizerFile"),
    Entry("metadata-code", "Described"),
    Entry("metadata-secret", "Described"),
    Entry("metadata-personal-path", "Described"),
    Entry("name-content-mismatch", "View"),
    Entry("version-rot", "PickleStream"),
)


@cache
def rules_for(*views: str) -> tuple[Rule[View], ...]:
    """Return the rules that read a view of one of these class names."""
    return tuple(entry.load() for entry in RULES if entry.reads in views)


def all_rules() -> tuple[Rule[View], ...]:
    """Import and return every rule, for `explain --list` and the generated pages."""
    return tuple(entry.load() for entry in RULES)
