"""Rules of what watches: faults of the firewall and of the monitor themselves."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Hit, Severity, rule
from modelwarden.detectors.live._told import Told, told


@rule(
    "check-failed",
    title="A check of the firewall failed itself",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-693",),
)
def check_failed(seen: Told) -> Iterator[Hit]:
    """Tell that a check ended with an error.

    The request was refused (`closed`) or let on (`open`), by the class of the check. The ledger
    has such requests under this rule.

    Why: an attacker who can make a check fail would be past it, unless that is told and decided
    on beforehand.

    Fix: Keep the alert's detail and report it: this is a fault of ours or of a plug-in.
    `[firewall.fail]` says what happens meanwhile: `form` is always closed, `detector` and
    `client` are open unless they are named.
    """
    yield from told(seen)


@rule(
    "envoy",
    title="An Envoy shows the firewall less than it has to judge",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-693",),
)
def envoy(seen: Told) -> Iterator[Hit]:
    """Tell that an Envoy is set up, or asks, so that a request could pass without being judged.

    Such a request is answered 503 in every mode; where only clients cannot be told apart or
    streamed answers are held up, it goes on and this is told once.

    Why: what Envoy does not show is not judged. A body that is sent in part, or not at all, passes
    whatever it holds, and nobody notices.

    Fix: See the detail. Bodies of requests are to be BUFFERED, also where a route overrides the
    filter, and those of answers BUFFERED too (or NONE, without `[firewall.answers]`); attributes
    are to be named as in `docs/deploy/envoy.yaml`. Of anything but an Envoy, on this port: see who
    can reach it.
    """
    yield from told(seen)


@rule(
    "shared-rate",
    title="Redis is away, and each firewall limits by itself",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-770",),
    weakness="availability_attack",
)
def shared_rate(seen: Told) -> Iterator[Hit]:
    """Tell that the shared limits of `[firewall.limit] redis` are not to be had.

    Why: a client then has its rate at each firewall, so several times as many requests in all.

    Fix: Look at Redis and the network; limits are shared again by themselves as soon as it
    answers within 0.1 s.
    """
    yield from told(seen)


@rule(
    "ledger",
    title="A decision could not be recorded",
    severity=Severity.CRITICAL,
    reads=Told,
    references=("CWE-778",),
    weakness="missing_monitoring",
)
def ledger(seen: Told) -> Iterator[Hit]:
    """Tell that the ledger's disk refused a record or hangs, and when that is over.

    Why: what is not on record cannot be shown later; filling a disk is also a way to act
    unseen.

    Fix: Make room on the disk; set a retention; see why it hangs, for longer than
    `ledger_seconds`. `ledger_full = "refuse"` answers 503 to what cannot be recorded, `"serve"`
    goes on with this alarm.
    """
    yield from told(seen)


@rule(
    "reload",
    title="New profiles or settings were taken, or were not",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-732",),
)
def reload(seen: Told) -> Iterator[Hit]:
    """Tell that a policy replaced the one before (info), or that the old one stays (high).

    Why: a policy that was meant to be in force and is not is worse than none, for everybody
    relies on it.

    Fix: When the old one stays: mend the file that the detail names; the firewall tries again
    when it changes or on SIGHUP. A policy that refuses most of what was in order until now
    needs a restart, so that nobody takes it by accident. When one was taken that nobody meant:
    see who can write these files.
    """
    yield from told(seen)


@rule(
    "watch",
    title="A part of what looks on failed and begins anew",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-778",),
    weakness="missing_monitoring",
)
def watch(seen: Told) -> Iterator[Hit]:
    """Tell that watching drift, files or probes failed; it begins anew after 20 seconds.

    Why: in that time nothing of this kind would be noticed.

    Fix: Keep the detail and report it: it is a fault of ours, or a file or server that it could
    not bear.
    """
    yield from told(seen)


@rule(
    "log",
    title="A log that the monitor follows cannot be read in part",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-778",),
    weakness="missing_monitoring",
)
def log(seen: Told) -> Iterator[Hit]:
    """Tell of lines or files of a log, or of labels, that are no records or cannot be opened.

    Why: what is not read is not watched, and quiet then means nothing.

    Fix: The detail names file and place. Mend what writes it, or the monitor's `log` and
    `labels`.
    """
    yield from told(seen)


@rule(
    "channel",
    title="A channel takes no alerts",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-778",),
    weakness="missing_monitoring",
)
def channel(seen: Told) -> Iterator[Hit]:
    """Tell that alerts for a webhook, a chat, Alertmanager or e-mail were lost.

    Why: who relies on the channel hears nothing, and takes that for good news.

    Fix: Look at the receiver, its address and its secret; the detail says what it answered. The
    file of `--alerts` and the other channels have all alerts, also those that were lost.
    """
    yield from told(seen)


@rule(
    "state",
    title="The monitor's state cannot be kept",
    severity=Severity.HIGH,
    reads=Told,
    references=("CWE-778",),
    weakness="missing_monitoring",
)
def state(seen: Told) -> Iterator[Hit]:
    """Tell that what is known could not be written to `--state`.

    Why: after a restart the monitor would begin from nothing, and tell again what it has told.

    Fix: Make room or give the monitor the right to write there; the detail says what the system
    refused.
    """
    yield from told(seen)
