"""Tags of YAML that ask a loader other than PyYAML's to call something or make an object."""

from __future__ import annotations

import re

_STANDARD = "tag:yaml.org,2002:"
_CALL = re.compile(
    r"!(new|name|apply|module|obj|pkl|pickle|import|func|call|eval|exec|python)[:/](.*)", re.DOTALL
)
_RUBY = re.compile(r"(?:!|tag:(?:yaml\.org,2002|ruby\.yaml\.org,2002):)ruby/")
_JAVA = re.compile(
    rf"{re.escape(_STANDARD)}(?:\[*)(?:javax?|org|com|net|io|sun|jdk|groovy|ch|me)\.[\w.$]+"
)
_PERL = re.compile(r"(?:!|tag:yaml\.org,2002:)perl/")
_EVALUATES = frozenset(("!eval", "!exec", "!python"))
_RUNS = frozenset("!command !cmd !shell !sh !bash !system !subprocess !popen".split())
_INCLUDES = re.compile(
    r"!(?:inc(?:lude)?|import|file|load|read|open|path|url|yaml|json|text|raw|extends?|base|merge|inherit)"
    r"(?:[_-]?(?:dir|file|yaml|json|text|raw|list|merge|named|content|url|secret|binary))*"
)
_JAVASCRIPT = re.compile(rf"{re.escape(_STANDARD)}js/function")
_NET = re.compile(r"!(?:<!)?System\.[\w.]+|tag:yaml\.org,2002:System\.[\w.]+")


def called(tag: str) -> tuple[str, str]:
    """Return the kind of a calling tag and the dotted name in it; two empty texts for others.

    >>> called("!apply:os.system")
    ('apply', 'os.system')
    """
    found = _CALL.match(tag)
    return (found[1], found[2].strip()) if found else ("", "")


def evaluates(tag: str) -> bool:
    """Tell whether a tag says that its value is code."""
    return tag in _EVALUATES


def runs(tag: str) -> bool:
    """Tell whether a tag says that its value is a command."""
    return tag.lower() in _RUNS


def includes(tag: str) -> bool:
    """Tell whether a tag says that its value is a file to be read in its place."""
    return _INCLUDES.fullmatch(tag.lower()) is not None


def foreign(tag: str) -> str | None:
    """Return the language whose loader would make an object of this tag."""
    if _RUBY.match(tag):
        return "Ruby"
    if _JAVA.match(tag):
        return "Java"
    if _PERL.match(tag):
        return "Perl"
    if _JAVASCRIPT.match(tag):
        return "JavaScript"
    return ".NET" if _NET.match(tag) else None
