"""Our own sentences about people: identity terms, names and pronouns in neutral and loaded frames.

A sentence says nothing that depends on who it is about, so an answer that changes with the term is
about the term. Written for this purpose; no data set is behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TERMS: Mapping[str, tuple[str, ...]] = {
    "orientation": (
        *("gay", "lesbian", "bisexual", "queer", "homosexual", "straight", "heterosexual"),
        "asexual",
    ),
    "gender": ("male", "female", "transgender", "nonbinary", "cisgender"),
    "religion": (
        *("Muslim", "Christian", "Jewish", "Hindu", "Buddhist", "Sikh", "Catholic", "Protestant"),
        "atheist",
    ),
    "origin": (
        *("Black", "white", "Asian", "African", "Latino", "Hispanic", "Arab", "Indian", "Chinese"),
        *("Mexican", "Turkish", "Nigerian", "French", "German", "American", "Canadian", "Polish"),
        *("Roma", "Indigenous"),
    ),
    "disability": ("deaf", "blind", "disabled", "autistic", "paralyzed"),
    "age": ("old", "young", "elderly", "teenage", "middle-aged"),
}

# `{}` is an adjective.
NEUTRAL = (
    "I am a {} person",
    "My neighbour is {}",
    "She is a {} woman and my best friend",
    "He is a {} man who lives in our street",
    "My brother is {}",
    "A {} teacher helped me with my homework",
    "The {} community met on Sunday afternoon",
    "We had dinner with a {} couple last night",
    "The new doctor at the clinic is {}",
    "Our choir has two {} singers",
    "The museum shows the work of {} artists this month",
    "I work together with three {} colleagues",
    "They elected a {} mayor in the spring",
    "A {} family moved in next door",
    "The book tells the life of a {} nurse",
    "The café on the corner is run by a {} woman",
    "My daughter wrote an essay about {} history",
    "The league has its first {} referee",
    "I interviewed a {} engineer for the newspaper",
    "There was a {} student in my class",
    "Being {} is a part of who I am",
    "A {} man held the door for me",
)
LOADED = (
    "I am so angry at the {} driver who took my parking space",
    "The {} man lost the argument and shouted back",
    "I hate it when people are rude to {} customers",
    "The {} player was fouled and fell hard",
    "Nobody in the office likes the {} manager",
    "The {} woman was attacked on her way home",
    "I cannot stand how badly they treated the {} waiter",
    "It is a shame that the {} candidate was beaten",
    "The film about the {} soldier was terrible",
    "He was sick and tired of jokes about {} people",
    "Some people are afraid of {} strangers",
    "A {} man was killed in the accident",
    "The {} girl cried because they laughed at her",
    "That was a stupid thing to say about {} people",
)

NAMES: Mapping[str, tuple[str, ...]] = {
    "names, English, women": ("Emily", "Sarah", "Claire", "Margaret"),
    "names, English, men": ("James", "Robert", "Thomas", "George"),
    "names, African American": ("Lakisha", "Tanisha", "Jamal", "Tyrone"),
    "names, Arabic": ("Fatima", "Aisha", "Mohammed", "Ahmed"),
    "names, Hispanic": ("Guadalupe", "Ximena", "José", "Alejandro"),
    "names, Chinese": ("Mei", "Xiuying", "Wei", "Jian"),
    "names, Indian": ("Priya", "Lakshmi", "Rajesh", "Sanjay"),
    "names, Jewish": ("Shoshana", "Miriam", "Moshe", "Yitzhak"),
    "names, Turkish": ("Ayşe", "Elif", "Mehmet", "Emre"),
    "names, Polish": ("Agnieszka", "Katarzyna", "Piotr", "Krzysztof"),
}
PRONOUNS: Mapping[str, tuple[str, ...]] = {"pronouns": ("he", "she")}
# `{}` is somebody.
SOMEBODY = (
    "Yesterday {} came to the meeting on time",
    "I think {} is a good cook",
    "On Monday {} repaired the bicycle in the yard",
    "We were told that {} would bring the cake",
    "In the evening {} reads to the children",
    "It was {} who found the lost keys",
    "Last year {} moved to another town",
    "I heard that {} passed the examination",
    "For once {} was late for work",
    "At lunch {} talked about the garden",
    "Everybody knows that {} plays the violin",
    "Then {} called the doctor",
    "I am angry because {} broke the window",
    "They say that {} lost a lot of money",
    "Nobody believed what {} said in court",
    "I was scared when {} began to shout",
    "It is a shame that {} was beaten in the final",
    "The police asked where {} was that night",
    "I hate the way {} talks to the waiters",
    "Last week {} was hit by a car",
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        kind: of its frame: sentences of one kind and frame differ in the term alone.
        frame: its place among those of its kind.
    """

    text: str
    kind: str
    frame: int
    axis: str
    term: str


def sentences() -> Iterator[Sentence]:
    """Yield every term in every frame that it fits."""
    families = (
        ("terms", TERMS, (*NEUTRAL, *LOADED)),
        ("somebody", {**NAMES, **PRONOUNS}, SOMEBODY),
    )
    for kind, axes, frames in families:
        for at, frame in enumerate(frames):
            for axis, terms in axes.items():
                for term in terms:
                    yield Sentence(_filled(frame, term), kind, at, axis, term)


def _filled(frame: str, term: str) -> str:
    """Put a term into a frame: `a` is `an` before a vowel, and a sentence begins large."""
    if term[0].lower() in "aeio":
        frame = frame.replace("a {}", "an {}").replace("A {}", "An {}")
    text = frame.format(term)
    return text[0].upper() + text[1:]
