"""What the files of all tools come down to: counts by group, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field

from modelwarden.core import GapKind

MOST_GROUPS = 5000
MOST_EXAMPLES = 5


@dataclass(slots=True, kw_only=True)
class Group:
    """The tests of one kind.

    Attributes:
        keys: what they have in common: `probe` and `detector`, `plugin` and `strategy`, `scorer`.
        failed: in which the model did what it must not. passed: in which it did not.
        unjudged: that nobody could tell.
        examples: ids of failed ones in the tool's own file.
    """

    keys: dict[str, str]
    failed: int = 0
    passed: int = 0
    unjudged: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Tests that were judged."""
        return self.failed + self.passed

    def add(self, *, failed: bool | None, example: str) -> None:
        """Count one test; None could not be told."""
        if failed is None:
            self.unjudged += 1
        elif failed:
            self.failed += 1
            if len(self.examples) < MOST_EXAMPLES and example:
                self.examples.append(example)
        else:
            self.passed += 1


@dataclass(slots=True, kw_only=True)
class Results:
    """The results of one file.

    Attributes:
        tool: that made it. version: of the tool. target: what was attacked, as the tool names it.
        security: a failed test is an attack that worked; else it is just a wrong answer.
        gaps: what is missing or contradicts itself: what, why, kind.
    """

    tool: str
    version: str = ""
    target: str = ""
    security: bool = True
    groups: dict[tuple[str, ...], Group] = field(default_factory=dict)
    gaps: list[tuple[str, str, GapKind]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def group(self, **keys: str) -> Group:
        """Return the group of these keys; beyond `MOST_GROUPS` all others are one."""
        at = tuple(keys.values())
        if at not in self.groups and len(self.groups) >= MOST_GROUPS:
            keys = dict.fromkeys(keys, "(further)")
            at = tuple(keys.values())
            if at not in self.groups:
                self.miss("groups", f"more than {MOST_GROUPS} are not told apart")
        return self.groups.setdefault(at, Group(keys=keys))

    def miss(self, what: str, why: str, kind: GapKind = GapKind.UNREADABLE) -> None:
        """Remember that something is missing or wrong."""
        if len(self.gaps) < MOST_GROUPS:
            self.gaps.append((what, why, kind))
