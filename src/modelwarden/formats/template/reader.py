"""Text that is a Jinja template: a `.jinja` file, or a chat template out of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.config.text import NotTextError, Shape, decoded, shape_of
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.source import Source
from modelwarden.formats.unseen import invisible
from modelwarden.formats.view import Child, DamagedError, View, gap

if TYPE_CHECKING:
    from modelwarden.formats.template.uses import Use

_NAMES = (".jinja", ".jinja2", ".j2")
_PYTHON = (".py", ".pyi")
_CHAT = "chat_template"
_SIZE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateText(View):
    """One template.

    Attributes:
        uses: what it reaches for, in the order of the text.
        chat: it is a model's chat template, which has no business with other files.
    """

    uses: tuple[Use, ...] = ()
    chat: bool = False


def sniff(source: Source) -> bool:
    """Tell whether this is text with Jinja's delimiters that is not a configuration file."""
    if shape_of(source) is not Shape.TEXT or source.label.endswith(_PYTHON):
        return False  # Jinja in Python stands in its texts and notes
    if source.size > _SIZE:
        return source.name.endswith(_NAMES)
    data = source.read(0, _SIZE)
    return b"{%" in data or (b"{{" in data and b"}}" in data)


def read(source: Source, limits: Limits) -> TemplateText:
    """Parse the template and tell what it reaches for; nothing is rendered.

    Text that Jinja does not accept is a gap when the text is loaded as a template: by its name,
    or because a configuration says so.
    """
    chat = _CHAT in (source.member or source.name)
    expected = chat or (source.member is None and source.name.endswith(_NAMES))
    gaps: tuple[Gap, ...] = ()
    uses: tuple[Use, ...] = ()
    text = ""
    limits.spend(operations=1)
    try:
        text = decoded(source, min(_SIZE, limits.memory))
        uses = _uses(text)
    except LimitExceededError as over:
        gaps = (gap(source, str(over), GapKind.OVER_LIMIT),)
    except NotTextError as damage:
        gaps = (gap(source, damage.why, at=damage.offset),)
    except DamagedError as damage:
        if expected:
            gaps = (gap(source, damage.why, at=damage.offset),)
    return TemplateText(
        source=source,
        format="jinja",
        uses=uses,
        gaps=gaps,
        chat=chat,
        children=_unseen(source, text) if source.depth == 0 else (),
    )


def _unseen(source: Source, text: str) -> tuple[Child, ...]:
    """Hand a text with invisible letters on, to be looked at as the text that it is."""
    if not invisible(text):
        return ()
    return (Child("text", lambda: source.part(0, source.size, "text", expect="text")),)


def _uses(text: str) -> tuple[Use, ...]:
    # Imported here: most scans meet no template.
    from modelwarden.formats.template.parse import parse
    from modelwarden.formats.template.uses import uses_of

    return uses_of(parse(text))
