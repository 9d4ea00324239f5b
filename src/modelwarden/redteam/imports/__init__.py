"""Results of other tools that attack language models, as reports of ours.

`reading` takes untrusted files in bounded pieces, one module for each tool counts what it finds,
`reports` makes a report of the counts. Nothing of a file is run, rendered or believed beyond its
numbers: where a file contradicts itself, that is a gap.
"""

from modelwarden.redteam.imports.reports import report_of

__all__ = ["report_of"]
