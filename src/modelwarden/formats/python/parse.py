"""CPython's parser, fenced in: size, tokens and chains are bounded before it sees a text.

CPython itself bounds the nesting of brackets and blocks and the depth of its parser; what it does
not bound is memory for each token, and the time for a dotted name of thousands of parts.
"""

from __future__ import annotations

import ast
import re
import warnings

from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

TOKENS = 400_000
_TOKEN = re.compile(r"\w+|[^\w\s]")
_CHAIN = re.compile(r"(?:\.[ \t]*+\w++[ \t]*+){1000}")


def parse(text: str) -> ast.Module:
    """Return the syntax tree of a program.

    Raises:
        DamagedError: it is not Python for the version that runs us.
        LimitExceededError: it is too large or nested too deep to be parsed safely.
    """
    if len(text) > TOKENS and len(_TOKEN.findall(text)) > TOKENS:
        raise LimitExceededError("tokens of one Python file", TOKENS)
    if _CHAIN.search(text):
        raise LimitExceededError("parts of one dotted name", 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # After a syntax error CPython opens the file of this name: an empty one never exists.
            return ast.parse(text, filename="")
        except (RecursionError, MemoryError) as error:
            raise LimitExceededError("nesting of Python code", 1000) from error
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            where = f" (line {line})" if line else ""
            raise DamagedError(
                f"not Python: {str(getattr(error, 'msg', error))[:100]}{where}"
            ) from error
