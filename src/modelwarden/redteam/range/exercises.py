"""The exercises of the range: what falls, what holds, and how far a player should come.

Nothing heavy is imported here: `modelwarden range` lists them in a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

from modelwarden.core import Json, UnknownNameError
from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.redteam.range.served import Lineup


class Stand(StrEnum):
    """Against what a step plays; also the name of its folder."""

    OPEN = "open"
    FIREWALL = "firewall"
    HARDENED = "hardened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an exercise.

    Attributes:
        stand: against what.
        task: what is to be done, in a sentence or two.
        least: evasions that an attack should reach, as a share of the seeds; None asks for none.
        most: evasions that a defence should leave, as a share of the seeds; None asks for none.
        queries: rows that half of the evasions should need at most; None asks for none.
        points: of a hundred.
        hints: from a nudge to the answer.
    """

    stand: Stand
    task: str
    least: float | None = None
    most: float | None = None
    queries: float | None = None
    points: int
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """An exercise.

    Attributes:
        name: as users type it.
        title: one line.
        story: who attacks what, and why it matters.
        lineup: function of `served` that trains the models.
        protocol: that the campaigns speak; the model speaks both.
        to: class that the attacker wants; None takes any other.
        attacks: `[[attack]]` tables of the campaign.
        features: `[features]` of the campaign.
        suffix: of the files of seeds and sample: `csv`, `npz`, or `html` for a folder of pages.
        steps: in order.
        lessons: what to take home.
    """

    name: str
    title: str
    story: str
    lineup: str
    protocol: str
    to: str | None = None
    attacks: tuple[Mapping[str, Json], ...]
    features: Mapping[str, Json] = field(default_factory=dict)
    suffix: str = "csv"
    steps: tuple[Step, ...]
    lessons: tuple[str, ...]

    def build(self) -> Lineup:
        """Train the models; takes seconds."""
        module, _, name = self.lineup.partition(":")
        made: Lineup = getattr(import_module(module), name)()
        return made


_HERE = "modelwarden.redteam.range.served"
_FELL = "Open debrief.html in its folder: which edit did it, and how few rows it took."
_HELD = "Open debrief.html in its folder: what was tried, what it cost, and what a defender saw."

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="phishing",
        title="A phishing detector that reads the source of a page",
        story=(
            "You host a page that a mail gateway's detector calls phishing. Get it past with edits "
            "of its source that nobody who opens it can see: same text, same forms, same targets. "
            "The pages are made by code, name brands that do not exist, and lead nowhere."
        ),
        lineup="modelwarden.redteam.range.pages:phishing",
        protocol="oip-v2",
        to="ordinary",
        attacks=({"name": "page-edits", "queries": 16},),
        suffix="html",
        steps=(
            Step(
                stand=Stand.OPEN,
                task="Run the campaign. At least nine in ten pages should pass as ordinary.",
                least=0.9,
                queries=10,
                points=50,
                hints=(
                    "The detector counts links, forms, hidden things and words in the source.",
                    "What nobody sees still counts: links without text, empty elements, scripts.",
                    "The campaign that stands ready does it: run it as the guide says.",
                ),
            ),
            Step(
                stand=Stand.HARDENED,
                task=(
                    "Run the same campaign against the detector that looks at the address alone. "
                    "At most one in ten pages should pass."
                ),
                most=0.1,
                points=50,
                hints=(
                    "Nothing in the page's source moves it. What would?",
                    "An attacker must host the page somewhere; the address tells where.",
                    "It is not the end: run campaign-addresses.toml, which leaves the page alone "
                    "and changes its address below the same domain.",
                ),
            ),
        ),
        lessons=(
            "Features that the attacker writes are the attacker's: a page's source is one of them.",
            "The debrief names the edits that did it: normalise or ignore exactly these first.",
            "Robust signals are those that cost money to change: a registered domain and its age. "
            "What stands before and behind it in the address is the attacker's as well.",
        ),
    ),
    Exercise(
        name="spam",
        title="A spam filter that reads words as they are spelled",
        story=(
            "You send advertising that a mail filter stops. The filter answers with a score, and "
            "nobody counts how often you ask. Get your messages through, changing at most four "
            "words of each, so that people still read the same."
        ),
        lineup=f"{_HERE}:spam",
        protocol="oip-v2",
        to="ham",
        attacks=(
            {"name": "homoglyphs", "queries": 100, "eps": 4},
            {"name": "invisible-characters", "queries": 100, "eps": 4},
        ),
        steps=(
            Step(
                stand=Stand.OPEN,
                task="Run the campaign. At least nine in ten messages should get through.",
                least=0.9,
                queries=60,
                points=50,
                hints=(
                    "The filter knows words by their letters. What if a letter only looks right?",
                    "Characters of no width, and letters of other alphabets, make a word unknown.",
                    "The campaign that stands ready does it: run it as the guide says.",
                ),
            ),
            Step(
                stand=Stand.HARDENED,
                task=(
                    "Run the same campaign against the hardened filter. At most one in ten "
                    "messages should get through."
                ),
                most=0.1,
                points=50,
                hints=(
                    "It takes signs of no width out, folds look-alikes, mends single slips, and "
                    "takes a word of two alphabets for what it is.",
                    "No word speaks for ham there, so adding good words helps nobody.",
                    "Now add [[attack]] name = 'edits' to its campaign: synonyms are other words, "
                    "and they still get through. A filter of words can be hardened, not finished.",
                ),
            ),
        ),
        lessons=(
            "Normalise text before a model sees it: the attack needed no skill at all.",
            "A model in which no word can buy a message free takes a whole family of attacks away.",
            "What is left (other words for the same thing) is for people and for several signals.",
        ),
    ),
    Exercise(
        name="loans",
        title="A credit scorer that believes what applicants say",
        story=(
            "A broker sends applications to a scoring service and may correct them. Age, years of "
            "employment, late payments, amount and term are verified; income, debt and cards are "
            "what the applicant says. Turn declines into acceptances without touching a verified "
            "field, keeping debt below income."
        ),
        lineup=f"{_HERE}:loans",
        protocol="mlflow",
        to="accept",
        attacks=({"name": "coordinates", "queries": 100},),
        features={
            "immutable": ["age", "years_employed", "late_payments", "amount", "months"],
            "relations": ["debt <= income"],
            "bounds": {"income": [4, 200], "debt": [0, 100], "cards": [0, 7]},
        },
        steps=(
            Step(
                stand=Stand.OPEN,
                task="Run the campaign. At least six in ten declines should be turned.",
                least=0.6,
                queries=60,
                points=35,
                hints=(
                    "Which of the three claimed fields moves the score most?",
                    "Scores tell more than decisions: [knowledge] access = 'scores'.",
                    "The campaign that stands ready does it: run it as the guide says.",
                ),
            ),
            Step(
                stand=Stand.FIREWALL,
                task=(
                    "Run the same campaign through the firewall. It should stop the search: at "
                    "most half as many declines may be turned."
                ),
                most=0.3,
                points=30,
                hints=(
                    "alerts.jsonl in this folder tells what the firewall saw.",
                    "A search asks again and again nearly the same; honest brokers do not.",
                    "Slower, or from many addresses, each is judged anew: that is its limit.",
                ),
            ),
            Step(
                stand=Stand.HARDENED,
                task=(
                    "Run it against the scorer that hangs on verified fields alone. Nothing "
                    "should get through."
                ),
                most=0.0,
                points=35,
                hints=(
                    "Which fields does it read? Ask it twice, with another income.",
                    "What an attacker may set freely must not decide.",
                    "The price stands in the guide: accuracy of both models.",
                ),
            ),
        ),
        lessons=(
            "Constraints matter: an evasion that nobody could hand in is none.",
            "A firewall sees the search, not the lie: a single lucky guess gets past it.",
            "A score that claims cannot move is robust by construction, and costs some accuracy.",
        ),
    ),
    Exercise(
        name="digits",
        suffix="npz",
        title="A reader of hand-drawn digits, fooled by faint noise",
        story=(
            "A machine reads digits from small pictures. Change every pixel by at most 12 % of its "
            "range, so that people still see the digit, and have it read as another."
        ),
        lineup=f"{_HERE}:digits",
        protocol="oip-v2",
        attacks=(
            {
                "name": "square",
                "queries": 200,
                "norm": "linf",
                "eps": 0.12,
                "low": 0.0,
                "high": 1.0,
            },
        ),
        steps=(
            Step(
                stand=Stand.OPEN,
                task="Run the campaign. At least six in ten pictures should be read wrongly.",
                least=0.6,
                queries=100,
                points=35,
                hints=(
                    "Noise at random does little; noise that follows the score does a lot.",
                    "Square keeps a square of noise whenever the true digit's score falls.",
                    "The campaign that stands ready does it: run it as the guide says.",
                ),
            ),
            Step(
                stand=Stand.FIREWALL,
                task=(
                    "Run the same campaign through the firewall. It should stop the search: at "
                    "most three in ten pictures may be read wrongly."
                ),
                most=0.3,
                points=30,
                hints=(
                    "alerts.jsonl in this folder tells what the firewall saw.",
                    "Hundreds of pictures that are nearly one another are no honest traffic.",
                    "Pictures far from all that the profile has seen are refused one by one.",
                ),
            ),
            Step(
                stand=Stand.HARDENED,
                task=(
                    "Run it against the reader that was trained on attacked pictures. At most "
                    "three in ten may be read wrongly."
                ),
                most=0.3,
                points=35,
                hints=(
                    "It saw pictures that were moved against it in every batch of its training.",
                    "It holds for the size of noise that it was trained on; try eps = 0.25.",
                    "The price stands in the guide: accuracy of both models.",
                ),
            ),
        ),
        lessons=(
            "Accuracy says nothing about robustness: the model that falls is the more accurate.",
            "A firewall raises the price of a search; training moves the boundary itself.",
            "Robustness has a size: always say for which norm and eps it was measured.",
        ),
    ),
)


def exercise_named(name: str) -> Exercise:
    """Return the exercise of this name.

    Raises:
        UnknownNameError: there is none; it says the nearest.
    """
    for exercise in EXERCISES:
        if exercise.name == name:
            return exercise
    raise UnknownNameError("exercise", name, [exercise.name for exercise in EXERCISES])


def debrief_hint(step: Step) -> str:
    """Return what to look at after a step."""
    return _FELL if step.most is None else _HELD
