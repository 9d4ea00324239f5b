"""Holds the nodes of one decision tree against one another."""

from __future__ import annotations

from collections.abc import Sequence


def bad_child(
    left: Sequence[int],
    right: Sequence[int],
    inner: Sequence[bool] | None = None,
    leaves: int = 0,
) -> str:
    """Return what is wrong with the children of a tree whose root is node 0, or nothing.

    Predicting steps from child to child until it meets a leaf, so it ends only when each node has
    one parent at most and the root has none.

    Args:
        left: one child of each node, as an index into the same arrays.
        right: the other child.
        inner: tells which nodes have children; the others are leaves. None: all have.
        leaves: a negative child `c` is the leaf `~c` of so many; 0: no child is negative.
    """
    size = len(left)
    seen = bytearray(size)
    for node in range(size):
        if inner is not None and not inner[node]:
            continue
        for child in (left[node], right[node]):
            if child < 0 and leaves:
                if ~child >= leaves:
                    return f"node {node} goes on to leaf {~child} of {leaves}"
            elif not 0 < child < size:
                return f"node {node} goes on to node {child} of {size}"
            elif seen[child]:
                return f"node {child} is the child of two nodes"
            else:
                seen[child] = 1
    return ""
