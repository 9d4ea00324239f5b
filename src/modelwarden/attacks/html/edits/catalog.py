"""All edits, with what each may change; an edit is registered by a line here.

Phases: texts and names (0), attributes (1), pieces written by scripts (2), other spellings (3),
additions (4). A later phase sees what the earlier ones left.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from modelwarden.attacks.html.edits import added, late, source, swallowed, wording, written
from modelwarden.attacks.html.edits.edit import Edit, Make
from modelwarden.attacks.html.proof import NOTHING, Allowance
from modelwarden.attacks.html.scan import Draft
from modelwarden.core import UnknownNameError, seed_for

_INERT = Allowance(inert=True)
_ADDITIONS = 4


def _edit(
    name: str, make: Make, phase: int, allows: Allowance = NOTHING, *, near: bool = False
) -> Edit:
    title = (make.__doc__ or name).strip().split("\n")[0].rstrip(".")
    return Edit(name=name, title=title, make=make, allows=allows, phase=phase, near=near)


EDITS: tuple[Edit, ...] = (
    _edit("comment-split", wording.split_by_comments, 0, Allowance(comments=True), near=True),
    _edit("zero-width", wording.zero_width, 0, Allowance(zero_width=True)),
    _edit("wrapped-letters", wording.wrapped, 0, Allowance(wraps=True), near=True),
    _edit("white-space", wording.spaces, 0, Allowance(spaces=True)),
    _edit("renamed-classes", wording.renamed_classes, 0, Allowance(classes=True)),
    _edit("data-attributes", wording.data_attributes, 0, Allowance(data=True)),
    _edit("late-action", late.late_action, 1),
    _edit("action-at-load", late.action_at_load, 1),
    _edit("late-links", late.late_links, 1),
    _edit("late-password", late.late_password, 1),
    _edit("late-names", late.late_names, 1),
    _edit("late-handlers", late.late_handlers, 1),
    _edit("late-alt", late.late_alt, 1),
    _edit("late-title", late.late_title, 1),
    _edit("text-references", source.text_references, 1),
    _edit("written-texts", written.written_texts, 2),
    _edit("written-links", written.written_links, 2),
    _edit("written-images", written.written_images, 2),
    _edit("written-frames", written.written_frames, 2),
    _edit("written-scripts", written.written_scripts, 2),
    _edit("data-scripts", written.data_scripts, 2),
    _edit("written-forms", written.written_forms, 2),
    _edit("written-icon", written.written_icon, 2),
    _edit("written-metas", written.written_metas, 2),
    _edit("written-styles", written.written_styles, 2),
    _edit("written-body", written.written_body, 2),
    _edit("percent-body", written.percent_body, 2),
    _edit(
        "written-frameset",
        swallowed.written_frameset,
        2,
        Allowance(inert=True, comments=True),
    ),
    _edit("url-references", source.url_references, 3),
    _edit("attribute-case", source.attribute_case, 3),
    _edit("attribute-space", source.attribute_space, 3),
    _edit("quotes", source.quotes, 3),
    _edit("repeated-attributes", source.repeated_attributes, 3),
    _edit("swallowed-first", swallowed.swallowed_first, 3),
    _edit("swallowed-head", swallowed.swallowed_head, 3),
    _edit("swallowed-ahead", swallowed.swallowed_ahead, 3),
    _edit("swallowed-page", swallowed.swallowed_page, 4),
    _edit("swallowed-article", swallowed.swallowed_article, 4),
    _edit("swallowed-volume", swallowed.swallowed_volume, 4),
    _edit("swallowed-index", swallowed.swallowed_index, 4),
    _edit("hidden-links", added.hidden_links, 4, _INERT),
    _edit("many-links", added.many_links, 4, _INERT),
    _edit("other-links", added.other_links, 4, _INERT),
    _edit("hidden-words", added.hidden_words, 4, _INERT),
    _edit("many-words", added.many_words, 4, _INERT),
    _edit("hidden-site", added.hidden_frame_of_site, 4, _INERT),
    _edit("hidden-copyright", added.hidden_copyright, 4, _INERT),
    _edit("hidden-pictures", added.hidden_pictures, 4, _INERT),
    _edit("classed-words", added.classed_words, 4, _INERT),
    _edit("template", added.template, 4, _INERT),
    _edit("noscript", added.noscript, 4, _INERT),
    _edit("comments", added.comments, 4, Allowance(inert=True, comments=True)),
    _edit("descriptions", added.descriptions, 4, _INERT),
    _edit("head-links", added.head_links, 4, _INERT),
    _edit("own-icon", added.own_icon, 4, _INERT),
    _edit("structured-data", added.structured_data, 4, _INERT),
    _edit("base-target", added.base_target, 4, _INERT),
    _edit("empty-frames", added.empty_frames, 4, _INERT),
)
_BY_NAME = {edit.name: edit for edit in EDITS}
_RANK = {edit.name: (edit.phase, number) for number, edit in enumerate(EDITS)}


# What is tried unless somebody asks for other edits.
EXACT = tuple(edit.name for edit in EDITS if not edit.near)


def edit_named(name: str) -> Edit:
    """Return an edit.

    Raises:
        UnknownNameError: there is none of this name; it says the nearest.
    """
    if name not in _BY_NAME:
        raise UnknownNameError("edit of pages", name, _BY_NAME)
    return _BY_NAME[name]


def edited(html: str, url: str, names: Iterable[str], seed: int) -> tuple[str, tuple[str, ...]]:
    """Return a page with edits made, in the order of their phases, and those that changed it.

    Each edit draws from a stream of its own, so that it does the same whatever is made beside it.

    Raises:
        UnknownNameError: a name is that of no edit.
    """
    done = []
    draft = Draft(html, url)
    for edit in sorted({edit_named(name) for name in names}, key=lambda e: _RANK[e.name]):
        rng = np.random.default_rng(seed_for(seed, "edit", edit.name))
        made = edit.make(draft, rng)
        if made is not None and made != html:
            html = made
            done.append(edit.name)
            if edit.phase != _ADDITIONS:  # those keep their own account in one draft
                draft = Draft(html, url)
    return html, tuple(done)
