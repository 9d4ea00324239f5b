"""What a report must show, the exceptions, and the verdict."""

from modelwarden.policy.judge import judge
from modelwarden.policy.load import load, parse

__all__ = ["judge", "load", "parse"]
