"""YAML as plain lists, mappings and texts, built from the parser's events.

No tag is resolved, no alias is expanded, every scalar stays the text that it is written as, and
nesting costs one list entry: what a hostile file can do is use up its bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from modelwarden.core import InputError

if TYPE_CHECKING:
    from yaml.events import Event

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

DEPTH = 100
EVENTS = 3_000_000


class YamlError(InputError):
    """A text that is no YAML, or more of it than we read."""


def parse(text: str) -> Tree:
    """Return the first document of a YAML text; an empty one is an empty mapping.

    The last of several equal keys counts, as it does for PyYAML. An anchor's alias is the text
    `*name`: nothing that we look for is written so.

    Raises:
        YamlError: it is no YAML, nested too deep, or has too many parts.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    build = _Build()
    try:
        for number, event in enumerate(yaml.parse(text, Loader=loader)):
            if number > EVENTS:
                raise YamlError(f"YAML of more than {EVENTS} parts")
            if build.take(event):
                break
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        problem = str(getattr(error, "problem", None) or "it cannot be read")[:120]
        raise YamlError(f"no YAML{where}: {problem}") from error
    except (ValueError, RecursionError) as error:
        raise YamlError(f"no YAML: {str(error)[:120]}") from error
    return build.root if build.root is not None else {}


class _Build:
    """The tree so far: open collections, and for each open mapping the key that waits."""

    def __init__(self) -> None:
        self.root: Tree | None = None
        self.open: list[tuple[list[Tree] | dict[str, Tree], list[str]]] = []

    def take(self, event: Event) -> bool:
        """Take one event in; tell whether the first document is complete."""
        name = type(event).__name__
        if name == "ScalarEvent":
            self._put(str(getattr(event, "value", "")))
        elif name == "AliasEvent":
            self._put(f"*{getattr(event, 'anchor', '')}")
        elif name in {"MappingStartEvent", "SequenceStartEvent"}:
            if len(self.open) >= DEPTH:
                raise YamlError(f"YAML nested deeper than {DEPTH}")
            made: list[Tree] | dict[str, Tree] = {} if name.startswith("M") else []
            self._put(made)
            self.open.append((made, []))
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            self.open.pop()
        return name == "DocumentEndEvent"

    def _put(self, node: Tree) -> None:
        if not self.open:
            self.root = node
            return
        holder, waiting = self.open[-1]
        if isinstance(holder, list):
            holder.append(node)
        elif waiting:
            holder[waiting.pop()] = node
        else:
            # A collection as a key names nothing that we look for.
            waiting.append(node if isinstance(node, str) else "")
