"""JSON and YAML that hold more than plain data: templates, tags, commands, secrets, code names.

A quick look for telling words comes first: a text without any of them is left to the reader of
plain data. Every template found is handed on as a nested source, judged by its syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING

from modelwarden.core import Gap, GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.config.text import Shape, decoded, encoding_of, shape_of
from modelwarden.formats.described import Checked, Fault, Metadatum
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.source import Source
from modelwarden.formats.unseen import MARKS, invisible
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
_PIECE = 1 << 20
_OVERLAP = 4096
_BATCH = 256
# A word that costs nothing to look for, and what must stand around it: a vocabulary has every word
# as a token, and code tokens like `{{` alone. Both in lower case.
_KEY = rb'[\w-]*"?\s*:\s*[^\s\d]'
_TELLING = tuple(
    (word, re.escape(word) + around)
    for word, around in (
        (b"{{", rb'(?:[^"\\]|\\.)*?\}\}'),
        (b"{%", rb'(?:[^"\\]|\\.)*?%\}'),
        (b"chat_template", rb""),
        *((word, _KEY) for word in (b"api_key", b"apikey", b"api-key", b"secret", b"passw")),
        *((word, _KEY) for word in (b"private_key", b"access_key", b"access_token")),
        *((word, _KEY) for word in (b"auth_token", b"bearer_token", b"refresh_token")),
        *((word, rb'"?\s*:') for word in (b"auto_map", b"trust_remote_code")),
        *((word, rb"[\"']?\s*[:,\]}\n]") for word in (b"_target_", b"_component_")),
        (b'"py/', rb'\w+"\s*:'),
        (b"()", rb"[\"']?\s*:\s*[\"']?\w+\.\w"),
        (b"handlers", rb"[\"']?\s*:\s*[^\s\d]"),
        *((word, rb"\"?\s*:\s*[\"']?\w+\.\w") for word in (b"target", b"class_path")),
        (b"attn_implementation", rb"\w*\"?\s*:\s*[\"']?[\w.-]+/"),
        (b'"type"', rb'\s*:\s*"\w+\.[\w.]+"'),
        (b"_diffusers_version", rb'"?\s*:'),
        (b'"_class_name"', rb"\s*:"),
        *((word, rb'"?\s*:') for word in (b"custom_pipelines", b"parent_library")),
        (b"activation_f", rb'\w*"\s*:\s*"\w+\.[\w.]+"'),
        (b"__import__", rb"\s*\("),
        (b"os.", rb"(?:system|popen|exec\w*|spawn\w*)\s*\("),
        (b"subprocess", rb"\.\w+\s*\("),
        *((word, rb"\s*\(") for word in (b"eval", b"exec")),
        (b"rm -", rb"\w*r"),
        *((word, rb'[^"\n]*\|') for word in (b"curl ", b"wget ", b"base64 -")),
        (b"/dev/", rb"(?:tcp/|sd|nvme|vd)"),
        (b"mkfs.", rb"\w"),
        *((word, rb" -e") for word in (b"powershell", b"powershell.exe", b"pwsh")),
        *((word, rb'[^"\n]*-[ec]\b') for word in (b"nc ", b"ncat ", b"netcat ")),
        (b"hf_", rb"[a-z0-9]{30}"),
        *((word, rb"[a-z0-9]{36}") for word in (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")),
        (b"github_pat_", rb"\w{40}"),
        (b"glpat-", rb"[\w-]{20}"),
        (b"akia", rb"[a-z0-9]{16}"),
        (b"asia", rb"[a-z0-9]{16}"),
        (b"aiza", rb"[\w-]{35}"),
        (b"xox", rb"[abprs]-"),
        (b"sk-", rb"[\w-]{32}"),
        (b"private key-----", rb""),
        *((word, rb"[\w-]{16}") for word in (b"sk_live_", b"rk_live_", b"whsec_", b"npm_")),
        *((word, rb"[\w-]{20}") for word in (b"pypi-age", b"ya29.", b"nvapi-", b"dckr_pat_")),
        *((word, rb"[\w-]{20}") for word in (b"tskey-", b"age-secret-key-", b"atatt")),
        *((word, rb"[a-z0-9]{30}") for word in (b"gsk_", b"r8_", b"lin_api_", b"xai-", b"shpat_")),
        (b"api_org_", rb"[a-z0-9]{30}"),
        (b"dop_v1_", rb"[0-9a-f]{64}"),
        (b"dapi", rb"[0-9a-f]{32}"),
        (b"sg.", rb"[\w-]{22}\.[\w-]{43}"),
        (b"eyj", rb"[\w-]{8,}\.eyj"),
        (b"accountkey=", rb"[a-z0-9+/]{86}"),
        (b"hooks.slack.com/services/", rb""),
        (b"/api/webhooks/", rb"\d{17}"),
        (b":aa", rb"[\w-]{33}"),
        (b'"auth"', rb'\s*:\s*"[a-z0-9+/]{8,}={0,2}"'),
        (b"://", rb"[^\s/:@\"]*:[^\s/@\"]{3,}@"),
        *((word, rb"[\w.-]+[/\\]") for word in (b"/home/", b"/users/")),
        (b":\\users\\", rb""),
        # Escapes of letters, `_`, `{` and `%` hide something: no JSON writer makes them.
        (b"\\u00", rb"(?:00)?(?:00)?(?:25|4[1-9a-f]|5[0-9af]|6|7[0-9ab])"),
        *(
            (word, rb'\w*"?\s*[:=]\s*"?\w')
            for word in (b"_index", b"trusted_host", b"insecure_host")
        ),
        *((word, rb'\w*"?\s*[:=]\s*"?\w') for word in (b"find_links", b"_registry")),
        (b"\\x", rb"(?:25|4[1-9a-f]|5[0-9af]|6[0-9a-f]|7[0-9ab])"),
        *((word, rb'"?\s*:') for word in (b"mcpservers", b"initializecommand")),
        (b"folderopen", rb'"'),
        (b"github.event.", rb"\w"),
        (b"github.head_ref", rb""),
        (b"hostpath", rb'"?\s*:'),
        *((word, rb'[^\n"]{0,500}[:,]?/') for word in (b"/:/", b"- /:", b'"/:')),
        (b"ga", rb"[i-x][\w+/-]{24}"),
        *((word, rb"[\w+/-]{24}") for word in (b"h4si", b"qlpo", b"/td6wfo")),
        (b"ej", rb"[w-z][a-z0-9+/_-]{40}"),
        (b"en", rb"[o-r][a-z0-9+/_-]{40}"),
        *((word, rb"[a-z0-9+/_-]{40}") for word in (b"eae", b"z0f")),
        (b'"os"', rb'\s*,\s*"(?:system|popen|exec|spawn)'),
        *((word, rb'"?\s*:') for word in (b"import_plugins", b"custom_imports")),
        # A module with which commands are run, as a value or the first part of one.
        (b"subprocess", rb"[.\"'\s,]"),
        *(
            (word, rb"(?:system|popen|exec\w*|spawn\w*|remove|unlink)[\"'\s,}]")
            for word in (b"os.", b"posix.")
        ),
        *((word, rb"(?:eval|exec|__import__|compile)") for word in (b"builtins.",)),
        *((word, rb"[.\"'\s,]") for word in (b"runpy", b"importlib", b"ctypes")),
        # Libraries and files that loaders take in.
        *((word, rb'\w*"?\s*:') for word in (b"custom_ops_library", b"backend_path", b"model_lib")),
        *((word, rb'"?\s*:') for word in (b"megatron_core", b"custom_nodes", b"template_path")),
        *((word, rb's?"?\s*:\s*\[?\s*"[^"]*[/\\]') for word in (b"vocab_file", b"tokenizer_file")),
        *((word, rb's?"?\s*:\s*"[^"]*[/\\]') for word in (b"merges_file", b"speakers_file")),
        (b"model_file", rb'"?\s*:\s*"?[^"\n]{0,4096}\.py'),
        *(
            (word, rb"[\"']?\s*(?:[:=]|,?\s*\"?value\"?\s*:)")
            for word in (b"pythonstartup", b"bash_env", b"node_options")
        ),
        *(
            (word, rb'"?\s*[:=]')
            for word in (b"java_tool_options", b"httpsverify", b"reject_unauthorized")
        ),
        *(
            (word, rb"\w*[\"']?\s*[:=.]")
            for word in (b"serverapp", b"notebookapp", b"identityprovider")
        ),
        (b"docker.sock", rb""),
        (b"*", rb"(?<=[\s\[,{:-]\*)[\w-]+\s*(?:[,\]}\n\r#]|\Z)"),  # an alias of YAML
        (b"tojson(secrets", rb""),
        (b"repo:", rb"\s*http://"),
        (b"storage", rb'_?uri"?\s*:\s*"?(?:http|ftp)://'),
        (b"model", rb'_?uri"?\s*:\s*[\'"]?(?:http|ftp)://'),
        *((word, rb'"?\s*:') for word in (b"environment_tarball", b"kernel_mapping")),
        (b"trust-remote-code", rb""),
        (b'"types"', rb"\s*:\s*\{"),
        *((word, rb'"?\s*[:=]') for word in (b"ld_preload", b"dyld_insert_libraries")),
        # Orders to git and to ssh that stand in an address, and what is sent from a pipe.
        *((word, rb"") for word in (b"ext::", b"-oproxycommand", b"/.ssh/")),
        *((word, rb"") for word in (b"autoapprove", b"bypasspermissions", b"enableallprojectmcp")),
        *((word, rb'[^"\n]*@-') for word in (b"curl ",)),
        (b"/proc/", rb'[^\n"]{0,80}/mem'),
        (b"module_name", rb'"?\s*:\s*"?(?:os|subprocess|builtins|posix|importlib|runpy|pty)\b'),
        *((word, rb'"?\s*:') for word in (b"_module_path", b"user_dir", b"client-key-data")),
        (b'"constructor"', rb'\s*,\s*"(?:id|kwargs)"'),  # the word alone is a token of many
        (b"cap_add", rb'"?\s*:'),
        (b"contenturl", rb'"?\s*:\s*"(?:file:|/|\.\./)'),
        *((word, rb'"?\s*:') for word in (b"git.path", b"executablepath", b"interpreterpath")),
        *MARKS,
    )
)
# What stands behind words, and may be as long as the text: a string, a line, a longer word.
_RUNS = (
    (rb'(?:[^"\\]|\\.)*?', rb'(?:[^"\\]|\\.)*+'),
    (rb'[^"\n]*', rb'[^"\n]*+'),
    (rb"[\w-]*", rb"[\w-]*+"),
    (rb"[\w-]{8,}", rb"[\w-]*+"),
    (rb"\w*", rb"\w*+"),
)
# What few words have and texts of numbers consist of. Words are looked for first in the text
# without these bytes, each without them as well: where that is not found, the word is not there.
_THIN = b"0123456789 \t\r\n,[]"
# Bytes that most words have and most texts seldom: such a word is looked for only where one stands.
_ANCHORS = (b"_", b"-", b"/", b"{", b"(", b"\\", b"=", b".", b"w", b"")


def _words_with(anchor: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    for word, around in _TELLING:
        thin = word.translate(None, _THIN)
        if anchor == next(a for a in _ANCHORS if a in thin):
            yield thin, word, around


_BY_ANCHOR = tuple((anchor, tuple(_words_with(anchor))) for anchor in _ANCHORS)
_LONG = 1 << 14  # in less, looking is quicker than cutting
_REPEATED = 6  # pieces of the beginning to one that is new
# Marshalled code of Python in base 64, as Keras writes a function.
MARSHALLED = re.compile(rb"[4Y]w[A-Z]AAAAAAAA")
# In Base64: a pickle from protocol 2 on, once more, or what a compressor has made smaller.
PICKLED = re.compile(
    r"\s*(?:gA[I-X]|Z0F[KOST]|H4sI|QlpoO|/Td6WFo|e(?:J[w-z]|N[o-r]|AE|F[4-7]))[A-Za-z0-9+/_-]{13}"
)
_HOMES = re.compile(r"/home/|[/\\]Users[/\\]|\\Documents and Settings\\")
FLAVOURS = re.compile(rb"(?m)(?:^|\A\s*\{[^{}]*)[ \t]*[\"']?flavors[\"']?[ \t]*:")
_TAG = re.compile(rb"(?:^|[\s\[{,:-])!|%TAG", re.MULTILINE)
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
    tag = _TAG if source.label.endswith(_YAML_NAMES) else _SURE_TAG
    if shape is Shape.JSON:
        tag = _FLOW_TAG
    return any(_telling(piece, tag) for piece in _pieces(source))


def _pieces(source: Source) -> Iterator[bytes]:
    for at in range(0, source.size, _PIECE):
        yield source.read(at, _PIECE + _OVERLAP)


def _telling(piece: bytes, tag: re.Pattern[bytes]) -> bool:
    lower = piece.lower()
    text = _distinct(lower.translate(None, _THIN))
    for anchor, words in _BY_ANCHOR:
        near = _near(text, anchor, max(len(thin) for thin, _, _ in words)) if anchor else text
        met = ((word, around) for thin, word, around in words if thin in near)
        if any(_stands(word, around, lower) for word, around in met):
            return True
    if b"AAAAAAAA" in piece and MARSHALLED.search(piece):
        return True
    # To look for a few letters costs nothing; a vocabulary has megabytes.
    marked = tag is _TAG or b"!!" in piece or b"!<" in piece or b"%TAG" in piece
    return marked and tag.search(piece) is not None


def _stands(word: bytes, around: bytes, text: bytes) -> bool:
    """Tell whether a word stands in the text with what must stand around it.

    Where what follows a word runs to the end of a string, a line or a longer word, and does not
    fit, it fits for no other word of the same run: each run is looked at once.
    """
    form, run = _compiled(around), _run_of(around[len(re.escape(word)) :])
    if run is None:
        return form.search(text) is not None
    at = text.find(word)
    while at >= 0:
        if form.match(text, at):
            return True
        passed = run.match(text, at + len(word))
        at = text.find(word, max(at + 1, passed.end() if passed else 0))
    return False


def _run_of(around: bytes) -> re.Pattern[bytes] | None:
    """Return what may go on for long right behind a word; None where it is bounded."""
    for begin, run in _RUNS:
        if around.startswith(begin):
            return _compiled(run)
    return None


def _distinct(text: bytes) -> bytes:
    """Return what stands between quotes once each, where a model says the same again and again.

    No word has a quote but at its ends.
    """
    begin = text[:_LONG].split(b'"')
    if len(begin) < _REPEATED * len(set(begin)):
        return text
    return b'"%b"' % b'"'.join(dict.fromkeys(text.split(b'"')))


@cache
def _compiled(around: bytes) -> re.Pattern[bytes]:
    """Compile the surroundings of a word when it is met: few are, and all of them take 6 ms."""
    return re.compile(around)


def _near(text: bytes, anchor: bytes, reach: int) -> bytes:
    """Return what stands near the anchors of a text; a short text, or one full of them, whole."""
    if len(text) < _LONG:
        return text
    most = len(text) // (4 * reach)
    parts = text.split(anchor, most + 1)  # which finds them in less time than `count`
    if len(parts) > most + 1:
        return text
    return anchor.join(
        part if len(part) <= 2 * reach else part[:reach] + b"\0" + part[-reach:] for part in parts
    )


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
            gaps[:] = [] if not _is_yaml(source, kept) else gaps
            children.append(Child("text", lambda: _whole(source)))
    if not rows and sum(_is_template(s) for s in kept) > _TEMPLATES:
        gaps.append(gap(source, f"more than {_TEMPLATES} templates", GapKind.OVER_LIMIT))
    # Rows are data: nobody renders what stands in them.
    children += children_of(source, kept, templates=not rows)
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
    from modelwarden.formats.installs import ENVIRONMENT  # read only where something was told

    variables = (_set(source, s) for s in scalars if ENVIRONMENT.search(f"{s.key}={s.value[:500]}"))
    pickled = (_pickle(source, s) for s in scalars if PICKLED.match(s.value[:40]))
    return (
        *islice(rendered, _TEMPLATES),
        *islice(unseen, _UNSEEN),
        *islice(variables, _UNSEEN),
        *islice((one for one in pickled if one is not None), _UNSEEN),
    )


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
