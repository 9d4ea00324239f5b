"""The shell commands that only ask the system something."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelwarden.artifacts.known.commands import WRAPPERS

# Programs that only tell about the system, and arguments with which others do.
_ASKS = frozenset(
    "uname which whereis where lscpu lsb_release nvidia-smi rocm-smi rocminfo getconf arch "
    "sw_vers cls clear tput locale nproc free df vcgencmd "
    "lspci dmidecode system_profiler readelf file objdump otool ldd tty "
    "xcode-select pkg-config pg_config mpicc llvm-config hipconfig ver vm_stat cat".split()
)
_ASKING = frozenset(
    "--version -version -V -v version --help -h --info -dumpversion -dumpmachine "
    "-print-search-dirs -print-file-name --print-path --prefix --libs --cflags --show-toplevel "
    "-vV".split()
)
_GIT = frozenset("rev-parse describe log status show diff ls-files".split())
# With nothing but these, they list; a name, or what deletes and moves, changes the repository.
_LISTS = {
    "branch": re.compile(
        r"-(?:a|r|v+|-all|-list|-show-current|-remotes|-verbose|-contains|-merged)"
    ),
    "tag": re.compile(r"-(?:l|n\d*|-list|-points-at|-contains|-sort=\S+|-merged)"),
}
# What these are asked with; with anything else, or with nothing, the second sets something.
_TELLS = {"stty": frozenset(("size", "-a", "-g", "--all")), "ldconfig": frozenset(("-p", "-V"))}
_READS_SETTINGS = frozenset("--get --get-all --get-regexp --get-urlmatch --list -l".split())
_READS_REMOTES = frozenset(("-v", "--verbose", "show", "get-url"))


def only_asks(words: Sequence[str | None]) -> bool:
    """Tell whether a command only asks the system something; None is a word that is not known."""
    while words and words[0] in WRAPPERS:
        words = words[1:]
    if not words or words[0] is None:
        return any(word in _ASKING for word in words)
    if any(word and re.search(r"[;|&`$<>\n]", word) for word in words):
        return False
    program = words[0].replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if program == "git":
        return _git_only_asks(words[1:])
    if program == "sysctl":  # a kernel's settings: `name=value`, -w and what loads files set them
        return not any(
            word is None or "=" in word or word in ("-w", "-p", "--write", "--load", "--system")
            for word in words[1:]
        )
    if program in _TELLS:
        told = _TELLS[program] | {"--print-cache", "--version", "--help"}
        asked = len(words) > 1 or program == "stty"
        return asked and all(word in told for word in words[1:])
    if program == "cat":
        return all(
            word and word.startswith(("/proc/", "/sys/", "/etc/os-release")) for word in words[1:]
        )
    return program in _ASKS or any(word in _ASKING for word in words[1:])


def _git_only_asks(words: Sequence[str | None]) -> bool:
    """Tell whether git is only asked; settings name programs, remotes where code comes from."""
    if "config" in words:
        behind = words[words.index("config") + 1 :]
        return len(behind) == 1 or any(word in _READS_SETTINGS for word in behind)
    if "remote" in words:
        behind = words[words.index("remote") + 1 :]
        return not behind or behind[0] in _READS_REMOTES
    for name, form in _LISTS.items():
        if name in words:
            behind = words[words.index(name) + 1 :]
            listing = bool(behind) and behind[0] is not None and form.fullmatch(behind[0])
            return not behind or bool(listing)
    return any(word in _GIT for word in words)
