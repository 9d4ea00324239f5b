"""JSON and YAML that hold more than plain data: templates, tags, commands, secrets, code names.

A quick look for telling words comes first: a text without any of them is left to the reader of
plain data. Every template found is handed on as a nested source, judged by its syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats import spelled
from modelwarden.formats.config.text import Shape, decoded, encoding_of, filled, shape_of
from modelwarden.formats.described import Checked, Fault, Metadatum
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.payloads import CODED_TEXT
from modelwarden.formats.source import Source
from modelwarden.formats.unseen import invisible
from modelwarden.formats.view import Child, DamagedError, gap

if TYPE_CHECKING:
    from modelwarden.formats.config.scalars import Scalar

_JSON_SIZE = 64 << 20
_YAML_SIZE = 1 << 20
_YAML_NAMES = (".yaml", ".yml")
_BY_NAME = ("model_index.json",)  # Diffusers reads this one, whatever stands in it
_TEMPLATES = 500
_EXPANDED = 1_000_000
_UNSEEN = 20
_COMMAND = 20_000
_PIECE = 1 << 20
_OVERLAP = 4096
_BATCH = 256
_SHEBANG = re.compile(r"#![^\n]{0,100}\bpython")
_PYTHON = re.compile(r"python[\d.]*(?:\s|$)").match
_OPTION = re.compile(r"--(?:(?:extra-)?index-url|find-links|trusted-host)[ =]")  # of pip
_HOMES = re.compile(r"/home/|[/\\]Users[/\\]|\\Documents and Settings\\")
FLAVOURS = re.compile(rb"(?m)(?:^|\A\s*\{[^{}]*)[ \t]*[\"']?flavors[\"']?[ \t]*:")
_SURE_TAG = re.compile(rb"(?:^|[\s\[{,:-])!(?:![\w%]|<)|^%TAG", re.MULTILINE)
# In what looks like JSON, which may be full of `!` in its strings.
_FLOW_TAG = re.compile(rb"!(?:!(?:python|js|perl|ruby|javax?|com|org|net)[/.:]|<(?:tag:|!))")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile(Checked):
    """A configuration; what it tells of somebody's folders is its metadata.

    Attributes:
        scalars: values in the order of the text, as many as were read.
        syntax: `json`, `yaml` or `settings` (TOML, INI).
        rows: JSON that is rows of data: several values, one behind another, or one array.
    """

    scalars: tuple[Scalar, ...] = ()
    syntax: str = "json"
    rows: bool = False


def sniff(source: Source) -> bool:
    """Tell whether this is JSON or YAML with anything in it that a rule looks at."""
    shape = shape_of(source)
    if source.expect in ("jinja", "settings") or shape not in {Shape.JSON, Shape.YAML}:
        return False
    if FLAVOURS.search(source.head) and b"\x00" not in source.head:
        return False  # read as what it is
    if shape is Shape.JSON and source.label.endswith(".ipynb"):
        return False  # its texts are code and outputs, read by the reader of notebooks
    if not encoding_of(source.head).startswith("utf-8") or source.label.endswith(_BY_NAME):
        return True
    # Only here: a scan of a pickle need not build the tables of words.
    from modelwarden.formats.config.words import TAG, telling

    tag = TAG if source.label.endswith(_YAML_NAMES) else _SURE_TAG
    if shape is Shape.JSON:
        tag = _FLOW_TAG
    return any(telling(piece, tag) for piece in _pieces(source))


def _pieces(source: Source) -> Iterator[bytes]:
    for at in range(0, source.size, _PIECE):
        yield source.read(at, _PIECE + _OVERLAP)


def read(source: Source, limits: Limits) -> ConfigFile:
    """Collect the scalars; what cannot be read is a gap, what came before it is kept."""
    return _read(source, limits, shape_of(source))


def _read(source: Source, limits: Limits, shape: Shape) -> ConfigFile:
    gaps: list[Gap] = []
    kept: list[Scalar] = []
    children: list[Child] = []
    rows = False
    faults: list[Fault] = []
    size = _YAML_SIZE if shape is Shape.YAML else _JSON_SIZE
    try:
        text = decoded(source, min(size, limits.memory))
        rows = _collect(text, shape, limits, kept, faults)
    except LimitExceededError as over:
        gaps.append(gap(source, str(over), GapKind.OVER_LIMIT))
    except DamagedError as damage:
        if shape is Shape.JSON and source.size <= _YAML_SIZE and _tagged(source):
            return _read(source, limits, Shape.YAML)  # a flow of YAML, which begins like JSON
        gaps.append(gap(source, damage.why, at=damage.offset))
        if shape is Shape.YAML:
            if not _is_yaml(source, kept) or _filled_in(source, limits, kept, faults):
                gaps.clear()
            children.append(Child("text", lambda: _whole(source)))
    if not rows and sum(_is_template(s) for s in kept) > _TEMPLATES:
        gaps.append(gap(source, f"more than {_TEMPLATES} templates", GapKind.OVER_LIMIT))
    # Rows are data: nobody renders what stands in them.
    children += children_of(source, kept, templates=not rows)
    children += spelled.children_of(source, blocks=shape is Shape.YAML)
    return ConfigFile(
        source=source,
        format="config",
        scalars=tuple(kept),
        metadata=tuple(Metadatum(s.path, s.value, None) for s in kept if _HOMES.search(s.value)),
        syntax=shape.value,
        rows=rows,
        faults=tuple(faults),
        gaps=tuple(gaps),
        children=tuple(children),
    )


def _collect(
    text: str, shape: Shape, limits: Limits, kept: list[Scalar], faults: list[Fault]
) -> bool:
    """Add the scalars to `kept`; tell whether they are rows of data."""
    from modelwarden.formats.config.scalars import json_scalars, yaml_scalars

    held = tokens = 0

    def spend() -> None:
        nonlocal tokens
        tokens += 1
        if tokens % _BATCH == 0:
            limits.spend(operations=_BATCH)

    def expanded(values: int) -> None:
        if values > _EXPANDED:
            why = f"its aliases stand for {values} values"
            faults.append(Fault("expansion", "", why))

    roots: list[str] = []
    told = (
        yaml_scalars(text, spend, expanded)
        if shape is Shape.YAML
        else json_scalars(text, spend, roots.append)
    )
    for scalar in told:
        if not scalar.text and not scalar.key:
            continue
        held += 300 + len(scalar.value)
        if held > limits.memory:
            raise LimitExceededError("bytes of configuration values", limits.memory)
        kept.append(scalar)
    return len(roots) > 1 or roots == ["["]


def _filled_in(source: Source, limits: Limits, kept: list[Scalar], faults: list[Fault]) -> bool:
    """Read a template of YAML as what it becomes; tell whether it was one.

    What stands in its expressions is read as a template, in a part of its own.
    """
    anew: list[Scalar] = []
    try:
        text = decoded(source, _YAML_SIZE)
        plain = filled(text) if "{{" in text or "{%" in text else text
        if plain == text:
            return False
        _collect(plain, Shape.YAML, limits, anew, faults)
    except DamagedError:
        return False
    kept[:] = anew
    return True


def _tagged(source: Source) -> bool:
    return _FLOW_TAG.search(source.read(0, _YAML_SIZE)) is not None


def _is_yaml(source: Source, kept: list[Scalar]) -> bool:
    named = source.name.endswith(_YAML_NAMES)
    return named or any(s.tag for s in kept)


def _is_template(scalar: Scalar) -> bool:
    value = scalar.value
    return scalar.text and ("{{" in value or "{%" in value)


def children_of(
    source: Source, scalars: Iterable[Scalar], *, templates: bool = True
) -> tuple[Child, ...]:
    """Return the templates and what holds invisible letters, as many as are looked into."""
    scalars = tuple(scalars)
    rendered = (
        _child(source, s)
        for s in scalars
        if _is_template(s) and (templates or s.key.endswith("template"))
    )
    unseen = (_child(source, s, "text") for s in scalars if invisible(s.value))
    # Read only where something was told.
    from modelwarden.formats.installs import CONFIGURES, ENVIRONMENT

    variables = (_set(source, s) for s in scalars if ENVIRONMENT.search(f"{s.key}={s.value[:500]}"))
    options = (_child(source, s, "text") for s in scalars if _OPTION.match(s.value[:40]))
    pickled = (_pickle(source, s) for s in scalars if CODED_TEXT.match(s.value[:40]))
    from modelwarden.formats.scripts import INSTALL, PYTHON

    commands = (s for s in scalars if s.text and len(s.value) <= _COMMAND)
    telling = (INSTALL, PYTHON, CONFIGURES)
    run = (s for s in commands if any(form.search(s.value) for form in telling))
    programs = islice(_programs(source, scalars), _UNSEEN)
    return (
        *programs,
        *islice(rendered, _TEMPLATES),
        *islice(unseen, _UNSEEN),
        *islice(variables, _UNSEEN),
        *islice(options, _UNSEEN),
        *islice((_child(source, s, "instructions") for s in run), _UNSEEN),
        *islice((one for one in pickled if one is not None), _UNSEEN),
    )


def _programs(source: Source, scalars: tuple[Scalar, ...]) -> Iterator[Child]:
    """Yield what is run as Python: by its first line, or by the shell that a step names."""
    shells = (
        s.path.removesuffix("shell") for s in scalars if s.key == "shell" and _PYTHON(s.value)
    )
    told = {f"{place}run" for place in shells}
    for scalar in scalars:
        if scalar.path in told or (scalar.value[:2] == "#!" and _SHEBANG.match(scalar.value)):
            yield _child(source, scalar, "notebook-code")


def _pickle(source: Source, scalar: Scalar) -> Child | None:
    """Return the pickle that a value is, in Base64; None for all others."""
    from modelwarden.formats.foreign import readings
    from modelwarden.formats.pickle.children import coded

    texts = (text.encode(errors="surrogatepass") for text in readings(scalar.value))
    data = next((one for text in texts if (one := coded(source, text)) is not None), None)
    if data is None:
        return None
    return Child(scalar.path, partial(source.nested, data, scalar.path, expect="pickle"))


def _set(source: Source, scalar: Scalar) -> Child:
    """Hand a variable of package managers on as the line that sets it."""
    data = f"{scalar.key}={scalar.value}".encode(errors="surrogatepass")
    return Child(scalar.path, lambda: source.nested(data, scalar.path, expect="text"))


def _whole(source: Source) -> Source:
    """Open the text once more, as the template that it may be instead."""
    return source.nested(source.read(0, min(source.size, 1 << 20)), "text", expect="jinja")


def _child(source: Source, scalar: Scalar, expect: str = "jinja") -> Child:
    # Half a pair of surrogates is no letter, and would make bytes that are no text.
    data = scalar.value.encode(errors="surrogatepass" if expect == "jinja" else "replace")
    return Child(scalar.path, lambda: source.nested(data, scalar.path, expect=expect))
