"""Rules of what a request holds: rows and texts unlike those that the model learnt from."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Confidence, Hit, Severity, rule
from modelwarden.detectors.live._told import Told, told


@rule(
    "abnormal",
    title="A row farther from the reference than almost any normal one",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("MITRE-ATLAS:AML.M0015",),
    weakness="evasion",
)
def abnormal(seen: Told) -> Iterator[Hit]:
    """Refuse a request with a row whose score no more than one normal row in ten thousand reaches.

    Why: where there were no data the model guesses, and adversarial rows, noise that copies a
    model, and broken inputs all lie there.

    Fix: Look at the rows of the honest ones among them: data that have changed need a new
    profile and a new look at the model. The threshold is learnt; `--rate` of `modelwarden
    profile` moves the alarm below it, and `abnormal = "shadow"` tells what a day of refusing
    would be like.

    False alarms measured: 3 of 12,336 unseen rows of twelve data sets were refused, two of them
    where the reference had 89 rows, and 18 of 96,000 rows of processes drawn at random.

    Blind spot: Attacks that stay close to real rows; inputs that are all text; references of
    fewer than 50 rows.
    """
    yield from told(seen)


@rule(
    "abnormal-row",
    title="A row above the alarm that goes on all the same",
    severity=Severity.LOW,
    reads=Told,
    confidence=Confidence.LOW,
    references=("MITRE-ATLAS:AML.M0015",),
)
def abnormal_row(seen: Told) -> Iterator[Hit]:
    """Tell of a row with a score that only a share `--rate` of normal rows is beyond.

    It is not refused.

    Why: one such row says little, for a hundredth of honest ones are like it. Many of one
    client are counted (`abnormal-stream`), many of all clients are drift.

    Fix: Nothing for a single one. If they make up clearly more than the rate, see
    `feature-drift` and `joint-drift` of the same time. Quiet it with `abnormal-row = "off"`, or
    make the profile with a smaller `--rate`.

    False alarms measured: 0.9 to 1.6 % of unseen rows at a rate of 1 % (three data sets, random
    halves).
    """
    yield from told(seen)


@rule(
    "trigger",
    title="A row that shows a known backdoor trigger",
    severity=Severity.HIGH,
    reads=Told,
    references=("MITRE-ATLAS:AML.T0018",),
    weakness="backdoor",
)
def trigger(seen: Told) -> Iterator[Hit]:
    """Refuse a row that holds all of a trigger which the profile names.

    Why: a backdoored model answers to its trigger as the attacker wants; the trigger is known
    from the backdoor stage of a check, or from a report.

    Fix: Do not serve a model that has a backdoor: train it anew without the poisoned rows.
    Until then this rule holds the door. See who sends the trigger.

    False alarms: a trigger that more than `--rate` of the reference's rows show is not taken
    into a profile, so honest rows show it no more often than that.

    Blind spot: Triggers that nobody has found, and parts of a trigger where no tolerance was
    given.
    """
    yield from told(seen)


@rule(
    "text-length",
    title="A text much longer than those of the reference",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-1284",),
    weakness="evasion",
)
def text_length(seen: Told) -> Iterator[Hit]:
    """Tell of a text longer than all but a share `--rate` of the reference's.

    Why: long texts drown what a classifier looks for, and cost a language model most.

    Fix: Where honest texts are long, learn from some: the threshold is conformal. Tune it in
    `[firewall.rules]` with `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and
    enforce it when a day's alerts hold no honest request.

    False alarms measured at a rate of 1 %: 0.1 % of SMS, none of 746 Wikipedia comments (one
    seed).

    Blind spot: Up to a sixth of texts that were made ten times as long, where the reference
    itself has very long ones.
    """
    yield from told(seen)


@rule(
    "invisible-characters",
    title="A text with characters that nobody sees",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-176", "CWE-451"),
    weakness="evasion",
)
def invisible_characters(seen: Told) -> Iterator[Hit]:
    """Tell of a larger share of characters that nobody sees than texts of the reference have.

    That is: control characters, those of no width, tags, reversed direction, blank letters.

    Why: a reader sees one text and the model another: words are split where a filter looks for
    them, and orders to a language model are hidden.

    Fix: Strip them before the text is used, or refuse. Joiners within emoji and the scripts
    that need them do not count. Tune it in `[firewall.rules]` with `off`, `observe`, `shadow`
    or `enforce`; begin with `observe`, and enforce it when a day's alerts hold no honest
    request.

    False alarms measured at a rate of 1 %: 0.7 % of SMS, 0.1 % of Wikipedia comments (one
    seed).

    Blind spot: References that hold many such characters themselves: of long comments up to 34
    % of reversed ones were missed.
    """
    yield from told(seen)


@rule(
    "mixed-scripts",
    title="Words with letters of several alphabets",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("CWE-1007",),
    weakness="evasion",
)
def mixed_scripts(seen: Told) -> Iterator[Hit]:
    """Tell of a larger share of words in letters of several alphabets than the reference has.

    Alphabets are Latin, Cyrillic, Greek, Armenian and Cherokee; bold, circled and wide letters
    count like another one.

    Why: letters that look alike get a word past a filter and past a model, and no reader
    notices.

    Fix: Fold look-alikes before the text is used, or refuse. Tune it in `[firewall.rules]` with
    `off`, `observe`, `shadow` or `enforce`; begin with `observe`, and enforce it when a day's
    alerts hold no honest request.

    False alarms measured at a rate of 1 %: none of 2,586 SMS, 0.1 % of Wikipedia comments (one
    seed).

    Blind spot: A word that is written in one foreign alphabet throughout; 2 to 8 % of texts
    with one look-alike letter in each word.
    """
    yield from told(seen)


@rule(
    "injection",
    title="A wording that is known from prompt injections",
    severity=Severity.LOW,
    reads=Told,
    confidence=Confidence.LOW,
    references=("MITRE-ATLAS:AML.T0051",),
    weakness="prompt_injection",
)
def injection(seen: Told) -> Iterator[Hit]:
    """Tell of well-known orders to a language model, and of its template's marks, in a text.

    Why: such a text tries to take the place of the instructions of whoever runs the model.

    Fix: Give a model no rights that its worst input should not have; test it with `modelwarden
    redteam`. Anybody gets around this rule with other words, so it observes in every mode until
    `injection = "enforce"` names it.

    False alarms measured: none of 2,586 SMS and 746 Wikipedia comments (one seed).

    Blind spot: Every wording that is on no list: of texts with orders 37 % were missed.
    """
    yield from told(seen)


@rule(
    "anomaly-score",
    title="Several rules speak against a request that none of them refuses",
    severity=Severity.MEDIUM,
    reads=Told,
    references=("MITRE-ATLAS:AML.M0015",),
)
def anomaly_score(seen: Told) -> Iterator[Hit]:
    """Refuse a request against which rules speak that observe, when their points add up.

    A point each is for `abnormal`, `abnormal-row`, `text-length`, `invisible-characters`,
    `mixed-scripts`, `injection`, `trigger` and `blocked-client` where they do not refuse by
    themselves, and two points are the limit; `[firewall.scoring]` says otherwise. One rule alone
    never makes it.

    Why: each of these is now and then true of an honest request, two at once hardly ever. A hint
    that is too weak to refuse by is enough beside another.

    Fix: See which rules the detail names, and look at the requests. Weigh a rule that is often
    true of your traffic less (`injection = 0.5` in `[firewall.scoring]`), or raise `threshold`;
    `anomaly-score = "off"` in `[firewall.rules]` ends it.

    False alarms: no more than the rarest pair of the rules above has; what they measured stands
    with them.

    Blind spot: Signs that come one to a request.
    """
    yield from told(seen)
