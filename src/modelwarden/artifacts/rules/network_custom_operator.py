"""`network-custom-operator`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from modelwarden.artifacts.known.networks import HITS, Does, does, hit
from modelwarden.core import Hit, Severity, rule
from modelwarden.formats.network import Network


@rule(
    "network-custom-operator",
    title="A network needs operators that its runtime does not have",
    severity=Severity.MEDIUM,
    reads=Network,
    references=("CWE-829",),
    weakness="custom_code_in_model",
)
def network_custom_operator(network: Network) -> Iterator[Hit]:
    """Flag custom layers and models, operators of libraries, and compiled programs.

    Why: what the runtime lacks comes from the application or from a library that is loaded with
    the model: native code that can do anything, found by a name that the file chooses.

    Fix: find out which library it is, take it from its publisher, and run the model in a sandbox.

    Blind spot: an operator newer than the list that we know is taken for a foreign one.
    """
    found = (one for one in network.operators if does(network.format, one) is Does.FOREIGN)
    for one in islice(found, HITS):
        yield hit(
            one,
            f"needs {one.name[:120]!r} from outside of its runtime",
            f"what {one.name[:80]!r} does is not in the file",
        )
