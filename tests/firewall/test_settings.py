"""The section `[firewall.scoring]`; other sections are tried with what they are for."""

from __future__ import annotations

import pytest

from modelwarden.firewall.errors import FirewallConfigError
from modelwarden.firewall.settings import load_config


def test_points_are_read_and_the_rest_keeps_one_each(tmp_path):
    file = tmp_path / "firewall.toml"
    file.write_text("[firewall.scoring]\nthreshold = 3\ninjection = 0.5\n")

    scoring = load_config(file).scoring

    assert scoring.threshold == 3
    assert scoring.sum(["injection", "trigger", "trigger"]) == 1.5


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("threshold = 0", "threshold must be greater than 0"),
        ("trigger = -1", "trigger is negative"),
        ("trigger = 'much'", "must be a number"),
        ("shape = 1", "unknown key 'firewall.scoring.shape'"),
    ],
)
def test_what_cannot_be_weighed_is_named(tmp_path, line, why):
    file = tmp_path / "firewall.toml"
    file.write_text(f"[firewall.scoring]\n{line}\n")

    with pytest.raises(FirewallConfigError, match=why):
        load_config(file)
