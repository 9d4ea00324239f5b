"""Repositories that a script pushes to an address which is written out in it.

A repository is pushed to where it came from, as `origin`. An address of its own in a script is a
mirror, or a stranger's. Pages, spaces of a hub, and repositories that the script itself made or
fetched are told apart, as is an address that the build server fills in.
"""

from __future__ import annotations

from modelwarden.artifacts.known.pipelines import LONGEST, pipelines
from modelwarden.core.patterns import lazily

_GIT = lazily(r"(?:^|[\s;&|(])git\s")
_WORD = lazily(
    r"^(?:sudo\s+|exec\s+|command\s+|time\s+|then\s+|do\s+|else\s+|if\s+|!\s+){0,4}"
    r"git\s+(?:-C\s+\S+\s+|-c\s+\S+\s+|--(?:git-dir|work-tree)[= ]\S+\s+|--no-pager\s+){0,6}"
    r"(push|remote|init|clone|config)\b(.{0,4000})"
)
_ADDRESS = lazily(r"^(?:[a-z+]{2,10}://|[\w.-]+@[\w.-]+:|//)\S")
# What the build server, or whoever starts the script, says the repository is.
_OWN = lazily(
    r"(?i)\$\{?\{?\s*(?:github\.repository|GITHUB_REPOSITORY|CI_(?:PROJECT|REPOSITORY|SERVER)"
    r"|BITBUCKET_|BUILD_REPOSITORY|CIRCLE_(?:PROJECT|REPOSITORY)|DRONE_|TRAVIS_REPO|GIT_URL|REPO"
    r"|ORIGIN|UPSTREAM|REMOTE|URL|TARGET|DEST)"
)
# Pages and spaces are where what was built is shown: it is put there on purpose.
_SHOWN = lazily(
    r"(?:^|[\s:/])(?:gh-pages|pages|docs)(?=\s|$)|\.github\.io\b|\bhuggingface\.co[/:]|\bhf\.co[/:]"
    r"|\bheroku\b|\bdokku[@:]"
)
_EVERYTHING = lazily(r"\s--(?:mirror|all)\b")
_SET = frozenset(("add", "set-url"))
_NAMES = 50


class Pushes:
    """Takes the commands of one script in their order.

    >>> pushes = Pushes()
    >>> [pushes.take(one) for one in ("git remote add b git@h.invalid:x/y", "git push --mirror b")]
    [None, 'pushes the whole repository to git@h.invalid:x/y']
    """

    __slots__ = ("_known", "_made", "_remotes")

    def __init__(self) -> None:
        """Begin with no remote but those that the repository has."""
        self._remotes: dict[str, str] = {}
        self._known: set[str] = set()
        self._made = False

    def take(self, command: str) -> str | None:
        """Say where a command pushes the repository to; None for all others."""
        if not _GIT.search(command):
            return None
        told = None
        for pipeline in pipelines(command[:LONGEST]):
            for stage in pipeline:
                if (found := _WORD.search(stage.bare)) is not None:
                    told = self._git(found[1], found[2]) or told
        return told

    def _git(self, what: str, rest: str) -> str | None:
        words = [word for word in rest.split()[:40] if not word.startswith("-")]
        if what == "init":
            self._made = True
        elif what == "clone":
            self._known.update(_bare(word) for word in words[:1])
            self._made = self._made or (bool(words) and not _EVERYTHING.search(rest))
        elif what == "remote" and len(words) > 2 and words[0] in _SET:
            if len(self._remotes) < _NAMES:
                self._remotes[words[1]] = words[2]
        elif what == "config" and len(words) > 1 and words[0].startswith("remote."):
            self._remotes[words[0].split(".")[1]] = words[1]
        elif what == "push":
            return self._pushed(rest, words)
        return None

    def _pushed(self, rest: str, words: list[str]) -> str | None:
        place = words[0] if words else ""
        everything = _EVERYTHING.search(rest) is not None
        if not place and everything:
            place = next(iter(self._remotes), "")
        address = self._remotes.get(place, place)
        if not _ADDRESS.match(address) or _OWN.search(address):
            return None
        if not everything and (self._made or _SHOWN.search(f"{address} {rest}")):
            return None
        if _bare(address) in self._known:
            return None
        return f"pushes the whole repository to {shown(address)}"


def _bare(address: str) -> str:
    """Return which repository an address means, wherever it lies: a mirror has its name."""
    place = address.partition("://")[2] or address
    path = place.rpartition("@")[2].replace(":", "/").partition("/")[2]
    return path.rstrip("/").removesuffix(".git").lower()


def shown(address: str) -> str:
    """Return an address for people, without what logs in there."""
    scheme, mark, rest = address.partition("://")
    return (f"{scheme}://{rest.rpartition('@')[2]}" if mark else address)[:120]
