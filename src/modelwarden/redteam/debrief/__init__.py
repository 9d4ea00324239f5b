"""The debrief: what a security team hands to whoever has to decide and to mend."""

from modelwarden.redteam.debrief.pages import pages

__all__ = ["pages"]
