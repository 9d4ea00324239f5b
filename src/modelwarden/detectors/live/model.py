"""Rules of the model behind the firewall, and of its server."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.live._told import Told, told


@rule(
    "digest-changed",
    title="A watched file is not what the profile says",
    severity=Severity.CRITICAL,
    reads=Told,
    references=("CWE-353", "CWE-494"),
    weakness="unsigned_or_altered_artifact",
)
def digest_changed(seen: Told) -> Iterator[Hit]:
    """Tell when a file has another digest than the profile has, or cannot be read.

    Why: whoever can write the model's file can change every answer; a release that nobody
    announced looks the same.

    Fix: If it was a release, make the profile anew from the released files and sign it. If not,
    take the server out of service and put the signed files back (`modelwarden verify`).

    False alarms: none by chance, digests do not change by themselves.

    Blind spot: What a server holds in memory: see `golden-probes`.
    """
    yield from told(seen)


@rule(
    "golden-probes",
    title="The model answers secret probes otherwise than before",
    severity=Severity.CRITICAL,
    reads=Told,
    references=("CWE-353",),
    weakness="unsigned_or_altered_artifact",
)
def golden_probes(seen: Told) -> Iterator[Hit]:
    """Tell when answers to secret questions differ from those learnt by more than repeats do.

    Why: a model that was swapped, or changed in memory, answers otherwise, whatever its files
    say.

    Fix: Compare the served model with the released one; if it was a release, learn the probes
    anew (`modelwarden profile`). A server that moved to other hardware or libraries may answer
    a little otherwise: learn anew there.

    False alarms were not measured on servers at large; tolerances are learnt from repeats of
    the same question.

    Blind spot: A backdoor whose trigger no probe shows.
    """
    yield from told(seen)


@rule(
    "version-changed",
    title="The server answers as another version",
    severity=Severity.CRITICAL,
    reads=Told,
    references=("CWE-494",),
    weakness="unsigned_or_altered_artifact",
)
def version_changed(seen: Told) -> Iterator[Hit]:
    """Tell when the version that answers name is not the one before, or not the profile's.

    Why: a version that nobody announced is either somebody's mistake or somebody's model.

    Fix: If it was a release, give the profile its `model_version`. Else find out who deployed
    it.

    Blind spot: Servers and protocols that name no version.
    """
    yield from told(seen)


@rule(
    "upstream",
    title="The model's server does not answer as it should",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0029",),
    weakness="availability_attack",
)
def upstream(seen: Told) -> Iterator[Hit]:
    """Tell when the server cannot be reached, is late, or answers what cannot go on.

    Why: clients get 502, 503 or 504 from the firewall then, and nobody else may notice.

    Fix: Look at the server. `upstream_seconds` is how long it has, `upstream_connections` and
    `queue` how many requests it gets at once. Answers that are not HTTP, or larger than 64 MiB,
    are a fault of the server or of what stands in its place.
    """
    yield from told(seen)


@rule(
    "answer-form",
    title="An answer is not one of the protocol, or not to the rows that were asked",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-20",),
    weakness="availability_attack",
)
def answer_form(seen: Told) -> Iterator[Hit]:
    """Tell when an answer is no JSON, has no outputs, or answers another number of rows.

    Why: clients take what they get by its place; a row too few, and each decision is somebody
    else's.

    Fix: Look at the server. `[firewall.answers] check` says how far this goes: `observe` tells
    it, `enforce` keeps the answer back (502). Models whose answers are not one for each row,
    forecasts say, need `observe` or `off`.

    False alarms: answers of forms that a server makes up for itself, where the protocol leaves
    that free (TorchServe, generic JSON), are not counted.
    """
    yield from told(seen)


@rule(
    "answer-finite",
    title="An answer holds a number that is none",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-20",),
    weakness="availability_attack",
)
def answer_finite(seen: Told) -> Iterator[Hit]:
    """Tell when an answer holds NaN, an infinity, or a number beyond all bounds.

    Why: NaN is neither above a threshold nor below it, so a client that compares lets it pass;
    a model that has been damaged, or asked far from its data, says it first.

    Fix: Find the request in the ledger by its id, and the model that made it. `[firewall.answers]
    check = "enforce"` keeps such answers back (502).

    False alarms: none by chance; a model that says NaN for "not known" needs `observe`.
    """
    yield from told(seen)


@rule(
    "answer-secret",
    title="An answer holds what looks like a key or a token",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-200",),
    weakness="secrets_in_artifact",
)
def answer_secret(seen: Told) -> Iterator[Hit]:
    """Tell when a text in an answer holds a key, a token or a password of a known form.

    Why: a language model repeats what stood in its training data or its prompt; whoever reads
    the answer has the key.

    Fix: Withdraw the key, then find where the model has it from. `[firewall.answers] check =
    "enforce"` keeps such answers back (502).

    False alarms: forms with a checksum, or of an issuer's own length, are rarely met by chance;
    a setting named `password` with a value like one is a guess.

    Blind spot: Streamed answers are not read, nor are keys of other forms, cut or spelled out.
    """
    yield from told(seen)


@rule(
    "probes-learnt",
    title="Answers of golden probes were learnt on first use",
    severity=Severity.INFO,
    reads=Told,
    references=("CWE-353",),
    weakness="unsigned_or_altered_artifact",
)
def probes_learnt(seen: Told) -> Iterator[Hit]:
    """Tell that the answers of just now are those that the model will be held against.

    Why: whoever had swapped the model before this moment would not be noticed.

    Fix: Check the model's files by `modelwarden verify` at this moment. Nothing else is to be
    done; if the answers cannot be kept, the detail says why, and they are learnt again at the
    next start.
    """
    yield from told(seen)
