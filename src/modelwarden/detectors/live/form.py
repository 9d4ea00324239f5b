"""Rules of the form of a request: what is no request of this model does not reach it."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.live._told import Told, told


@rule(
    "http",
    title="A message that two servers could read differently",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-436",),
)
def http(seen: Told) -> Iterator[Hit]:
    """Refuse HTTP that leaves room: two lengths, a length and chunks, bare line feeds, cuts.

    Why: where the firewall and the server take a message apart at different places, a second
    request hides in the first (request smuggling). So nothing unclear is relayed, and the
    connection ends with it; this rule has no mode and cannot be turned off.

    Fix: See which client it is. An old client or a proxy of your own that folds headers, sends
    chunk extensions or names an absolute address is to be mended; a scanner is to be blocked
    before it gets here.

    What it refuses is wrong by the protocol or the profile, not by a guess: of 360 honest
    requests beside 240 bad ones none was refused (`benchmarks/firewall_payloads.py`).
    """
    yield from told(seen)


@rule(
    "grpc",
    title="A gRPC message that two servers could read differently",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-436",),
)
def grpc(seen: Told) -> Iterator[Hit]:
    """Refuse messages that leave room: a field given twice or unknown, a tensor typed and raw.

    Why: parsers of protocol buffers take the last of two values, pass over fields that they do not
    know and cut numbers to their width, each in its own way; servers prefer typed or raw contents.
    What the firewall has judged would not be what the model sees. So nothing unclear is passed
    on; this rule has no mode and cannot be turned off.

    Fix: See which client it is and what the detail of the alert says. A client that was made from
    a later version of the protocol sends fields that this one does not have: let it send those of
    the Open Inference Protocol alone. A client that packs two forms of contents into one request
    is to be mended.

    What it refuses is wrong by the protocol, not by a guess; a client's own library writes none of
    it.
    """
    yield from told(seen)


@rule(
    "route",
    title="A path that no model behind the firewall has",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-749",),
)
def route(seen: Told) -> Iterator[Hit]:
    """Refuse a path or a method that no profile names, and a body where none belongs.

    Why: what manages a model server (loading, unloading, logging, shutting down) stands beside
    what asks its model. Nothing but the models of the profiles and their health and metadata is
    reached through the firewall.

    Fix: An honest client has a wrong address, or a model has no profile yet: make one and add
    `--profile`. Tune it in `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`;
    begin with `observe`, and enforce it when a day's alerts hold no honest request. What is not
    enforced goes on to the server as it came.
    """
    yield from told(seen)


@rule(
    "encoding",
    title="A body that is compressed otherwise than by gzip, or too far, or in a binary form",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-409",),
)
def encoding(seen: Told) -> Iterator[Hit]:
    """Refuse what cannot be unpacked for sure, and binary tensors of the Open Inference Protocol.

    A body in gzip is unpacked, judged and passed on plain: one member, whole, nothing behind it,
    no larger than any other body and, beyond 64 KiB, no more than a hundred times what came.

    Why: a kilobyte may unpack to a gigabyte, and what is not read cannot be judged.

    Fix: Have clients send plain JSON or gzip. Tune it in `[firewall.rules]` with `off`,
    `observe`, `shadow` or `enforce`; begin with `observe`, and enforce it when a day's alerts
    hold no honest request.
    """
    yield from told(seen)


@rule(
    "content-type",
    title="Another content type than the protocol has",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-436",),
)
def content_type(seen: Told) -> Iterator[Hit]:
    """Refuse a body that is not announced as `application/json`.

    A model of texts behind TorchServe takes `text/plain` as well.

    Why: a server chooses its parser by the content type, so what was judged as JSON might be
    read as CSV or a form.

    Fix: Have the client send `content-type: application/json`. Tune it in `[firewall.rules]`
    with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and enforce it when a
    day's alerts hold no honest request.
    """
    yield from told(seen)


@rule(
    "size",
    title="More bytes, rows or characters than the profile allows",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-770", "MITRE-ATLAS:AML.T0029"),
    weakness="availability_attack",
)
def size(seen: Told) -> Iterator[Hit]:
    """Refuse bodies, rows or texts beyond the limits of the profile, and requests of no rows.

    Why: large requests hold a model for long, and the longest that the training data have are
    the longest that it knows.

    Fix: Where honest requests are larger, make the profile anew from data that hold such ones,
    or send several requests. Tune it in `[firewall.rules]` with `off`, `observe`, `shadow` or
    `enforce`; begin with `observe`, and enforce it when a day's alerts hold no honest request.
    The answer is 413.
    """
    yield from told(seen)


@rule(
    "syntax",
    title="A body that is not JSON as every parser reads it",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1286", "CWE-674"),
)
def syntax(seen: Told) -> Iterator[Hit]:
    """Refuse what is not UTF-8, not JSON, no object, or nested without end.

    Why: every parser in front of a model resolves what is unclear in its own way, and an
    attacker may live in the difference between the one that checks and the one that answers.

    Fix: Mend the client: a strict JSON library writes nothing of this. Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request. What it refuses is wrong by the
    protocol or the profile, not by a guess: of 360 honest requests beside 240 bad ones none was
    refused (`benchmarks/firewall_payloads.py`).
    """
    yield from told(seen)


@rule(
    "duplicate-key",
    title="A key that is given twice",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-694", "CWE-436"),
)
def duplicate_key(seen: Told) -> Iterator[Hit]:
    """Refuse a JSON object or a table that names the same key or column twice.

    Why: parsers keep the first or the last, and all of them silently: a harmless value is
    judged and the other one answered.

    Fix: No JSON library writes this by itself, so look at who sends it. Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request. What it refuses is wrong by the
    protocol or the profile, not by a guess: of 360 honest requests beside 240 bad ones none was
    refused (`benchmarks/firewall_payloads.py`).
    """
    yield from told(seen)


@rule(
    "schema",
    title="A request that is not the model's",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-20",),
)
def schema(seen: Told) -> Iterator[Hit]:
    """Refuse keys that the protocol, and inputs or columns that the model does not have.

    Inputs and columns that the model has must be there, but those that may be missing.

    Why: what the model does not expect is passed over, filled in or misread by its server, and
    the answer is not about what was asked.

    Fix: Compare the client's request with `modelwarden profile`'s inputs: a column that was
    renamed or added needs a new profile (and a new look at the model). Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request.
    """
    yield from told(seen)


@rule(
    "shape",
    title="Rows that are not of the model's shape",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1284",),
)
def shape(seen: Told) -> Iterator[Hit]:
    """Refuse ragged rows, another shape than is announced, and one that is not the model's.

    Why: servers reshape or broadcast what does not fit, and the model answers about a row that
    nobody sent.

    Fix: Mend the client; if the model's input has changed, make the profile anew. Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request.
    """
    yield from told(seen)


@rule(
    "type",
    title="A value of another type than the model takes",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1287", "CWE-704"),
)
def type_(seen: Told) -> Iterator[Hit]:
    """Refuse words or booleans for numbers, fractions for whole numbers, other datatypes.

    Why: a server converts them by rules of its own: "1e3" becomes a number here and a missing
    value there.

    Fix: Mend the client. Many such requests at once are told as `refusals`: then what writes
    the requests has changed. Tune it in `[firewall.rules]` with `off`, `observe`, `shadow` or
    `enforce`; begin with `observe`, and enforce it when a day's alerts hold no honest request.
    """
    yield from told(seen)


@rule(
    "finite",
    title="A number that is not finite",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1284",),
)
def finite(seen: Told) -> Iterator[Hit]:
    """Refuse NaN, infinity, and numbers that no double can hold.

    Why: JSON has none of them, parsers that take them disagree, and one of them turns every
    score of its row into nonsense.

    Fix: Send `null` where a value is missing, if the profile allows that. Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request.
    """
    yield from told(seen)


@rule(
    "range",
    title="A number outside of its range",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1284",),
)
def range_(seen: Told) -> Iterator[Hit]:
    """Refuse a number beyond what the profile or the datatype allows, or above what bounds it.

    Why: far beyond the data that it learnt from, what a model says is not known to anybody. Nor is
    it where a column is above another one that it never is above: more years at work than of life.

    Fix: Ranges that are learnt leave as much room on both sides as the reference is wide, more
    where a tail is long, but not past an end that values have by nature. Where honest values are
    farther out, give `low` and `high` in the profile's meta, or learn from newer data; `modelwarden
    profile` makes it anew. An order of columns that does not hold stands in the profile's `orders`:
    take it out there. Tune it in `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`;
    begin with `observe`, and enforce it when a day's alerts hold no honest request. Many at once
    are told as `refusals`.

    Blind spot: A value within the range may be strange all the same; see `abnormal`.
    """
    yield from told(seen)


@rule(
    "category",
    title="A word that is no category of its column",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1289",),
)
def category(seen: Told) -> Iterator[Hit]:
    """Refuse a word that the reference does not have in this column, unless more are to come.

    More are, where over two rows in a thousand of the reference have a word that is there only
    once; then words pass that are made like the others.

    Why: an unknown word is encoded as nothing or as another one, and the row is judged as
    something that it is not.

    Fix: A new category is a change of the data: train with it, and make the profile anew; until
    then `category = "observe"` lets it go on. Many at once are told as `refusals`. Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request.
    """
    yield from told(seen)


@rule(
    "missing",
    title="A value is missing where the reference misses none",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-1284",),
)
def missing(seen: Told) -> Iterator[Hit]:
    """Refuse null in a column that was whole in the reference.

    Why: how a server fills the gap was never tested, and leaving out what speaks against
    oneself is the cheapest way past a model.

    Fix: Mend what sends it, or make the profile from data in which the value may be missing.
    Tune it in `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with
    `observe`, and enforce it when a day's alerts hold no honest request. Many at once are told
    as `refusals`.
    """
    yield from told(seen)
