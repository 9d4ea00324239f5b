"""Rules that speak while a model serves: what alerts, ledger and metrics name, and its pages.

They are decided in the firewall and in the monitor, row by row and client by client; here is what
each of them means. Drift has its rules in `detectors.rules`, for reports and alerts alike.
"""

from __future__ import annotations

from typing import Any

from modelwarden.core import Rule
from modelwarden.detectors.live import clients, form, model, own, rows, traffic


def all_rules() -> tuple[Rule[Any], ...]:
    """Return every live rule, in the order in which a request meets them."""
    modules = (form, rows, clients, traffic, model, own)
    return tuple(v for module in modules for v in vars(module).values() if isinstance(v, Rule))


__all__ = ["all_rules"]
