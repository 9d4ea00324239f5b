"""Rules over model files: what a file would do when it is loaded, told without loading it."""

from modelwarden.artifacts.catalog import RULES, all_rules
from modelwarden.artifacts.examine import Examined, examine

__all__ = ["RULES", "Examined", "all_rules", "examine"]
