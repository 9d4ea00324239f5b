"""The forms of commands that no model needs, and what each of them does."""

from __future__ import annotations

import re

_PRIVATE_FILES = (
    r"(?:\.ssh(?:/(?!known_hosts)\w|/?(?=[\s|;&)]|$))|\.aws/credentials"
    r"|(?<=[~/])\.(?:aws|gnupg|kube|azure)/?(?=[\s|;&)]|$)|\.netrc\b|\.git-credentials|\.kube/config|\.npmrc\b"
    r"|\.pypirc\b|\.docker/config\.json|/etc/shadow|\.huggingface/token|huggingface/token"
    r"|\.config/gcloud|\.azure/|id_rsa\b|id_ed25519\b|Login Data\b|wallet\.dat|/proc/self/environ"
    r"|/var/run/secrets/|\.bash_history)"
)
# Where packages and models come from, as their hosts are called.
_PACKAGES = (
    r"(?:pypi\.org|pythonhosted\.org|huggingface\.co|hf\.co|npmjs\.(?:org|com)|anaconda\.(?:org|com)"
    r"|pytorch\.org|docker\.(?:io|com)|conda-forge\.org)\b"
)
SECRET_FILE = re.compile(_PRIVATE_FILES)
FETCHED = "runs what it has just fetched"
STAYS = "arranges to run again, or to let somebody in"
FETCHERS = r"curl|wget|aria2c|axel|lwp-(?:download|request)|lynx|w3m"
# What each of these does; looked for in a command without its quotes.
ATTACKS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), what)
    for pattern, what in (
        (
            r"(?:\b(?:sh|bash|zsh|ksh|dash|eval|source|python[\d.]*|perl|ruby|node|php)|(?:^|[\s;&|])\.)\s+"
            r"(?:-c\s+|<<<\s*)?(?:\$\(|`|<\()\s*(?:" + FETCHERS + r")\b",
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
            r"\bdocker\s+(?:(?:-H|--host)[ =]?\S{1,100}\s+)?run\b"
            r"(?=[^\n;&|]{0,500}\s-(?:v|-volume)[ =]/:)"
            r"[^\n|]{0,1000}(?:\bchroot\b|--privileged\b|\bchmod\s+[46]\d{3}\b|/etc/(?:shadow|cron)|\.ssh/)",
            "gives a container the whole machine",
        ),
        (
            r"\bnsenter\s[^\n;&|]{0,200}(?:-t|--target)[ =]?1\b|/release_agent\b"
            # A program that the kernel starts; where dumps are kept, and no program, are settings.
            r"|\|\s{0,9}/[^\n;&|]{0,200}>\s{0,9}/proc/sys/kernel/core_pattern"
            r"|(?<!echo)(?<=[^\s:;&|])\s{0,9}>\s{0,9}\S{0,80}/uevent_helper"
            r"|--unix-socket[ =]\S{0,80}docker\.sock[^\n]{0,2000}"
            r"(?:Binds|Privileged|containers/\w+/exec)"
            r"|\bkubectl\s[^\n]{0,300}--overrides[ =][^\n]{0,1000}hostPID",
            "leaves its container for the machine",
        ),
        (
            r"\bext::\S*(?:sh|bash)\b|-oProxyCommand=",
            "runs a command where an address is expected",
        ),
        (
            r"\bCredentialsProvider\.lookupCredentials\b|\bSystemCredentialsProvider\b|\bhudson\.util\.Secret\b",
            "takes the credentials of the build server",
        ),
        (r"--checkpoint-action=exec", "runs a command where an archive is expected"),
        (
            r"/proc/[^\s/]{1,80}/(?:mem|maps)\b[^\n]{0,300}(?:isSecret|token|grep|base64)|\bgcore\s",
            "reads the memory of other programs",
        ),
        (
            r"\bgit\s+config\s+(?:--\S+\s+)*core\.(?:hooksPath|fsmonitor|sshCommand)\s+(?:/tmp|/dev/shm|/var/tmp|sh\s|bash\s|curl)"
            r"|\bgit\s+config\s+(?:--\S+\s+)*--(?:global|system)\s+(?:--\S+\s+)*core\.hooksPath\s+[^\s;&|]",
            STAYS,
        ),
        (
            r"/dev/(?:tcp|udp)/|\bzsh/net/tcp\b|\bchisel\s+client\b|\bgs-netcat\b"
            r"|\bnc(?:at)?\s[^\n;&|]{0,200}\s--sh-exec\b",
            "opens a shell to the network",
        ),
        (r"\bsocat\b[^\n]{0,500}\bexec:", "opens a shell to the network"),
        (
            rf"\b(?:curl|wget|nc)\b[^|;&\n]{{0,300}}{_PRIVATE_FILES}"
            # Copied to another machine; with `-i` a key logs in.
            r"|\bscp\s+(?:-[io]\s*\S{1,200}\s+|-(?![io])\w{1,8}\s+){0,8}"
            rf"[^|;&\n\s-][^|;&\n]{{0,300}}?{_PRIVATE_FILES}[^|;&\n]{{0,300}}\s\S{{1,200}}:",
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
            r"|>\s*[^\s>]{0,200}(?:/etc/cron[.\w/]*|/etc/ld\.so\.preload|/etc/passwd)",
            STAYS,
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
            r"-exec\s+(?>openssl\s+enc|gpg\d?\s[^\n;]{0,100}?(?:-c|--symmetric)\b|age\s|7z\s+a\s)"
            r"[^\n]{0,300}?(?:-delete\b|\brm\s|\bshred\b|-sdel\b)",
            "encrypts somebody's files and deletes them",
        ),
        (
            r"\bchmod\s+(?:-\w+\s+)?(?:[ugo]{0,3}\+r?w?x?s|[46][0-7]{3})\s+(?:\S+\s+){0,4}"
            r"(?:\S{0,60}/tmp/|/dev/shm/|\S{0,100}/\.\w|\S{0,100}/(?:ba|da|z|k|c)?sh\b|\S{0,100}/(?:python|perl|find|vim?|cp)\b)"
            r"|\bsetcap\s+\S{0,80}cap_(?:setuid|sys_admin)[^\n;&|]{0,80}(?:sh|python[\d.]*|perl)(?=\s|$)",
            "gives a shell the rights of the administrator",
        ),
        (
            r"(?:>|\btee\s+(?:-\w+\s+)*)\s*(?:/etc/pam\.d/|/etc/rc\.local\b|/etc/update-motd\.d/"
            r"|/etc/NetworkManager/dispatcher\.d/|/etc/shadow\b)"
            r"|^(?!.*\becho\s+\$\{?\w+\}?\s+ALL=|.*\bsecure_path\b).*\|\s*(?:sudo\s+)?tee\s+(?:-\w+\s+)*/etc/sudoers"
            r"|\bgh\s+api\s[^\n;&|]{0,300}(?:/collaborators/|/keys\b|/user/keys)|\breg(?:\.exe)?\s+add\s[^\n]{0,300}\\?CurrentVersion\\?Run"
            r"|\bSet-ItemProperty\b[^\n]{0,300}CurrentVersion\\?Run|\bRegister-ScheduledTask\b|\bschtasks(?:\.exe)?\s[^\n]{0,200}/create\b"
            r"|\|\s*at\s+(?:now|midnight|noon|\d)",
            STAYS,
        ),
        (
            r"\b(?:node|nodejs|deno|bun)\s+(?:-\S+\s+){0,4}-\w*[ep]\b[^\n]{0,500}(?:https?\)?\.(?:get|request)|fetch|axios)\b"
            r"[^\n]{0,500}\b(?:eval|Function|vm\.run\w+)\b",
            FETCHED,
        ),
        (
            r"\[scriptblock\]::Create\b[^\n]{0,300}\b(?:iwr|irm|DownloadString)\b"
            r"|\bExecute(?:Global)?\s*\(?\s*\w{1,40}\.responseText\b"
            r"|\b(?:Start-BitsTransfer|DownloadFile|curl(?:\.exe)?|wget)\b[^\n]{0,300}?([\w-]{1,60}\.(?:exe|scr|vbs|cmd|bat))\b"
            r"[^\n]{0,200}(?:&&?|;)\s*(?:start\s+|&\s*)?[^\s&;]{0,100}\1\b",
            FETCHED,
        ),
        (
            r"FromBase64String\b[^\n]{0,500}\|\s*(?:iex|Invoke-Expression)\b"
            r"|\bperl\s[^\n]{0,100}-\w*e\s[^\n]{0,200}\b(?:exec|system|eval)\b[^\n]{0,100}\b(?:un)?pack\b",
            "runs what it has just decoded",
        ),
        (
            r"\b(?:Invoke-RestMethod|Invoke-WebRequest|irm|iwr)\b[^\n]{0,500}\b(?:Get-ChildItem|gci|dir|ls)\s+env:",
            "sends the environment to the network",
        ),
        (
            r"Start Menu.{0,2}Programs.{0,2}Startup"
            r"|\bnet1?\s+(?:user|localgroup)\s[^\n]{0,100}/add\b"
            r"|\b(?:PROMPT_COMMAND|BASH_ENV)=[^\n]{0,300}\b(?:curl|wget|nc|base64|sh\s+-c)\b",
            STAYS,
        ),
        (
            r"\b(?:npm|pnpm|yarn|bun)\s+(?:i|install|add)\s[^\n;&|]{0,200}(?:http://|https://\d)",
            FETCHED,
        ),
        (
            r"\bchpasswd\b[^\n]{0,200}PermitRootLogin[ =]+yes",
            STAYS,
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
        (
            r"\b(?:npx|bunx|uvx|deno\s+run|go\s+(?:run|install)|pipx\s+run|uv\s+tool\s+run)\b"
            r"[^\n;&|]{0,200}(?:http://|https://\d)",
            FETCHED,
        ),
        (
            r"\b(?:perl|ruby|Rscript|julia|php)\s[^\n;|&]{0,200}-\w*[er]\s[^\n]{0,500}"
            r"\b(?:eval|source|include|exec|load|require)\b[^\n]{0,200}(?:http://|https://\d)",
            FETCHED,
        ),
        (
            r"(?:^|[\s;&|(])(?:dig|nslookup|host|ping)\s[^\n;&|]{0,200}(?:\$\(|`)\s*(?:whoami|hostname|id|cat|env|base64)\b",
            "sends what it finds on the machine to the network",
        ),
        (
            r"\b(?:aws\s+s3\s+(?:cp|sync|mv)|gsutil\s+(?:-m\s+)?cp|rclone\s+(?:copy|sync)|s3cmd\s+put|azcopy)\b"
            rf"[^|;&\n]{{0,300}}{_PRIVATE_FILES}",
            "sends credentials to the network",
        ),
        (
            rf"\b(?:ssh|nc|ncat|curl)\b[^|;&\n<]{{0,300}}<[^|;&\n]{{0,200}}{_PRIVATE_FILES}",
            "sends credentials to the network",
        ),
        (
            r"(?:^|[\s;&|])(?:useradd|usermod|adduser)\s[^\n;&|]{0,200}"
            r"(?:\s-u\s*0\b|--uid[ =]0\b)",
            STAYS,
        ),
        (r"\bssh\s[^\n;&|]{0,200}-\w*R\s*\S{0,100}:22(?=\s|$)", STAYS),
        (
            r"\b(?:curl|wget)\b[^|;&\n]{0,300}(?:\$\(|`)\s*(?:env|printenv|set)\s*(?:\||\)|`)",
            "sends the environment to the network",
        ),
        (
            r"\b(?:rsync|scp)\s+(?:-\S+\s+){0,6}(?:~|\$\{?HOME\}?|/root|/home)/?\*?\s+\S{1,200}:",
            "sends the whole home to the network",
        ),
        (
            # What a search finds is sent, one by one: of a home or the system, or by telling names.
            r"\bfind\s(?:(?:-\w+\s+){0,3}(?:/|~|\$\{?HOME\b|/home|/root|/etc|/Users|/opt|/var)(?=[\s/])"
            r"|[^\n;&|]{0,300}name\s+\S{0,40}(?:cred|token|secret|\.env|id_|\.pem|netrc|passw|wallet|\.key))"
            r"[^\n;&|]{0,400}-exec(?:dir)?\s+(?:sudo\s+)?(?:curl|wget|nc|ncat|scp|rsync)\s[^\n;]{0,300}\{\}",
            "sends somebody's files to the network",
        ),
        (
            r"-exec(?:dir)?\s+(?:sudo\s+)?shred\s|\|\s*xargs\s[^|;&\n]{0,100}\bshred\s",
            "deletes or overwrites (shred)",
        ),
        (
            r"\b(?!127\.|0\.0\.0\.0|10\.|192\.168\.)\d{1,3}(?:\.\d{1,3}){3}\s[^\n;&|]{0,300}"
            + _PACKAGES
            + r"[^\n;&]{0,100}/etc/hosts\b|/etc/hosts[^\n;&|]{0,100}<<<?[^\n]{0,40}\n?"
            r"(?!127\.|0\.0\.0\.0|10\.|192\.168\.)\d{1,3}(?:\.\d{1,3}){3}\s[^\n]{0,300}"
            + _PACKAGES,
            "has packages taken from another machine",
        ),
        (
            r"\bJSON\.stringify\(\s*process\.env\b[\s\S]{0,400}\b(?:https?\.request|fetch\(|axios|curl|wget|net\.connect)"
            r"|\b(?:https?\.request|fetch\(|axios|curl|wget)\b[\s\S]{0,400}\bJSON\.stringify\(\s*process\.env\b",
            "sends the environment to the network",
        ),
        (
            r"\b(?:evaluate|GroovyShell\(\)\.(?:evaluate|parse|run))\s*\(?\s*(?:new\s+URL\(|\S{1,200}\.toURL\(\))"
            r"|\b(?:curl|wget)\s[^\n]{0,300}\.execute\(\)\s*\.\s*text\s*\.\s*execute\(",
            FETCHED,
        ),
        (
            r"\b(?:curl|wget)\b[^|;&\n]{0,300}(?:\s-\w*[oOP]\s*|--output(?:-document)?[= ]|>\s*)"
            r"[^\s;|&]{0,200}(?:/models--|/(?:site|dist)-packages/)",
            "replaces what other programs have installed",
        ),
        (r"\bxmrig\b|stratum\+(?:tcp|ssl)://", "mines a currency"),
        (
            r"\bchattr\s+\+i\b|\bhistory\s+-c\b|\bunset\s+HISTFILE\b",
            "hides its traces",
        ),
    )
)
# Has something run again; an attack where it also fetches, decodes, or hides what it runs.
SCHEDULES = re.compile(
    r"\|\s*(?:sudo\s+(?:-\w+\s+)*)?crontab\b|\bcrontab\s+(?!-l|-r|-e|-h|$)[^\s;&|]"
    r"|\blaunchctl\s+(?:load|bootstrap)\s[^\n;&|]{0,200}Launch(?:Agents|Daemons)/"
)
