"""Samples of `workflow-injection`."""

from __future__ import annotations

from pathlib import Path

_HEAD = "on: {event}\njobs:\n  a:\n    runs-on: x\n    steps:\n"


def bad(folder: Path) -> str:
    (folder / "ci.yml").write_text(
        _HEAD.format(event="issues") + "    - run: echo ${{ github.event.issue.title }}\n"
    )
    return "ci.yml"


def good(folder: Path) -> None:
    (folder / "ci.yml").write_text(
        _HEAD.format(event="[pull_request, issues]")
        + "    - uses: actions/checkout@v4\n      with:\n"
        + "        ref: ${{ github.event.pull_request.head.sha }}\n"
        + '    - run: echo "$TITLE" ${{ github.event.pull_request.number }}\n'
        + "      env:\n        TITLE: ${{ github.event.issue.title }}\n"
    )
