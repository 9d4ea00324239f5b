"""What `modelwarden firewall` says at its end."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from modelwarden.cli.firewall import _ended


@pytest.mark.parametrize(
    ("decided", "told"),
    [
        ({("loans", "allow", ""): 6}, "6 requests, 0 refused"),
        (
            {("loans", "would-refuse", "type"): 3, ("", "would-refuse", "route"): 1},
            "6 requests, 0 refused, 4 would have been",
        ),
    ],
)
def test_the_last_line_counts_what_enforcing_would_have_refused(decided, told, capsys):
    metrics = SimpleNamespace(requests=Counter(decided))
    proxy = SimpleNamespace(asked_count=6, refused=0, unwritten=0, metrics=metrics)

    assert _ended(proxy) == 0
    assert capsys.readouterr().err == f"modelwarden: {told}\n"
