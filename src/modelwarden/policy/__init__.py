"""What a report must show, the exceptions, and the verdict."""

from modelwarden.policy.judge import judge

__all__ = ["judge"]
