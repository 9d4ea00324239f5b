"""What a shell command would do that no model needs, as far as its words tell."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice

from modelwarden.artifacts.known.attacks import (
    ATTACKS,
    FETCHED,
    FETCHERS,
    SCHEDULES,
    SECRET_FILE,
    STAYS,
)
from modelwarden.artifacts.known.pipelines import pipelines

_LONGEST = 20_000
_FETCHES_AND_RUNS = frozenset((FETCHED,))
_SPLIT = re.compile(r"\|\||&&|[|;&\n]|\bthen\b|\bdo\b")
_SHELLS = frozenset(
    "ash bash dash ksh sh zsh fish python python2 python3 perl ruby node php".split()
)
_ROOTS = re.compile(r"(?:/|~|\$HOME|\$\{HOME\}|[A-Za-z]:\\)(?:\*|/\*|\.)?")
WRAPPERS = frozenset("sudo env nohup exec time nice setsid stdbuf timeout command builtin".split())
_QUOTES = re.compile(r"[\"'\\]")
# Short words that are put together again; longer values are data.
_ASSIGNED = re.compile(r"(?:^|[;&\s])([A-Za-z_]\w{0,20})=([\w./:-]{1,12})(?=[;&\s])")
_NAMES = 20
# `"I"+"EX"` and I`E`X of PowerShell, p^o^w of the shell of Windows.
_ADDED = re.compile(r"([\"'])\s*\+\s*\1")
_ESCAPES = re.compile(r"(?<=[A-Za-z])[`^](?=[A-Za-z])")
_FETCHES = re.compile(
    rf"\b(?:{FETCHERS}|iwr|irm)\b|\bopenssl\s+s_client\b|^\s*(?:busybox\s+)?fetch\s+-\w*o"
    r"|^\s*https?\s+(?:\w+\s+)?https?://"
)
_TELLS = re.compile(r"^\s*(?:env|printenv|set)\b")
_UNPACKS = re.compile(
    r"\bbase(?:64|32)\s+(?:-d|-D|--decode)|\bxxd\s+-r|\bopenssl\s.*-d\b|(?:^|\s)rev\s*$|\bgpg\d?\s.*-d\b"
    r"|\bprintf\s[^|]*x[0-9a-f]{2}x?[0-9a-f]{2}"
)
_SENDS = re.compile(r"\b(?:curl|wget|nc|ncat|netcat)\b")
_IS_SHELL = re.compile(
    r"\s*(?:sudo\s+(?:-\w+\s+)*)?(?:\S*/)?(?:env\s+|busybox\s+)?(?:(?:ba|z|da|k|a)?sh\b"
    r"|xargs\s[^|]*\b(?:ba|z|da)?sh\s+-c\b"
    r"|(?:python[\d.]*|perl|ruby|node|php)\s*(?:-(?:\s|$)|$))"
)
# In the place of a command: packages of these names are installed, too.
_DOWNLOAD = re.compile(
    r"(?:^|[|;&\n(`{]|\b(?:sudo|then|do|else|if|env|time|exec|nohup|command|sh\s+-\w{0,4}c)\s|--\s)[^\S\n]*"
    r"(?:\w{1,50}=\S{0,200}[^\S\n]+){0,20}"
    rf"((?:\S{{0,200}}/)?(?:{FETCHERS})\b[^|;&\n]*)"
)
_INTO = re.compile(r"\b(?:base64\s+(?:-d|-D|--decode)|xxd\s+-r)\b[^;&\n>]*>\s*([^\s;&|>]+)")
_PACKS = re.compile(r"\b(?:tar|zip|7z|7za)\s[^|;&\n]{1,500}")
_WHOLE = re.compile(
    r"\s(?:~|\$\{?HOME\}?|/home(?:/[\w.-]+)?|/root|/Users(?:/[\w.-]+)?|/content/drive(?:/MyDrive)?|/etc"
    r"|/mnt|/)/?\*?(?=\s|$)"
)
_UPLOADS = re.compile(
    r"\bcurl\b[^|;&\n]{0,300}?(?:@|\s-T\s*|--upload-file[ =])([^\s;|&]+)"
    r"|\bwget\b[^|;&\n]{0,300}?--(?:post|body)-file[ =]([^\s;|&]+)"
    r"|\b(?:scp|rsync)\s(?:-\S+\s){0,5}([^\s;|&]+)\s[^\s;|&]+:"
)
_HOLDS = re.compile(r"(?:^|[;&\s])([A-Za-z_]\w{0,40})=(?:\$\(|`)([^\n;&]{0,500})")
_FORKS = re.compile(
    r"(?<![\w:.])([\w:.]{1,60})\s{0,9}\(\)\s{0,9}\{\s{0,9}\1\s{0,9}\|\s{0,9}\1\s{0,9}&\s{0,9}\}\s{0,9};\s{0,9}\1"
)
_TEED = re.compile(r"\s*\|\s*(?:sudo\s+)?tee\s+(?:-\w+\s+)*([^\s;|&>]+)")
_OPENS = re.compile(r"=\s*(?:\$\(|`)(?=\w)")
_RENAMES = frozenset(("cp", "ln", "mv", "install"))
_DOWNLOADS = 20
_NAMED = 300
_CODE_HOSTS = re.compile(
    r"https://(?:(?:raw|gist|objects)\.githubusercontent\.com|github\.com|gitlab\.com|bitbucket\.org"
    r"|huggingface\.co|hf\.co|codeberg\.org|sourceforge\.net)/",
    re.IGNORECASE,
)
_RUNNERS = _SHELLS | frozenset(("source", ".", "perl", "start", "setsid"))
_CHECKED = re.compile(
    r"\b(?:sha(?:1|224|256|384|512)|md5|b2|shasum)(?:sum)?\b[^|;&\n]*\s(?:-\w*c\b|--check\b|--status\b)"
    r"|\bgpg\d?\s[^|;&\n]*--verify\b|\bcosign\s+verify|\bopenssl\s+dgst\s[^|;&\n]*-verify"
)
# Where a shell looks when it starts, and what people write there.
_STARTS = re.compile(
    r"(?:>|\btee\s+(?:-\w+\s+)*)\s*[^|;&\n]{0,200}(?:bashrc|zshrc|zshenv|\.profile|/etc/profile"
    r"|\.bash_profile|\.zprofile|config\.fish)\b"
)
_HARMS = re.compile(
    r"\b(?:curl|wget|nc|ncat|socat|nohup|setsid|base64|xxd|crontab)\b|/dev/tcp|/tmp/|/dev/shm|&\s*$"
    r"|\b(?:python[\d.]*|perl|ruby|sh|bash)\s+-\w*[ce]\b(?!\s*echo\b)|(?:^|[\s;])\./"
)
# By these a line, or a file of the folder, is put there, to be judged by its words.
_WRITES = re.compile(r"\b(?:echo|printf|tee|sed|cat(?=[^|;&\n]{0,200}(?:<<|>>)))\b")
_OFTEN = re.compile(r"(?:\*\s+){4}\*|@reboot\b")
_LISTS = re.compile(r"\bcrontab(?:\s+-l)?")
_HIDDEN = re.compile(r"/\.(?!/|venv|local/|conda|pyenv|nvm|config/)\w|\bnohup\b")
_OUTPUT = re.compile(r"(?:\s-(?!source\b)\w*[oO]|--output(?:-document)?)[ =]?(\S+)|\s>\s*([^\s>]+)")
_BRINGS = (
    (_TELLS, "the environment"),
    (SECRET_FILE, "credentials"),
    (
        re.compile(
            r"169\.254\.169\.254/(?:latest/)?(?:meta-data/iam|user-data|metadata/identity)"
            r"|metadata\.google\.internal\S*/token"
        ),
        "credentials",
    ),
    (re.compile(r"/etc/(?:passwd|group|hosts|ssh/)"), "files of the system"),
    (_FETCHES, "fetched"),
    (_UNPACKS, "decoded"),
    (
        re.compile(
            r"^\s*(?:tail\s+-c|dd\s[^|]*\bif=|strings\s|unzip\s+-p|sed\s+-n\s[^|]*\.(?:md|txt)\b)"
        ),
        "taken out",
    ),
)
_BROUGHT = {
    "fetched": FETCHED,
    "decoded": "runs what it has just decoded",
    "taken out": "runs what it takes out of another file",
}
_SECRETS = frozenset(("the environment", "credentials", "files of the system"))
_STATEMENTS = re.compile(r"\|\||[;&\n]")

_PARTED = re.compile(r"(\|\||&&|[;\n])")
# Files whose content is run later, by a shell, by Python, by git, or lets somebody in.
RUNS_LATER = re.compile(
    r"\.(?:bashrc|zshrc|profile|bash_profile|zprofile)$|authorized_keys$|/etc/(?:cron|profile|init\.d)"
    r"|/cron\.|(?:site|user)customize\.py$|\.pth$|\.git/hooks/|LaunchAgents/|/systemd/|/autostart/"
)


def attack_in(text: str) -> str | None:
    """Say what a command does that no model needs; None for anything else."""
    from modelwarden.artifacts.known.publishers import only_known

    shown = text[:_LONGEST]
    for what in _attacks(shown):
        if what not in _FETCHES_AND_RUNS:
            return what
        if only_known(shown):
            continue
        # What comes from a known publisher is fetched beside other things, and these are not run.
        others = "".join(part for part in _PARTED.split(shown) if not only_known(part))
        if len(others) == len(shown) or FETCHED in _attacks(others):
            return what
    return None


def downloads_in(text: str) -> str:
    r"""Return what a command downloads, as lines for the commands that follow, and what it checks.

    >>> downloads_in("wget -q http://x.invalid/a.sh && ls")
    'curl -o a.sh http://x.invalid/a.sh\n'
    """
    kept = ""
    bare = _QUOTES.sub("", _spelled(text[:_LONGEST]))
    for command in islice(_DOWNLOAD.finditer(bare), _DOWNLOADS):
        address = next((word for word in command[1].split() if "://" in word), "")
        output = _OUTPUT.search(command[1])
        given = (output[1] or output[2]) if output else ""
        name = given or address.partition("?")[0].rpartition("/")[2]
        # Projects show their own scripts where they keep their code: people fetch and start them.
        if address and name and name != "-" and not _CODE_HOSTS.match(address):
            kept += f"curl -o {name[:_NAMED]} {address[:_NAMED]}\n"
    return kept + "".join(f"{one[0]}\n" for one in islice(_CHECKED.finditer(bare), _DOWNLOADS))


def starts_download(earlier: str, text: str) -> bool:
    """Tell whether a command starts what one before it has fetched from a stranger, unchecked."""
    from modelwarden.artifacts.known.publishers import only_known

    if not earlier:
        return False
    bare = _QUOTES.sub("", _spelled(text[:_LONGEST]))
    begun = {name for part in _SPLIT.split(bare) for name in _step(part)[1] if name}
    if not any(f" {name} " in earlier or f"/{name} " in earlier for name in begun):
        return False
    return not only_known(earlier) and _fetched(earlier + bare) is not None


def installs(text: str) -> bool:
    """Tell whether a command runs what it fetched, all of it from publishers known for that."""
    from modelwarden.artifacts.known.publishers import only_known

    shown = text[:_LONGEST]
    return any(what in _FETCHES_AND_RUNS for what in _attacks(shown)) and only_known(shown)


def _attacks(shown: str) -> Iterator[str]:
    """Yield what a command does, in the order of what it would be told for."""
    spelled = _spelled(shown)
    bare = _QUOTES.sub("", spelled)
    yield from (what for pattern, what in ATTACKS if pattern.search(bare))
    if _FORKS.search(bare):
        yield "starts itself until the machine stops"
    for judge, form in (
        (_stays, spelled),
        (_piped, bare),
        (_by_words, spelled),
        (_fetched, bare),
        (_unpacked, bare),
        (_held, bare),
        (_packed, bare),
    ):
        what = judge(form)
        if what is not None:
            yield what


def _spelled(text: str) -> str:
    """Return a command as its shell would read it, where words were taken apart.

    >>> _spelled("a=cu;b=rl;$a$b${IFS}-s x")
    'a=cu;b=rl;curl -s x'
    """
    if "$" in text:
        text = text.replace("${IFS}", " ").replace("$IFS", " ")
        for name, value in _ASSIGNED.findall(text)[:_NAMES]:
            text = re.sub(rf"\${name}(?!\w)|\$\{{{name}\}}", value, text)
    if "+" in text:
        text = _ADDED.sub("", text)
    return _ESCAPES.sub("", text) if "`" in text or "^" in text else text


def _stays(text: str) -> str | None:
    """Tell whether a command adds more to the files of a shell than settings.

    What a schedule runs is told where it also fetches, decodes, or lies where nobody looks.
    """
    bare = _QUOTES.sub("", text)
    rest = _LISTS.sub("", SCHEDULES.sub("", bare))
    if SCHEDULES.search(bare) and any(one.search(rest) for one in (_HARMS, _HIDDEN, _OFTEN)):
        return STAYS
    if _STARTS.search(text) is None:
        return None
    harms, writes = cache(_HARMS.search), cache(_WRITES.search)
    for pipeline in pipelines(text):
        statement = "|".join(stage.bare for stage in pipeline)
        found = _STARTS.search(statement)
        if found is None:
            continue
        written = statement[: found.start()]
        body = text if "<<" in statement else written
        if harms(body) or not (writes(text) or "|" in written):
            return STAYS
    return None


def _piped(text: str) -> str | None:
    """Follow what is piped from one program to another."""
    if re.search(r"\bmkfifo\b", text) and re.search(
        r"\b(?:nc|ncat|netcat|telnet|openssl\s+s_client)\b", text
    ):
        return "opens a shell to the network"
    for statement in _STATEMENTS.split(text):
        stages = statement.split("|")
        came: list[str] = []
        for stage in stages:
            if came and came[-1] in _BROUGHT and _IS_SHELL.match(stage):
                return _BROUGHT[came[-1]]
            kept = [what for what in came if what in _SECRETS]
            if kept and _SENDS.search(stage):
                return f"sends {kept[-1]} to the network"
            came += [what for form, what in _BRINGS if form.search(stage)]
    return None


def _packed(text: str) -> str | None:
    """Follow an archive of somebody's files from where it is made to where it is sent."""
    made = [one[0] for one in islice(_PACKS.finditer(text), _DOWNLOADS)]
    for found in islice(_UPLOADS.finditer(text), _DOWNLOADS if made else 0):
        name = next(part for part in found.groups() if part).rpartition("/")[2]
        if name and any(f"{name} " in f"{one} " and _WHOLE.search(one) for one in made):
            return "sends somebody's files to the network"
    return None


def _held(text: str) -> str | None:
    """Follow what is fetched into a variable to where that is evaluated."""
    for found in islice(_HOLDS.finditer(text), _DOWNLOADS):
        if _FETCHES.search(found[2]) and re.search(
            rf"(?:\beval|\b(?:ba|z|da)?sh\s+-c|<<<)\s*\$\{{?{found[1]}\b"
            rf"|\b(?:echo|printf)\b[^\n|;&]{{0,80}}\$\{{?{found[1]}\b[^\n|;&]{{0,80}}\|\s*(?:ba|z|da)?sh\b",
            text[found.end() :],
        ):
            return FETCHED
    return None


def _unpacked(text: str) -> str | None:
    """Follow a file from where it is decoded to the place where it is started."""
    for found in islice(_INTO.finditer(text), _DOWNLOADS):
        if _starts(text[found.end() :], found[1].rpartition("/")[2]):
            return "runs what it has just decoded"
    return None


def _fetched(text: str) -> str | None:
    """Follow a file from its download to the place where it is started, unless it is checked."""
    begins: list[int] = []
    steps: list[_Step] = []
    for command in islice(_DOWNLOAD.finditer(text), _DOWNLOADS):
        output = _OUTPUT.search(command[1])
        words = command[1].split()
        teed = _TEED.match(text, command.end())
        given = teed[1] if teed else (output[1] or output[2]) if output else ""
        name = _saved(words, given)
        if not name:
            continue
        if not begins:
            ends = [found.end() for found in _SPLIT.finditer(text)]
            begins, steps = [0, *ends], [_step(part) for part in _SPLIT.split(text)]
        if _reached(steps[bisect_right(begins, command.end()) :], name):
            return FETCHED
    return None


def _saved(words: Sequence[str], output: str) -> str:
    """Return the name under which a program keeps what it fetches."""
    if len(words) < 2:
        return ""
    address = next((word for word in words if "://" in word), "")
    # `lwp-download` takes the name behind the address; to the others `-P` names a folder.
    behind = words[-1] if "://" in words[-2] else ""
    name = output or behind or address.partition("?")[0] or words[-1]
    return name.rpartition("/")[2]


def _starts(text: str, name: str) -> bool:
    """Tell whether a file of this name is started, and not only unpacked or looked at."""
    return _reached(map(_step, _SPLIT.split(text)), name)


# Whether a statement checks a file, the names of files that it starts, and what it calls anew.
_Step = tuple[bool, tuple[str, ...], tuple[str, str] | None]


def _reached(steps: Iterable[_Step], name: str) -> bool:
    """Tell whether a file of this name is started before anything is checked."""
    known = {name}
    for checks, names, renamed in steps:
        if checks:
            return False
        if not known.isdisjoint(names):
            return True
        if renamed is not None and renamed[0] in known:
            known.add(renamed[1])
    return False


def _step(statement: str) -> _Step:
    if _CHECKED.search(statement):
        return True, (), None
    words = statement.split()
    at = 0
    while at < len(words) and (words[at].rpartition("/")[2] in WRAPPERS or "=" in words[at]):
        if (inner := _OPENS.search(words[at])) is not None:
            break  # a value that a command makes: that is what is started
        at += 1
    else:
        inner = None
    if at == len(words):
        return False, (), None
    program = words[at] if inner is None else words[at][inner.end() :]
    name = program.rpartition("/")[2]
    names = (name,) if "/" in program or "." not in name else ()
    if name in _RUNNERS:
        # What follows the program is what it is given: data, more often than not.
        given = next((word for word in words[at + 1 :] if not word.startswith("-")), "")
        names = (*names, given.rpartition("/")[2])
    renamed = None
    if name in _RENAMES and len(places := [w for w in words[at + 1 :] if w[0] != "-"]) == 2:
        renamed = (places[0].rpartition("/")[2], places[1].rpartition("/")[2])
    return False, names, renamed


def _by_words(text: str) -> str | None:
    """Judge each program by its arguments."""
    for part in _SPLIT.split(text):
        words = part.split()
        while words and words[0].rsplit("/", 1)[-1] in WRAPPERS:
            words = words[1:]
        if words[:1] == ["trap"]:  # what it is given runs when the script ends
            words = [word.strip("\"'") for word in words[1:]]
        if not words:
            continue
        program = words[0].rsplit("/", 1)[-1].lower()
        if _destroys(program, words[1:]):
            return f"deletes or overwrites ({program})"
        if _connects(program, words):
            return f"opens a shell to the network ({program})"
    return None


def _destroys(program: str, arguments: list[str]) -> bool:
    if program == "rm":
        flags = "".join(a for a in arguments if a.startswith("-"))
        wide = any(_ROOTS.fullmatch(a) for a in arguments)
        return wide and ("r" in flags.lower())
    if program == "dd":
        return any(a.startswith("of=/dev/") and a != "of=/dev/null" for a in arguments)
    if program == "shred":  # of single files it tidies up
        return any(_ROOTS.fullmatch(a) or a.startswith("/dev/") or "*" in a for a in arguments)
    return program.startswith("mkfs.")


def _connects(program: str, words: list[str]) -> bool:
    if program in {"nc", "ncat", "netcat"}:
        return any(w in {"-e", "-c", "--exec"} for w in words)
    if program in {"powershell", "pwsh", "powershell.exe"}:
        return any(w.lower().startswith(("-e", "-enc")) for w in words[1:])
    return program in _SHELLS and any("/dev/tcp/" in w for w in words)
