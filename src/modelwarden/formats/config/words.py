"""The words that tell that a configuration holds more than plain data, found in little time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from modelwarden.formats.tokens import ISSUED
from modelwarden.formats.unseen import MARKS

# A word that costs nothing to look for, and what must stand around it: a vocabulary has every word
# as a token, and code tokens like `{{` alone. Both in lower case.
_KEY = rb'[\w-]*"?\s*:\s*[^\s\d]'
# What a fetcher is told, in the same string: an option, an address, a name of a host, a variable.
# In the merges of a vocabulary words stand before a space as well.
_ASKED = rb'[^"\n]{0,300}?(?:-\w|://|\w\.\w|\$)'
# Commands that a rule may judge; whatever stands behind the longer ones.
_COMMANDS = (
    *((word, _ASKED) for word in (b"curl ", b"wget ", b"aria2c ")),
    *((word, rb"(?<![a-z]%b)%b" % (word, _ASKED)) for word in (b"axel ", b"iwr ", b"irm ")),
    *((word, rb"") for word in (b"lwp-", b"base64 -", b"base32 -")),
    *((word, rb"-") for word in (b"lynx ", b"w3m ", b"fetch ", b"scp ", b"rsync ", b"xxd ")),
    *((word, rb"") for word in (b"downloadstring", b"invoke-", b"certutil")),
    *((word, rb"") for word in (b"bitsadmin", b"mshta", b"regsvr32", b"rundll32", b"vssadmin")),
    *((word, rb"") for word in (b"wscript.shell", b"mppreference", b"amsiutils", b"amsiinit")),
    *((word, rb"") for word in (b"tcpclient", b"frombase64string", b"reflection.assembly")),
    *((word, rb"(?:\.exe)?\s[^\"\n]*-e") for word in (b"powershell", b"pwsh")),
    *((word, rb'[^"\n]*-[ec]\b') for word in (b"nc ", b"ncat ", b"netcat ")),
    *((word, rb"\s") for word in (b"| nc", b"|nc", b"mkfifo", b"crontab", b"socat")),
    (b"shred", rb"\s+-"),
    (b"|", rb"\s*(?:sudo\s+)?(?:/\w{1,20}/(?:\w{1,20}/)?)?(?:(?:ba|z|da|k)?sh|python[\d.]*)\b"),
    (b"|:", rb"&"),
    *((word, rb"") for word in (b"authorized_keys", b"/etc/sudoers", b"ld.so.preload")),
    *((word, rb"") for word in (b"/etc/cron", b"/etc/passwd", b"/etc/shadow", b"id_ed25519")),
    *((word, rb"") for word in (b"id_rsa", b".aws/", b".netrc", b".git-credentials", b".pypirc")),
    *((word, rb"") for word in (b".kube/", b".docker/config", b"/proc/self/environ", b".gnupg")),
    *((word, rb"(?<=[./_~]%b)" % word) for word in (b"bashrc", b"zshrc", b"zshenv")),
    *((word, rb"") for word in (b".profile", b"config.fish")),
    *((word, rb"\s") for word in (b"useradd", b"usermod", b"adduser", b"chpasswd", b"gcore")),
    *((word, rb"\s*[+0-]") for word in (b"chattr", b"setenforce", b"history")),
    *((word, rb"") for word in (b"histfile", b"xmrig", b"stratum+", b"docker run", b"s_client")),
    *((word, rb"") for word in (b"checkpoint-action", b"core.hookspath", b"core.fsmonitor")),
    *((word, rb"") for word in (b"core.sshcommand", b"/inet/tcp", b"/run/secrets/")),
    *((word, rb"") for word in (b"aws s3", b"gsutil", b"rclone", b"nslookup", b"npx ", b"uvx ")),
    *((word, rb"") for word in (b"deno run", b"go run", b"go install", b"pipx run")),
    *((word, rb"") for word in (b"/etc/hosts", b"git push", b"json.stringify(process")),
    *(
        (word, rb"")
        for word in (b"sslverify", b"strict-ssl", b"ssl_verify", b"dist-packages/", b"insteadof")
    ),
    *((word, rb"") for word in (b"/models--", b"site-packages/", b"drill ")),
    *((word, rb"[ =]") for word in (b"index-url", b"--trusted-host", b"--find-links")),
    (b"refs/pull/", rb"\$"),
    (b"http://", rb"[^\s\"']{1,300}\.(?:pkl|pickle|joblib|dill)\b"),
    *((word, rb"\s+\S") for word in (b"-exec", b"-execdir", b"config set")),
    (b"git ", rb'(?:diff|archive|bundle|format-patch|show)\b[^"\n]{0,200}\|'),
    (b"rscript", rb"(?<![a-z]rscript)\s+\S"),
    *((word, rb"\s*(?:\$|`)") for word in (b"dig ",)),
    (b"ssh ", rb'(?:[^"\n]{0,200}\s)?-\w*r\s'),
    (b"/dev/", rb"(?:tcp/|udp/|sd|nvme|vd)"),
    (b"mkfs.", rb"\w"),
    *((word, rb"[\d.]*\s[^\"\n]{0,200}-\w*[cer]\s") for word in (b"python", b"perl", b"ruby")),
    *((word, rb"\s[^\"\n]{0,200}-\w*[er]\s") for word in (b"php", b"node", b"nodejs", b"lua")),
    (b"pip", rb"\d?\s+install\s[^\"\n]*?(?:-i\s|--index|--extra|--find|://)"),
    *((word, rb"(?:nstall)?\s[^\"\n]{0,300}?://") for word in (b"npm i", b"npm add", b"yarn add")),
)
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
        *_COMMANDS,
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
        *((one.mark.lower().encode(), rb"[\w.=+/-]{10}") for one in ISSUED),
        *((word, rb"[\w-]{20}") for word in (b"pplx-", b"pcsk_", b"lsv2_", b"ntn_", b"sbp_")),
        *((word, rb"[\w-]{20}") for word in (b"figd_", b"glsa_", b"hvs.", b"sq0csp-", b"sq0atp-")),
        *((word, rb"[\w.~-]{20}") for word in (b"8q~", b"ltai", b"akid")),
        (b"sig=", rb"[a-z0-9%]{40}"),
        (b"bearer ", rb"[a-z0-9_.~+/-]{40}"),
        *((word, rb"[0-9a-f]{32}") for word in (b"key-", b"sk")),
        (b"pat", rb"[a-z0-9]{14}\.[0-9a-f]{64}"),
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
        (b"remote:", rb"\s*[\"']?http://"),
        (b"shell:", rb"\s*[\"']?python"),
        *(
            (word, rb"[^\"\n]{0,300}[|$]")
            for word in (b"print-access-token", b"get secret", b"auth token")
        ),
        (b"#!/usr/bin/", rb"(?:env\s+)?python"),
        *((word, rb"") for word in (b"nsenter", b"release_agent", b"/environ", b"@shell")),
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
        # Objects of Java and .NET in Base64, of node-serialize, and the classes of .NET.
        *((word, rb"") for word in (b"ro0abx", b"aaeaaad/////", b"_$$nd_func$$_")),
        (b'"$type"', rb'\s*:\s*"(?:system|microsoft)\.'),
        *(
            (word, rb'\s*:\s*"(?:com|org|javax?|ch|net|bsh)\.')
            for word in (b'"@type"', b'"@class"')
        ),
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
TAG = re.compile(rb"(?:^|[\s\[{,:-])!|%TAG", re.MULTILINE)
# Marshalled code of Python in base 64, as Keras writes a function.
# A pickle as hexadecimal digits, or in an alphabet of 85 letters.
# Sought by what they begin with, which costs half of a look at each string; those of gzip are left
# to the texts of the other formats.
_BEGUN = (b'"800', b'"fC', b'"c$', b'"<~', b'"J-', b"\\\\x80\\\\x0")
_LETTERED = re.compile(rb'"(?:800[2-5]|fC|c\$|<~|J-)[!-~]{22}|\\\\x80\\\\x0[2-5]')
MARSHALLED = re.compile(rb"[4Y]w[A-Z]AAAAAAAA")


def telling(piece: bytes, tag: re.Pattern[bytes]) -> bool:
    """Tell whether a piece of a text has anything in it that a rule looks at."""
    lower = piece.lower()
    text = _distinct(lower.translate(None, _THIN))
    for anchor, words in _BY_ANCHOR:
        near = _near(text, anchor, max(len(thin) for thin, _, _ in words)) if anchor else text
        met = ((word, around) for thin, word, around in words if thin in near)
        if any(_stands(word, around, lower) for word, around in met):
            return True
    if b"AAAAAAAA" in piece and MARSHALLED.search(piece):
        return True
    if any(word in piece for word in _BEGUN) and _LETTERED.search(piece):
        return True
    # To look for a few letters costs nothing; a vocabulary has megabytes.
    marked = tag is TAG or b"!!" in piece or b"!<" in piece or b"%TAG" in piece
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
