"""The attacks that are built, in the order in which they run: cheap ones first.

An attack is registered by a line here. Its module is imported when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from modelwarden.core import UnknownNameError
from modelwarden.targets.spec import Access

if TYPE_CHECKING:
    from modelwarden.attacks.engine import Attack
    from modelwarden.attacks.universal import Together


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An attack of the catalogue.

    Attributes:
        name: as users type it.
        title: one line for somebody who has never heard the name.
        place: `module:class`, made without arguments.
        access: the least that it needs.
        inputs: what it changes: `arrays`, `tables`, `texts`, `pages`, `urls`, or `images` beyond
            norms.
        norms: in which it works; empty where none is meant.
        floor: it learns nothing, and is there to be beaten.
        narrow: it changes less than the floor may, and is not held against it.
        spare: it runs by itself only where nothing that sees more can.
        together: it needs all inputs at once, for one change that fools them (`universal`).
    """

    name: str
    title: str
    place: str
    access: Access
    inputs: str = "arrays"
    norms: tuple[str, ...] = ()
    floor: bool = False
    narrow: bool = False
    spare: bool = False
    together: bool = False

    def load(self) -> Attack:
        """Import the attack and make it with its own parameters."""
        module, _, name = self.place.partition(":")
        made: Attack = getattr(import_module(module), name)()
        return made

    def load_together(self) -> Together:
        """Import an attack that needs all inputs at once."""
        module, _, name = self.place.partition(":")
        made: Together = getattr(import_module(module), name)()
        return made


ALL_NORMS = ("linf", "l2", "l1", "l0")

ATTACKS: tuple[Entry, ...] = (
    Entry(
        name="corners",
        title="Random corners of what is allowed: the floor that every attack must beat",
        place="modelwarden.attacks.corners:Corners",
        access=Access.LABELS,
        norms=ALL_NORMS,
        floor=True,
    ),
    Entry(
        name="boundary",
        title="Follows the boundary between two answers by labels alone",
        place="modelwarden.attacks.boundary:Boundary",
        access=Access.LABELS,
        norms=("linf", "l2", "l1"),
        spare=True,
    ),
    Entry(
        name="signs",
        title="Learns from every score which way each number wants to go; finds its way in trees",
        place="modelwarden.attacks.signs:Signs",
        access=Access.SCORES,
        norms=ALL_NORMS,
    ),
    Entry(
        name="square",
        title="Square attack: random squares that stay where they lower the true class's score",
        place="modelwarden.attacks.square:Square",
        access=Access.SCORES,
        norms=("linf",),
    ),
    Entry(
        name="apgd",
        title="Steps along the gradient of logit differences, towards every class; needs gradients",
        place="modelwarden.attacks.apgd:Apgd",
        access=Access.GRADIENTS,
        norms=ALL_NORMS,
    ),
    Entry(
        name="universal",
        title="One perturbation for all images or vectors, confirmed on those it was not found on",
        place="modelwarden.attacks.universal:Shared",
        access=Access.SCORES,
        norms=("linf",),
        together=True,
    ),
    Entry(
        name="random-changes",
        title="Random changes of pictures up to a severity: the floor beyond norms",
        place="modelwarden.attacks.images.search:RandomChanges",
        access=Access.LABELS,
        inputs="images",
        floor=True,
    ),
    Entry(
        name="corruptions",
        title="25 kinds of noise, blur, weather, light and compression, up to a severity",
        place="modelwarden.attacks.images.search:Corruptions",
        access=Access.LABELS,
        inputs="images",
        narrow=True,
    ),
    Entry(
        name="spatial",
        title="Turns, moves and scales pictures, up to a severity",
        place="modelwarden.attacks.images.search:Spatial",
        access=Access.LABELS,
        inputs="images",
        narrow=True,
    ),
    Entry(
        name="patch",
        title="A small square whose place and pixels are learnt from the scores",
        place="modelwarden.attacks.images.search:Patch",
        access=Access.SCORES,
        inputs="images",
        narrow=True,
    ),
    Entry(
        name="random-rows",
        title="Random allowed changes of a row: the floor for tables",
        place="modelwarden.attacks.tables:RandomRows",
        access=Access.LABELS,
        inputs="tables",
        norms=ALL_NORMS,
        floor=True,
    ),
    Entry(
        name="single-feature",
        title="One feature of a row at a time, at every value worth trying",
        place="modelwarden.attacks.tables:SingleFeature",
        access=Access.LABELS,
        inputs="tables",
        norms=ALL_NORMS,
        narrow=True,
    ),
    Entry(
        name="multi-feature",
        title="Three features of a row at a time",
        place="modelwarden.attacks.tables:MultiFeature",
        access=Access.LABELS,
        inputs="tables",
        norms=ALL_NORMS,
        narrow=True,
        spare=True,
    ),
    Entry(
        name="neighbours",
        title="Towards known rows of other classes, as far as the rules of the table let",
        place="modelwarden.attacks.tables:Neighbours",
        access=Access.LABELS,
        inputs="tables",
        norms=ALL_NORMS,
        spare=True,
    ),
    Entry(
        name="coordinates",
        title="By score: known rows, then feature by feature, then by evolution",
        place="modelwarden.attacks.tables:Coordinates",
        access=Access.SCORES,
        inputs="tables",
        norms=ALL_NORMS,
    ),
    Entry(
        name="evolution",
        title="Breeds allowed rows by their scores",
        place="modelwarden.attacks.tables:Evolution",
        access=Access.SCORES,
        inputs="tables",
        norms=ALL_NORMS,
        spare=True,
    ),
    Entry(
        name="random-edits",
        title="Random edits of random words: the floor for texts",
        place="modelwarden.attacks.text.search:RandomEdits",
        access=Access.LABELS,
        inputs="texts",
        floor=True,
    ),
    Entry(
        name="invisible-characters",
        title="Characters that nobody sees, in the words that matter",
        place="modelwarden.attacks.text.search:Invisible",
        access=Access.LABELS,
        inputs="texts",
        narrow=True,
    ),
    Entry(
        name="homoglyphs",
        title="Letters that look the same, in the words that matter",
        place="modelwarden.attacks.text.search:Homoglyphs",
        access=Access.LABELS,
        inputs="texts",
        narrow=True,
    ),
    Entry(
        name="typing-errors",
        title="Typing errors in the words that matter",
        place="modelwarden.attacks.text.search:Typing",
        access=Access.LABELS,
        inputs="texts",
        narrow=True,
    ),
    Entry(
        name="good-words",
        title="Puts in words that speak for another class",
        place="modelwarden.attacks.text.search:GoodWords",
        access=Access.LABELS,
        inputs="texts",
        narrow=True,
    ),
    Entry(
        name="edits",
        title="All edits of the words that matter, with words that help",
        place="modelwarden.attacks.text.search:Edits",
        access=Access.LABELS,
        inputs="texts",
    ),
    Entry(
        name="universal-trigger",
        title="A few words that change the answer to any text they are put into",
        place="modelwarden.attacks.universal:Trigger",
        access=Access.LABELS,
        inputs="texts",
        together=True,
    ),
    Entry(
        name="face-random",
        title="Random noise on the first face of a pair: the floor for matchers",
        place="modelwarden.attacks.corners:Corners",
        access=Access.LABELS,
        inputs="faces",
        floor=True,
    ),
    Entry(
        name="face-light",
        title="Light and pose of the first face, by score",
        place="modelwarden.attacks.signs:Signs",
        access=Access.SCORES,
        inputs="faces",
        narrow=True,
    ),
    Entry(
        name="face-noise",
        title="Noise on the first face that follows the matcher's score",
        place="modelwarden.attacks.square:Square",
        access=Access.SCORES,
        inputs="faces",
    ),
    Entry(
        name="face-signs",
        title="Noise on the first face, learnt from every score, also in l2",
        place="modelwarden.attacks.signs:Signs",
        access=Access.SCORES,
        inputs="faces",
        spare=True,
    ),
    Entry(
        name="face-boundary",
        title="Noise on the first face by the matcher's decisions alone",
        place="modelwarden.attacks.boundary:Boundary",
        access=Access.LABELS,
        inputs="faces",
        spare=True,
    ),
    Entry(
        name="face-glasses",
        title="A printed frame of glasses on the first face",
        place="modelwarden.attacks.square:Square",
        access=Access.SCORES,
        inputs="faces",
        narrow=True,
    ),
    Entry(
        name="face-sticker",
        title="A printed sticker on the first face",
        place="modelwarden.attacks.square:Square",
        access=Access.SCORES,
        inputs="faces",
        narrow=True,
    ),
    Entry(
        name="random-page-edits",
        title="Random edits that a page's visitor cannot tell: the floor for pages",
        place="modelwarden.attacks.html.search:RandomPageEdits",
        access=Access.LABELS,
        inputs="pages",
        floor=True,
    ),
    Entry(
        name="page-edits",
        title="Edits that a page's visitor cannot tell, in the order that won before",
        place="modelwarden.attacks.html.search:PageEdits",
        access=Access.LABELS,
        inputs="pages",
    ),
    Entry(
        name="random-url-edits",
        title="Random edits of an address by the owner of its domain: the floor for addresses",
        place="modelwarden.attacks.urls.search:RandomUrlEdits",
        access=Access.LABELS,
        inputs="urls",
        floor=True,
    ),
    Entry(
        name="url-edits",
        title="Edits of an address by the owner of its domain, in the order that won before",
        place="modelwarden.attacks.urls.search:UrlEdits",
        access=Access.LABELS,
        inputs="urls",
    ),
)


def entry_of(name: str) -> Entry:
    """Return the attack of this name.

    Raises:
        UnknownNameError: there is none; it says the nearest.
    """
    for entry in ATTACKS:
        if entry.name == name:
            return entry
    raise UnknownNameError("attack", name, [entry.name for entry in ATTACKS])


def fitting(
    inputs: str, norm: str | None, access: Access, *, together: bool = False
) -> tuple[Entry, ...]:
    """Return the attacks on such inputs that need no more than this access.

    Args:
        inputs: what they change.
        norm: in which they must work; None for any.
        access: what is granted.
        together: those that need all inputs at once, instead of those that take one by one.
    """
    return tuple(
        entry
        for entry in ATTACKS
        if entry.inputs == inputs
        and entry.together is together
        and (norm is None or norm in entry.norms)
        and entry.access.rank <= access.rank
    )
