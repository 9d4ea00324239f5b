"""Jinja's own parser, fenced in: size, tokens and nesting are bounded before it runs.

The environment only lexes and parses. It knows the tags that chat templates use (`generation`,
`break`, `continue`, `do`, `trans`); nothing is compiled or rendered.
"""

from __future__ import annotations

import warnings
from functools import cache

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

# One template; the largest published chat templates are about 30 KB.
SIZE = 256 * 1024
TOKENS = 100_000
NESTING = 50
_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
# `set` opens a block only without `=`; nested ones are left to Python's own bound on recursion.
_BLOCKS = frozenset("if for macro call filter with block autoescape trans generation".split())
_ENDS = frozenset(f"end{name}" for name in _BLOCKS)


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}`: marks the assistant's tokens in chat templates."""

    tags = {"generation"}  # noqa: RUF012 -- the base class's own attribute

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Hand on the body as it is."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701 -- parses only, renders nothing
        extensions=[_Generation, "jinja2.ext.do", "jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
        trim_blocks=True,
        lstrip_blocks=True,
    )


def parse(text: str) -> nodes.Template:
    """Return the syntax tree of one template.

    Raises:
        DamagedError: Jinja does not accept it, so neither would a loader.
        LimitExceededError: too long or nested too deep to be parsed safely.
    """
    if len(text) > SIZE:
        raise LimitExceededError("characters of one template", SIZE)
    with warnings.catch_warnings():
        # Odd escapes in a template's strings warn; they are the template's business.
        warnings.simplefilter("ignore")
        try:
            _check_nesting(text)
            # Not `Environment.parse`: it executes code to rewrite the traceback of an error.
            return Parser(_environment(), text).parse()
        except TemplateError as error:
            why = f"not a Jinja template: {str(error.message)[:120]!r}"
            raise DamagedError(why, _offset(text, getattr(error, "lineno", 1))) from error
        except RecursionError as error:
            raise LimitExceededError("nesting of a template", NESTING) from error
        except (ValueError, ArithmeticError, AssertionError) as error:
            raise DamagedError(f"not a Jinja template: {str(error)[:120]!r}") from error


def _check_nesting(text: str) -> None:
    brackets = blocks = prefixes = choices = 0
    begun = False
    for count, (_, token, value) in enumerate(_environment().lexer.tokeniter(text, None)):
        if count > TOKENS:
            raise LimitExceededError("tokens of one template", TOKENS)
        if token == "whitespace":  # noqa: S105 -- a kind of token
            continue
        if begun and token == "name":  # noqa: S105 -- a kind of token
            blocks += (value in _BLOCKS) - (value in _ENDS)
        begun = token == "block_begin"  # noqa: S105 -- a kind of token
        if token == "operator":  # noqa: S105 -- a kind of token
            brackets += (value in _OPENING) - (value in _CLOSING)
        prefixes = prefixes + 1 if value in {"not", "-", "+"} else 0
        choices = choices + (value == "else") if not token.endswith("_end") else 0
        if max(brackets, blocks, prefixes, choices) > NESTING:
            raise LimitExceededError("nesting of a template", NESTING)


def _offset(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return len(text[:at].encode(errors="surrogatepass"))
