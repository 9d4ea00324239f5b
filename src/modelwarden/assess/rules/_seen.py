"""From what a stage established to findings; the words are `core`'s."""

from modelwarden.core.seen import Seen, findings

__all__ = ["Seen", "findings"]
