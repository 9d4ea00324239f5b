"""`network-file-operator`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.networks import HITS, Does, does, hit
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.network import Network


@rule(
    "network-file-operator",
    title="A network has operators that read or write files",
    severity=Severity.HIGH,
    reads=Network,
    references=("CWE-22", "CWE-73", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def network_file_operator(network: Network) -> Iterator[Hit]:
    """Flag operators that open files which the network names, whenever it runs.

    Why: an operator that writes can replace any file that the process may write, a start-up
    script for one; an operator that reads puts a key file among the network's answers.

    Fix: ask for a network exported for inference, which has no such operators.

    Blind spot: none known; operators that open files inside of a library are foreign ones.
    """
    found = (one for one in network.operators if does(network.format, one) is Does.FILES)
    for one in islice(found, HITS):
        yield hit(one, f"the operator {one.name[:120]!r} reads or writes files")
