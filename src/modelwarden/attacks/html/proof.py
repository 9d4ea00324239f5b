"""The proof that a changed page is the same to whoever looks at it and uses it.

    prove(before, after)  ─▶  what does not hold; nothing is a proof

Both sources are parsed, what scripts of ours do by the time of `load` is worked out (`replay`), and
the trees are walked side by side: every node of the page must be there, in its place, with its
attributes, and whatever else is there must be inert (`inert`). What an edit may do beyond that is
an `Allowance`; without one the trees must be equal. The text that is seen and the forms with their
targets are then compared again, in another way, from the trees alone. No edit proves itself.
"""

from __future__ import annotations

import re
from functools import lru_cache

from modelwarden.attacks.html import views
from modelwarden.attacks.html.dom import Node, TooLargeError, check_size
from modelwarden.attacks.html.encodings import is_known
from modelwarden.attacks.html.known import Known, known, known_before
from modelwarden.attacks.html.replay import WATCHES, ReplayError, encoding_of, forbids_scripts
from modelwarden.attacks.html.walk import ALL, NOTHING, Allowance, Walk, holds

__all__ = ["ALL", "NOTHING", "Allowance", "prove"]

# What scripts of ours call, where an element of such a name would stand in its place: of the
# document those that are named in it, of a form its fields.
_OF_DOCUMENT = ("img", "form", "iframe", "embed", "object")
_DOCUMENTS = frozenset(("write", "currentScript", "title"))
_OF_FORM = ("input", "select", "textarea", "button", "img", "object", "output", "fieldset")
_FORMS = frozenset(("setAttribute",))
_ASCII = frozenset(map(chr, range(128)))
_ASKS_ACTION = re.compile(r"action|submit|forms\b", re.IGNORECASE)


def prove(before: str, after: str, allowed: Allowance = ALL) -> tuple[str, ...]:
    """Return what does not hold of a changed page, in words; empty where it is proven the same.

    Args:
        before: the source of the page.
        after: the source of the changed one.
        allowed: what may differ.
    """
    if before == after:
        return ()
    try:
        check_size(before)  # the rest is checked as they are parsed
        check_size(after)
        return _prove(before, after, allowed)
    except TooLargeError as error:
        return (f"cannot be examined: {error.message}",)
    except ReplayError as error:
        return (str(error),)


def _prove(before: str, after: str, allowed: Allowance) -> tuple[str, ...]:
    old, new = known_before(before), known(after)
    wrong = list(_guards(before, after, old, new))
    walk = Walk(before, old, new, allowed)
    difference = walk.difference()
    if difference:
        wrong.append(difference)
    if not wrong:
        wrong += views.differences(old.page.document, new.page.document, walk.hidden)
    return tuple(wrong)


def _hides_ours(node: Node) -> bool:
    names = {node.attributes.get("name"), node.attributes.get("id")}
    if node.tag in _OF_DOCUMENT and names & _DOCUMENTS:
        return True
    return node.tag in _OF_FORM and bool(names & _FORMS)


@lru_cache(maxsize=256)
def _any_hides_ours(known: Known) -> bool:
    return any(_hides_ours(node) for node in known.page.document.live())


def _guards(before: str, after: str, old: Known, new: Known) -> list[str]:
    """Return what is wrong with the page as a whole."""
    wrong = []
    declares_utf8 = encoding_of(before) in ("utf-8", "utf8")
    if encoding_of(before) != encoding_of(after):
        wrong.append("the encoding is declared otherwise, or too late")
    if before.isascii() and not after.isascii():
        wrong.append("characters beyond ASCII in a page that had none")
    elif not after.isascii() and not declares_utf8 and set(after) - set(before) - _ASCII:
        wrong.append("characters that the encoding of the page may not know")
    added = new.page.scripts - old.page.scripts
    watched = new.page.watched or holds(WATCHES, old.handlers)
    if added and (forbids_scripts(before) or watched):
        wrong.append("the page may refuse scripts of ours, or watch them")
    if added and _any_hides_ours(old):
        wrong.append("an element of the page has the name of what scripts of ours call")
    if added and new.page.wide and not before.isascii() and not is_known(before):
        wrong.append("the encoding of the page is not known, and scripts do not hang on it")
    if new.page.late and (old.fetches_scripts or holds(_ASKS_ACTION, old.scripts)):
        wrong.append("a script of the page may look at a target before it is set")
    return wrong
