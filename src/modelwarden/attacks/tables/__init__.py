"""Attacks on rows of a table, under its rules, from scores or labels.

They ask for values that occur in the training data, of the types that the columns have; the space
makes every candidate feasible before it is asked. Values on both sides of every threshold that a
tree can have learnt are among them, so no gradient and no step width is needed.
"""

from modelwarden.attacks.tables.plain import MultiFeature, Neighbours, RandomRows, SingleFeature
from modelwarden.attacks.tables.scored import Coordinates, Evolution
from modelwarden.attacks.tables.smaller import shrunk

__all__ = [
    "Coordinates",
    "Evolution",
    "MultiFeature",
    "Neighbours",
    "RandomRows",
    "SingleFeature",
    "shrunk",
]
