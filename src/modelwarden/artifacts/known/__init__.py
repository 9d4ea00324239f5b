"""What is known about the names that pickles use: harmless, dangerous, of a known library, or not.

judge(module, name, kind) ─ spellings ─▶ danger lists ─▶ allow-lists ─▶ libraries ─▶ unknown
    judged(uses)               ─ the same for a whole file, following arguments and results
"""

from modelwarden.artifacts.known.judgement import Judgement, Ruling, judge, ruling
from modelwarden.artifacts.known.resolve import Judged, judged

__all__ = ["Judged", "Judgement", "Ruling", "judge", "judged", "ruling"]
