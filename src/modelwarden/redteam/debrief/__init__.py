"""The debrief: what a security team hands to whoever has to decide and to mend."""

from modelwarden.redteam.debrief.pages import pages, template

__all__ = ["pages", "template"]
