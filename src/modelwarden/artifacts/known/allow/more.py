"""What honest pickles call of smaller libraries: enumerations and counters."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import Allow

ALLOWED: tuple[Allow, ...] = (
    Allow("lifelines.utils", "CensoringType", "an enumeration"),
    Allow(
        "nltk.probability",
        "FreqDist ConditionalFreqDist",
        "a counter that stores its arguments",
    ),
    Allow("gensim.utils", "identity", "a function that returns its argument"),
)
