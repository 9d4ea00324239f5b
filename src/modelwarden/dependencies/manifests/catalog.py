"""Which files are manifests: told by their name, because that is how the tools find them too.

A reader is imported when the first file of its kind is met.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.dependencies.packages import Manifest


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of manifest.

    Attributes:
        id: shown in messages. reader: module and function, below this package.
        name: pattern of the file's name, with the folder it is in.
        optional: the file has other uses too, so naming no package is no gap.
        instead_of: it counts where no file of this name lies beside it.
    """

    id: str
    reader: str
    name: str
    optional: bool = False
    instead_of: str = ""


def _kind(
    id_: str, reader: str, name: str, *, optional: bool = False, instead_of: str = ""
) -> Kind:
    return Kind(id_, reader, rf"(?:^|/)(?:{name})$", optional, instead_of)


MANIFESTS: tuple[Kind, ...] = (
    _kind("pylock.toml", "locks:pylock", r"pylock(\.[^/]+)?\.toml"),
    _kind("poetry.lock", "locks:poetry", r"poetry\.lock"),
    _kind("uv.lock", "locks:packages", r"uv\.lock"),
    _kind("pdm.lock", "locks:packages", r"pdm\.lock"),
    _kind("Pipfile.lock", "locks:pipfile_lock", r"pipfile\.lock"),
    _kind("Pipfile", "projects:pipfile", r"pipfile"),
    _kind("pyproject.toml", "projects:pyproject", r"pyproject\.toml", optional=True),
    _kind("conda-lock", "conda:lock", r"[^/]*conda-lock\.ya?ml"),
    _kind("explicit conda lock", "conda:explicit", r"[^/]*conda[^/]*\.lock"),
    _kind("installed conda package", "conda:installed", r"conda-meta/[^/]+\.json"),
    _kind("python_env.yaml", "mlflow:python_env", r"python_env\.ya?ml"),
    _kind("conda environment", "conda:environment", r"(conda|environment|[^/]*[-_]env(ironment)?)"
          r"([-_.][^/]*)?\.ya?ml|(conda|environment)[^/]*\.ya?ml", optional=True),
    _kind("MLmodel", "mlflow:mlmodel", r"mlmodel", optional=True),
    _kind("bentofile.yaml", "mlflow:bentofile", r"bentofile\.ya?ml", optional=True),
    _kind("installed package", "installed:metadata",
          r"[^/]+\.dist-info/metadata|([^/]+\.)?egg-info/pkg-info|[^/]+\.egg-info"),
    _kind("installed package without metadata", "installed:folder", r"[^/]+\.dist-info/record",
          instead_of="METADATA"),
    _kind("setup.cfg", "projects:setup_cfg", r"setup\.cfg", optional=True),
    _kind("Dockerfile", "scripts:dockerfile",
          r"(dockerfile|containerfile)(\.[^/]+)?|[^/]+\.(dockerfile|containerfile)", optional=True),
    _kind("notebook", "scripts:notebook", r"[^/]+\.ipynb", optional=True),
    _kind("bill of materials", "boms:bom",
          r"[^/]+\.(cdx|spdx|spdx3|bom|sbom)\.json|[^/]*s?bom\.json|[^/]+\.spdx(\.(tag|ya?ml))?"
          r"|[^/]+\.spdx3?\.jsonld|[^/]+\.(cdx|bom|sbom)\.xml|[^/]*s?bom\.xml"),
    _kind("requirements", "requirements:requirements",
          r"[^/]*requirements?[^/]*\.(txt|in|lock)|requirements/[^/]+\.(txt|in)"),
)  # fmt: skip

_ENDS = (".lock", ".toml", ".yaml", ".yml", ".json", ".ipynb", ".txt", ".in", "pipfile", "mlmodel",
         "/metadata", "/pkg-info", ".egg-info", ".dist-info/record", "setup.cfg", ".spdx", ".tag",
         ".jsonld", "bom.xml", ".cdx.xml")  # fmt: skip


def kind_of(name: str) -> Kind | None:
    """Return the kind of manifest that a file of this name is; None for any other file."""
    lower = name.lower()
    # Patterns are compiled, at 0.3 ms each, for names that may fit only.
    if not lower.endswith(_ENDS) and "dockerfile" not in lower and "containerfile" not in lower:
        return None
    return next((kind for kind in MANIFESTS if re.search(kind.name, lower)), None)


def read(data: bytes, path: str, kind: Kind) -> Manifest:
    """Read one manifest.

    Args:
        data: all its bytes.
        path: as reports show it.
        kind: how to read it.
    """
    from modelwarden.core import InputError
    from modelwarden.dependencies.manifests.text import decoded
    from modelwarden.dependencies.packages import Manifest

    manifest = Manifest(path=path, kind=kind.id)
    module, _, function = kind.reader.partition(":")
    home = import_module(f"modelwarden.dependencies.manifests.{module}")
    reader = cast("Callable[[str, Manifest], None]", getattr(home, function))
    try:
        reader(decoded(data), manifest)
    except InputError as error:
        manifest.unreadable(error.message)
    nothing = not (manifest.packages or manifest.gaps or manifest.refers)
    if nothing and not kind.optional:
        manifest.gap("it names no package, so nothing was audited")
    return manifest
