"""Rules of what clients do over time."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.live._told import Told, told


@rule(
    "near-duplicates",
    title="A client asks again and again nearly the same",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0043.001", "MITRE-ATLAS:AML.M0004"),
    weakness="evasion_black_box",
)
def near_duplicates(seen: Told) -> Iterator[Hit]:
    """Tell of a client whose rows come back to where earlier ones were, more than is normal.

    Why: a search for a way past a model asks about small changes of one input, hundreds of
    times.

    Fix: See what the client asked for. In `enforce` the client is refused for `block_seconds`
    (0 only tells); in `shadow` the ledger shows what would be refused. Behind a proxy say what
    tells clients apart (`client_header`), else all of them are one. A client whose rows are
    alike by nature (a fixed camera, an explainer, a load test) belongs into `repeating`: nothing
    in its rows tells it from a search.

    False alarms measured: of 51 honest streams of 300 rows (retries, hot items, sorted batches,
    drift, cameras) none raised an alarm of any of these four patterns, of 64 of 1,500 rows three;
    of 99 streams of abuse 95 were found, after 12 to 14 queries at the median
    (`benchmarks/firewall_abuse.py`).

    Blind spot: Searches rarer than one row in ten, or with so much noise that no two rows are
    near: see `crowded-rows`. A search that changes the same two features of a row and no
    others: so does whoever asks what if. Clients in `repeating`. References of fewer than 300 rows.
    """
    yield from told(seen)


@rule(
    "crowded-rows",
    title="A client asks again and again about one spot",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0043.001", "MITRE-ATLAS:AML.M0004"),
    weakness="evasion_black_box",
)
def crowded_rows(seen: Told) -> Iterator[Hit]:
    """Tell of a client whose rows have the same nearest row of the reference again and again.

    Why: a search under noise, and a copyist who varies a few rows, stay around one spot
    although no two rows are nearly the same.

    Fix: See what the client asked for. In `enforce` the client is refused for `block_seconds`
    (0 only tells); in `shadow` the ledger shows what would be refused. Behind a proxy say what
    tells clients apart (`client_header`), else all of them are one. A client that fills few
    features and leaves the others as they are has data of another kind: make it a profile of its
    own, or name it in `repeating`.

    False alarms measured: of 51 honest streams of 300 rows (retries, hot items, sorted batches,
    drift, cameras) none raised an alarm of any of these four patterns, of 64 of 1,500 rows three;
    of 99 streams of abuse 95 were found, after 12 to 14 queries at the median
    (`benchmarks/firewall_abuse.py`).

    Blind spot: References of fewer than 200 rows; rows that change the same two features and
    no others; clients in `repeating`.
    """
    yield from told(seen)


@rule(
    "abnormal-stream",
    title="A client sends more strange rows than drift explains",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0024.002", "MITRE-ATLAS:AML.M0004"),
    weakness="model_extraction",
)
def abnormal_stream(seen: Told) -> Iterator[Hit]:
    """Tell of a client with many rows beyond what one normal row in two thousand reaches.

    Many is more than one in ten. A row that differs from the last such row in few features is
    the same strange row again and does not count.

    Why: whoever copies a model with noise, or tries to break it, asks what no honest client
    asks.

    Fix: See what the client sends; one with another kind of data needs a model and a profile of
    its own. In `enforce` the client is refused for `block_seconds` (0 only tells); in `shadow`
    the ledger shows what would be refused. Behind a proxy say what tells clients apart
    (`client_header`), else all of them are one.

    False alarms measured: of 51 honest streams of 300 rows (retries, hot items, sorted batches,
    drift, cameras) none raised an alarm of any of these four patterns, of 64 of 1,500 rows three;
    of 99 streams of abuse 95 were found, after 12 to 14 queries at the median
    (`benchmarks/firewall_abuse.py`).

    Blind spot: A copyist with rows like the reference's.
    """
    yield from told(seen)


@rule(
    "spread-search",
    title="Several clients together make one search",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0043.001", "MITRE-ATLAS:AML.M0004"),
    weakness="evasion_black_box",
)
def spread_search(seen: Told) -> Iterator[Hit]:
    """Tell when rows of all clients together are nearly the same, or fall into one crowd.

    Who sent them is named, one alert each. So are clients whose first rows are what no normal
    client sends, one after another: somebody who takes a new name for each query.

    Why: an attacker with ten addresses shows in none of them alone.

    Fix: Look at what the named clients have in common: network, token, time. In `enforce` the
    client is refused for `block_seconds` (0 only tells); in `shadow` the ledger shows what
    would be refused. Behind a proxy say what tells clients apart (`client_header`), else all of
    them are one. Honest clients whose rows fall among those of the search may be named with it
    (up to 5 of 60 were): check before you block them longer.

    False alarms measured: of 51 honest streams of 300 rows (retries, hot items, sorted batches,
    drift, cameras) none raised an alarm of any of these four patterns, of 64 of 1,500 rows three;
    of 99 streams of abuse 95 were found, after 12 to 14 queries at the median
    (`benchmarks/firewall_abuse.py`).

    Blind spot: Searches rarer than some 2 in 100 of all rows; clients in `repeating`; several
    firewalls do not share what they know.
    """
    yield from told(seen)


@rule(
    "blocked-client",
    title="A client that showed a pattern and is refused for a while",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("MITRE-ATLAS:AML.M0004",),
    weakness="evasion_black_box",
)
def blocked_client(seen: Told) -> Iterator[Hit]:
    """Refuse requests of a client for `block_seconds` after an alarm about it.

    The ledger and the metrics name this rule; its alert is that of the pattern.

    Why: a search that was noticed is worth noticing only if it is stopped: each further answer
    is information.

    Fix: Look for the client's alarm shortly before (kind `client`). Set `block_seconds`, or
    `blocked-client = "off"` to let it go on.

    False alarms are those of the pattern that blocked it.
    """
    yield from told(seen)


@rule(
    "rate",
    title="More requests than a client may make",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-770", "MITRE-ATLAS:AML.M0004"),
    weakness="availability_attack",
)
def rate(seen: Told) -> Iterator[Hit]:
    """Refuse requests of a client beyond `[firewall.limit]` with 429.

    Why: every attack from outside is a matter of how many questions it may ask, and a flood
    keeps others from asking.

    Fix: Set `rate` (requests a second) and `burst` (at once) above what honest clients need;
    `rate = "observe"` among the rules tells who would be refused. Clients behind one address
    share its limit unless a header or a token tells them apart.
    """
    yield from told(seen)
