"""What a shell command would do, as far as its words tell: attacks, and the few that only ask."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

_LONGEST = 20_000
_SPLIT = re.compile(r"\|\||&&|[|;&\n]|\bthen\b|\bdo\b")
_SHELLS = frozenset(
    "ash bash dash ksh sh zsh fish python python2 python3 perl ruby node php".split()
)
_ROOTS = re.compile(r"(?:/|~|\$HOME|\$\{HOME\}|[A-Za-z]:\\)(?:\*|/\*|\.)?")
_WRAPPERS = frozenset("sudo env nohup exec time nice setsid stdbuf timeout command builtin".split())
_QUOTES = re.compile(r"[\"'\\]")
# Short words that are put together again; longer values are data.
_ASSIGNED = re.compile(r"(?:^|[;&\s])([A-Za-z_]\w{0,20})=([\w./:-]{1,12})(?=[;&\s])")
_NAMES = 20
# `"I"+"EX"` and I`E`X of PowerShell, p^o^w of the shell of Windows.
_ADDED = re.compile(r"([\"'])\s*\+\s*\1")
_ESCAPES = re.compile(r"(?<=[A-Za-z])[`^](?=[A-Za-z])")
_PRIVATE_FILES = (
    r"(?:\.ssh(?:/(?!known_hosts)\w|/?(?=[\s|;&)]|$))|\.aws/credentials"
    r"|(?<=[~/])\.(?:aws|gnupg|kube|azure)/?(?=[\s|;&)]|$)|\.netrc\b|\.git-credentials|\.kube/config|\.npmrc\b"
    r"|\.pypirc\b|\.docker/config\.json|/etc/shadow|\.huggingface/token|huggingface/token"
    r"|\.config/gcloud|\.azure/|id_rsa\b|id_ed25519\b|Login Data\b|wallet\.dat|/proc/self/environ"
    r"|/var/run/secrets/|\.bash_history)"
)
SECRET_FILE = re.compile(_PRIVATE_FILES)
FETCHED = "runs what it has just fetched"
_FETCHES_AND_RUNS = frozenset((FETCHED,))
_STAYS = "arranges to run again, or to let somebody in"
# What each of these does; looked for in a command without its quotes.
_ATTACKS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), what)
    for pattern, what in (
        (
            r"(?:\b(?:sh|bash|eval|source)|(?:^|[\s;&|])\.)\s+(?:-c\s+|<<<\s*)?(?:\$\(|`|<\()\s*(?:curl|wget)\b",
            FETCHED,
        ),
        (
            r"\bpython[\d.]*\s+(?:-\S+\s+){0,4}-\w*c\s[^\n]{0,500}\bexec\s*\("
            r"[^\n]{0,500}\b(?:urlopen|urllib|requests\.get)\b",
            FETCHED,
        ),
        (r"\b(?:iwr|irm|downloadstring)\b[^\n]{0,500}\b(?:iex|invoke-expression)\b", FETCHED),
        (
            r"\b(?:iex|invoke-expression)\b[^\n]{0,500}\b(?:iwr|irm|downloadstring|downloadfile)\b",
            FETCHED,
        ),
        (
            r"\beval\s[^\n]{0,500}base64\s+(?:-d|-D|--decode)",
            "runs what it has just decoded",
        ),
        (
            r"\bcertutil(?:\.exe)?\s[^\n]{0,200}-urlcache|\bbitsadmin(?:\.exe)?\s[^\n]{0,200}/transfer"
            r"|\bmshta(?:\.exe)?\s+(?:https?|javascript|vbscript):|\bregsvr32\b[^\n]{0,200}/i:http"
            r"|\brundll32\b[^\n]{0,200}javascript:",
            "fetches or runs code by a tool of Windows",
        ),
        (
            r"(?:CreateObject|ActiveXObject)\s*\(\s*WScript\.Shell\s*\)\s*\.\s*(?:Run|Exec)\b",
            "starts programs from a page or a script of Windows",
        ),
        (
            r"\bSet-MpPreference\b[^\n]{0,300}-Disable\w+\s+\$?(?:true|1)|\bAdd-MpPreference\b[^\n]{0,300}-Exclusion"
            r"|\bamsiInitFailed\b|\bAmsiUtils\b|\bsetenforce\s+0\b|\b(?:systemctl|service)\s+(?:stop|disable)\s+(?:auditd|falco)",
            "switches off what guards the machine",
        ),
        (
            r"\[(?:System\.)?Reflection\.Assembly\]::Load\b[^\n]{0,500}(?:DownloadData|FromBase64String)"
            r"|(?:&\s*\(?\s*(?:IEX|Invoke-Expression)|\b(?:IEX|Invoke-Expression)\b)[^\n]{0,500}FromBase64String",
            "runs what it has just decoded",
        ),
        (
            r"Net\.Sockets\.TCPClient\b[^\n]{0,2000}\b(?:iex|invoke-expression)\b",
            "opens a shell to the network",
        ),
        (
            r"\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|downloadfile)\b[^\n]{0,300}?([\w.$:\\-]+\.(?:exe|bat|cmd|ps1|msi|scr|dll))\b"
            r"[^\n]{0,300}\b(?:start-process|saps|start|rundll32|regsvr32)\s+[^\n]{0,40}\1",
            FETCHED,
        ),
        (
            r"\bvssadmin(?:\.exe)?\s+delete\s+shadows|\b(?:del|rd|rmdir)\s+(?:/\w\s+){2,}[A-Z]:\\(?:\*|\s|$)",
            "deletes or overwrites",
        ),
        (
            r"\bdocker\s+run\b(?=[^\n;&|]*\s-(?:v|-volume)[ =]/:)"
            r"[^\n;&|]*(?:\bchroot|--privileged)\b",
            "gives a container the whole machine",
        ),
        (
            r"\bext::\S*(?:sh|bash)\b|-oProxyCommand=",
            "runs a command where an address is expected",
        ),
        (r"--checkpoint-action=exec", "runs a command where an archive is expected"),
        (
            r"/proc/[^\s/]{1,80}/(?:mem|maps)\b[^\n]{0,300}(?:isSecret|token|grep|base64)|\bgcore\s",
            "reads the memory of other programs",
        ),
        (
            r"\bgit\s+config\s+(?:--\S+\s+)*core\.(?:hooksPath|fsmonitor|sshCommand)\s+(?:/tmp|/dev/shm|/var/tmp|sh\s|bash\s|curl)"
            r"|\bgit\s+config\s+(?:--\S+\s+)*--(?:global|system)\s+(?:--\S+\s+)*core\.hooksPath\s+[^\s;&|]",
            _STAYS,
        ),
        (r"/dev/(?:tcp|udp)/", "opens a shell to the network"),
        (r"\bsocat\b[^\n]{0,500}\bexec:", "opens a shell to the network"),
        (
            rf"\b(?:curl|wget|scp|nc)\b[^|;&\n]{{0,500}}{_PRIVATE_FILES}",
            "sends credentials to the network",
        ),
        (
            r"\b(?:cat|head|tail|less|more|strings|xxd|base64)\s+(?:-\S+\s+){0,4}\S{0,200}"
            r"(?:\.ssh/id_\w+|id_rsa|id_ed25519|\.aws/credentials|\.git-credentials|/etc/shadow"
            r"|\.netrc|/var/run/secrets/\S+)(?=[\s|;&>]|$)",
            "shows credentials",
        ),
        (
            r"^(?!.*\becho\s+\$\{?\w+\}?\s*>).*>\s*[^\s>]{0,200}authorized_keys"
            # A user that the builder of an image names; a line computed from the file's own.
            r"|^(?!.*\becho\s+\$\{?\w+\}?\s+ALL=|.*\bsecure_path\b).*>\s*[^\s>]{0,200}/etc/sudoers"
            r"|>\s*[^\s>]{0,200}(?:/etc/cron[.\w/]*|/etc/ld\.so\.preload|/etc/passwd)"
            r"|\|\s*crontab\b|\bcrontab\s+(?!-l|-r)",
            _STAYS,
        ),
        (
            r"\b(?:LD_PRELOAD|DYLD_INSERT_LIBRARIES)="
            r"(?:[\w.-]+/|[^\s;&|]{0,80}?\$\{?PWD|\$\(pwd\)|\$\{workspaceFolder|/tmp/|/dev/shm/)",
            "puts a library from beside it into every program",
        ),
        (
            r"\b(?:perl|ruby|php|node|nodejs|lua)\s+(?:-\S+\s+){0,4}-\w*[er]\b[^\n]{0,2000}?"
            r"(?:\bsocket\b|fsockopen|TCPSocket|child_process)|\bg?awk\b[^\n]{0,500}/inet/tcp",
            "opens a connection in a program of one line",
        ),
        (
            r"\bchpasswd\b[^\n]{0,200}PermitRootLogin[ =]+yes",
            _STAYS,
        ),
        (
            r"\bfor\s+\w+\s+in\s[^\n]{0,300}"
            + _PRIVATE_FILES
            + r"[^\n]{0,300}\b(?:dig|nslookup|host|ping)\b",
            "sends credentials to the network",
        ),
        (
            r"\b(?:curl|wget)\b[^|;&\n]{0,500}(?:/run/secrets/|@/proc/|\bprintenv\b)",
            "sends credentials to the network",
        ),
        (r"\bxmrig\b|stratum\+(?:tcp|ssl)://", "mines a currency"),
        (
            r"\bchattr\s+\+i\b|\bhistory\s+-c\b|\bunset\s+HISTFILE\b",
            "hides its traces",
        ),
    )
)
_FETCHES = re.compile(r"\b(?:curl|wget|iwr|irm)\b|\bopenssl\s+s_client\b")
_TELLS = re.compile(r"^\s*(?:env|printenv|set)\b")
_UNPACKS = re.compile(
    r"\bbase64\s+(?:-d|-D|--decode)|\bxxd\s+-r|\bopenssl\s.*-d\b|(?:^|\s)rev\s*$|\bgpg\d?\s.*-d\b"
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
    r"(?:^|[|;&\n(`{]|\b(?:sudo|then|do|else|if|env|time|exec|nohup|command)\s|--\s)\s*(?:\w{1,50}=\S{0,200}\s+)*"
    r"((?:\S{0,200}/)?(?:curl|wget)\b[^|;&\n]*)"
)
_INTO = re.compile(r"\b(?:base64\s+(?:-d|-D|--decode)|xxd\s+-r)\b[^;&\n>]*>\s*([^\s;&|>]+)")
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
_WRITES = re.compile(r"\b(?:echo|printf|tee|sed|cat(?=[^|;&\n]*(?:<<|>>)))\b")
_OUTPUT = re.compile(r"(?:\s-\w*[oO]|--output(?:-document)?)[ =]?(\S+)")
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
)
_BROUGHT = frozenset(("fetched", "decoded"))
_SECRETS = frozenset(("the environment", "credentials", "files of the system"))
_STATEMENTS = re.compile(r"\|\||[;&\n]")

# Files whose content is run later, by a shell, by Python, by git, or lets somebody in.
RUNS_LATER = re.compile(
    r"\.(?:bashrc|zshrc|profile|bash_profile|zprofile)$|authorized_keys$|/etc/(?:cron|profile|init\.d)"
    r"|/cron\.|(?:site|user)customize\.py$|\.pth$|\.git/hooks/|LaunchAgents/|/systemd/|/autostart/"
)

# Programs that only tell about the system, and arguments with which others do.
_ASKS = frozenset(
    "uname which whereis where lscpu lsb_release nvidia-smi rocm-smi rocminfo getconf arch "
    "sw_vers cls clear tput stty locale nproc free df vcgencmd "
    "lspci dmidecode system_profiler ldconfig readelf file objdump otool ldd tty "
    "xcode-select pkg-config pg_config mpicc llvm-config hipconfig ver sysctl vm_stat cat".split()
)
_ASKING = frozenset(
    "--version -version -V -v version --help -h --info -dumpversion -dumpmachine "
    "-print-search-dirs -print-file-name --print-path --prefix --libs --cflags --show-toplevel "
    "-vV".split()
)
_GIT = frozenset(
    "rev-parse describe log status show diff ls-files config branch remote tag".split()
)


def attack_in(text: str) -> str | None:
    """Say what a command does that no model needs; None for anything else."""
    from modelwarden.artifacts.known.publishers import only_known

    for what in _attacks(text[:_LONGEST]):
        if what not in _FETCHES_AND_RUNS or not only_known(text[:_LONGEST]):
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
        name = output[1] if output else address.partition("?")[0].rpartition("/")[2]
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
    yield from (what for pattern, what in _ATTACKS if pattern.search(bare))
    for judge, form in (
        (_stays, bare),
        (_piped, bare),
        (_by_words, spelled),
        (_fetched, bare),
        (_unpacked, bare),
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
    """Tell whether a command adds more to the files of a shell than settings."""
    for statement in _STATEMENTS.split(text):
        found = _STARTS.search(statement)
        if found is None:
            continue
        written = statement[: found.start()]
        body = text if "<<" in statement else written
        if _HARMS.search(body) or not (_WRITES.search(text) or "|" in written):
            return _STAYS
    return None


def _piped(text: str) -> str | None:
    """Follow what is piped from one program to another."""
    if re.search(r"\bmkfifo\b", text) and re.search(r"\b(?:nc|ncat|netcat)\b", text):
        return "opens a shell to the network"
    for statement in _STATEMENTS.split(text):
        stages = statement.split("|")
        came: list[str] = []
        for stage in stages:
            if came and came[-1] in _BROUGHT and _IS_SHELL.match(stage):
                return FETCHED if came[-1] == "fetched" else "runs what it has just decoded"
            kept = [what for what in came if what in _SECRETS]
            if kept and _SENDS.search(stage):
                return f"sends {kept[-1]} to the network"
            came += [what for form, what in _BRINGS if form.search(stage)]
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
        name = (output[1] if output else words[-1]).rpartition("/")[2]
        if len(words) < 2 or not name:
            continue
        if not begins:
            ends = [found.end() for found in _SPLIT.finditer(text)]
            begins, steps = [0, *ends], [_step(part) for part in _SPLIT.split(text)]
        if _reached(steps[bisect_right(begins, command.end()) :], name):
            return FETCHED
    return None


def _starts(text: str, name: str) -> bool:
    """Tell whether a file of this name is started, and not only unpacked or looked at."""
    return _reached(map(_step, _SPLIT.split(text)), name)


# Whether a statement checks a file, and the names of files that it starts.
_Step = tuple[bool, tuple[str, ...]]


def _reached(steps: Iterable[_Step], name: str) -> bool:
    """Tell whether a file of this name is started before anything is checked."""
    for checks, names in steps:
        if checks:
            return False
        if name in names:
            return True
    return False


def _step(statement: str) -> _Step:
    if _CHECKED.search(statement):
        return True, ()
    words = statement.split()
    at = 0
    while at < len(words) and (words[at].rpartition("/")[2] in _WRAPPERS or "=" in words[at]):
        at += 1
    if at == len(words):
        return False, ()
    program = words[at]
    name = program.rpartition("/")[2]
    names = (name,) if "/" in program or "." not in name else ()
    if name in _RUNNERS:
        # What follows the program is what it is given: data, more often than not.
        given = next((word for word in words[at + 1 :] if not word.startswith("-")), "")
        names = (*names, given.rpartition("/")[2])
    return False, names


def _by_words(text: str) -> str | None:
    """Judge each program by its arguments."""
    for part in _SPLIT.split(text):
        words = part.split()
        while words and words[0].rsplit("/", 1)[-1] in _WRAPPERS:
            words = words[1:]
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
    return program.startswith("mkfs.") or program == "shred"


def _connects(program: str, words: list[str]) -> bool:
    if program in {"nc", "ncat", "netcat"}:
        return any(w in {"-e", "-c", "--exec"} for w in words)
    if program in {"powershell", "pwsh", "powershell.exe"}:
        return any(w.lower().startswith(("-e", "-enc")) for w in words[1:])
    return program in _SHELLS and any("/dev/tcp/" in w for w in words)


def only_asks(words: Sequence[str | None]) -> bool:
    """Tell whether a command only asks the system something; None is a word that is not known."""
    while words and words[0] in _WRAPPERS:
        words = words[1:]
    if not words or words[0] is None:
        return any(word in _ASKING for word in words)
    if any(word and re.search(r"[;|&`$<>\n]", word) for word in words):
        return False
    program = words[0].replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    if program == "git":
        return any(word in _GIT for word in words[1:])
    if program == "cat":
        return all(
            word and word.startswith(("/proc/", "/sys/", "/etc/os-release")) for word in words[1:]
        )
    return program in _ASKS or any(word in _ASKING for word in words[1:])
