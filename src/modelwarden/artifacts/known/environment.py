"""Variables by which code gets into programs, or protection of them is switched off."""

from __future__ import annotations

import re
from typing import Final

_BESIDE: Final = (
    r"[\"']?(?:\.{1,2}/|\$\{?PWD|/tmp/|/dev/shm/|/var/tmp/|\$\{workspaceFolder|https?:)"
)
_INTO: Final = {
    name: (pattern, what)
    for names, pattern, what in (
        ("LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES", r".*\S", "puts a library into every program"),
        (
            "PYTHONSTARTUP BASH_ENV ENV ZDOTDIR PROMPT_COMMAND R_PROFILE R_PROFILE_USER",
            _BESIDE,
            "has a file from beside it run",
        ),
        ("NODE_OPTIONS", r".*(?:--require|--import|--loader|-r)[ =]", "has a file run by Node.js"),
        ("PERL5OPT", r".*-M", "has a module run by Perl"),
        ("RUBYOPT", r".*-r", "has a file run by Ruby"),
        (
            "JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS",
            r".*-(?:javaagent|agentpath|agentlib)",
            "has an agent run by Java",
        ),
        (
            "GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_ASKPASS",
            r".*(?:\bsh\b|curl|wget|\./)",
            "is run by git",
        ),
        ("BROWSER", _BESIDE, "is started as the browser"),
        (
            "HF_HUB_TRUST_REMOTE_CODE TRANSFORMERS_TRUST_REMOTE_CODE MLX_LM_TRUST_REMOTE_CODE"
            " TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD MLFLOW_ALLOW_UNSAFE_PICKLE_DESERIALIZATION"
            " MLFLOW_ALLOW_PICKLE_DESERIALIZATION",
            r"[\"']?(?:1|true|yes|on)\b",
            "lets loaders run what a model brings",
        ),
        (
            "PYTHONHTTPSVERIFY NODE_TLS_REJECT_UNAUTHORIZED",
            r"[\"']?0\b",
            "leaves certificates unchecked",
        ),
        (
            "GIT_SSL_NO_VERIFY HF_HUB_DISABLE_SSL_VERIFICATION",
            r"[\"']?(?:1|true)\b",
            "leaves certificates unchecked",
        ),
        ("HF_ENDPOINT", r"[\"']?http://(?!localhost|127\.)", "has models fetched without TLS"),
    )
    for name in names.split()
}


# Of the system itself: servers are told to preload them.
_ALLOCATORS: Final = re.compile(
    r"(?:/usr(?:/local)?/lib(?:64|/[\w-]{1,40})?/lib(?:tcmalloc|jemalloc|mimalloc|iomp5|gomp)[\w.-]{0,40}"
    r"|:|\$\{?LD_PRELOAD\}?){1,9}"
)


def harm_of_variable(name: str, value: str) -> str | None:
    """Say what a variable does that no model needs; None for all others.

    >>> harm_of_variable("BASH_ENV", "./x.sh")
    'has a file from beside it run'
    >>> harm_of_variable("NODE_OPTIONS", "--max-old-space-size=8")
    """
    known = _INTO.get(name)
    if name == "LD_PRELOAD" and _ALLOCATORS.fullmatch(value[:500].strip("\"'")):
        return None
    if known is None or not re.match(known[0], value[:500], re.IGNORECASE):
        return None
    return known[1]
