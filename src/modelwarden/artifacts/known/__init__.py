"""What is known about the names that pickles use: harmless, dangerous, of a known library, or not.

judge(module, name, kind) ─ spellings ─▶ danger lists ─▶ allow-lists ─▶ libraries ─▶ unknown
"""

from modelwarden.artifacts.known.judgement import Judgement, Ruling, judge, ruling

__all__ = ["Judgement", "Ruling", "judge", "ruling"]
