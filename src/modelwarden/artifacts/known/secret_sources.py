"""Where credentials lie on a machine, and the programs that hand them out."""

from __future__ import annotations

from modelwarden.core.patterns import lazily

ENVIRONMENT = "the environment"
CREDENTIALS = "credentials"

# Programs that print a credential. What a vault or a manager of passwords hands out is left out:
# scripts log in with it.
TOLD = lazily(
    r"\bgh\s+auth\s+token\b|\bgcloud\s+auth\s+(?:application-default\s+)?print-(?:access|identity)-token\b"
    r"|\baz\s+account\s+get-access-token\b|\baws\s+configure\s+(?:get|export-credentials)\b"
    r"|\baws\s+sts\s+(?:get-session-token|assume-role)\b"
    r"|\bkubectl\s+(?:-\S+\s+){0,4}(?:get\s+(?:-\S+\s+){0,4}secrets?\b|config\s+view\s[^|;&\n]{0,80}--raw)"
    r"|\bsecurity\s+(?:find-(?:generic|internet)-password|dump-keychain|export)\b"
    r"|\bsecret-tool\s+(?:lookup|search)\b|\bgit\s+credential\s+fill\b|\bkeyctl\s+(?:print|pipe)\b"
    r"|\bgetent\s+shadow\b|\bcmdkey\s+/list|\bvaultcmd\s+/list|\bnetsh\s+wlan\s+show\s+profile"
    r"|\bgit\s+config\s[^|;&\n]{0,120}extraheader"
    r"|\bfind\s[^|;&\n]{0,200}-i?name\s+\W{0,2}(?:\*\.pem|id_|\*\.key\b|wallet|\*\.kdbx|credentials|\*\.ovpn)"
    r"|\bgit\s+ls-files\s[^|;&\n]{0,200}\*\W{0,2}(?:pem|key|env|p12|pfx|kdbx)\b|(?:^|[|;&(]\s*)history\s*(?=\||$)"
    r"|\bgpg\d?\s[^|;&\n]{0,100}--export-secret-keys?\b|\bhuggingface-cli\s+env\b|\bheroku\s+auth:token\b"
)
FILES = lazily(
    r"\.ssh(?:/(?!known_hosts|config\b|[\w.-]{0,80}\.pub\b)[\w*.]|/?(?=[\s|;&)\"',}]|$))"
    r"|\.aws/(?:credentials|\*|sso)|(?<=[~/}])\.(?:aws|gnupg|kube|azure)/?(?=[\s|;&)\"',}]|$)"
    r"|\.kube/config|\.docker/config\.json|\.config/(?:gcloud|gh|hub|solana|op|rclone)\b|\.azure/\w"
    r"|\.netrc\b|\.git-credentials\b|\.npmrc\b|\.pypirc\b|\.pgpass\b|\.my\.cnf\b|\.boto\b|\.s3cfg\b"
    r"|\.databrickscfg\b|\.kaggle/kaggle\.json|\.vault-token\b|\.terraform\.d/credentials|\.cargo/credentials"
    r"|huggingface/(?:token|stored_tokens)\b|id_(?:rsa|ed25519|ecdsa|dsa)\b(?!\.pub)|/etc/g?shadow\b"
    r"|/var/(?:run/)?secrets/|/run/secrets/|\.bash_history|\.zsh_history|\.mysql_history|\.psql_history"
    r"|\.mozilla/firefox|google-chrome\b|\.config/(?:chromium|BraveSoftware)|Login Data\b"
    r"|Cookies\.sqlite|logins\.json|key4\.db|Library/Keychains|\.electrum\b|\.bitcoin\b|\.ethereum/keystore|wallet\.dat"
    r"|/etc/kubernetes/(?:admin\.conf|pki)"
)
PROCESSES = lazily(r"/proc/(?:self|1|\d{1,7}|\*|\$\w{1,40}|\$\{\w{1,40}\}|\$\$)/environ")
METADATA = lazily(
    r"169\.254\.169\.254/\S{0,200}(?:iam|identity|token|user-data)|169\.254\.170\.2\b"
    r"|metadata\.google\.internal\S{0,200}(?:/token|/identity|attributes)|AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    r"|\bfd00:ec2::254\b|100\.100\.100\.200/\S{0,100}ram/"
)
VARIABLES = lazily(  # that hold one where they are set
    r"\$\{?(?:AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|HF_TOKEN|HUGGING_FACE_HUB_TOKEN|GITHUB_TOKEN|GH_TOKEN"
    r"|ACTIONS_RUNTIME_TOKEN|ACTIONS_ID_TOKEN_REQUEST_TOKEN|CI_JOB_TOKEN|OPENAI_API_KEY|ANTHROPIC_API_KEY"
    r"|WANDB_API_KEY|NPM_TOKEN|PYPI_TOKEN|TWINE_PASSWORD|SSH_PRIVATE_KEY|GOOGLE_APPLICATION_CREDENTIALS"
    r"|AZURE_CLIENT_SECRET|DATABASE_URL|KUBECONFIG)\b"
    r"|\$\{\{\s{0,9}(?:github\.token|secrets\.GITHUB_TOKEN)\s{0,9}\}\}"
)
WHOLE_ENVIRONMENT = lazily(
    r"(?:^|[\s(`|;&{])(?:/usr/bin/)?(?:env|printenv|set|export\s+-p|declare\s+-[xp]|compgen\s+-e)"
    r"(?:\s+-0)?\s*(?=$|[|;&)`>}\n])"
)


# Settings that give a secret of a build server to a program under a name of their own.
GIVEN = lazily(
    r"\$\{\{\s*secrets\.\w+\s*\}\}|\$\(System\.AccessToken\)|^\s*credentials\(|\$\{\{\s*github\.token\s*\}\}"
)
_GIVEN_TO = lazily(
    r"(?:^|[\s;{])(?:export\s+)?([A-Za-z_]\w{0,60})\s*=\s*[\"']?(?:credentials\(|\$\{\{\s*secrets\.)"
    r"|\b(?:v|passwordV|tokenV)ariable\s*:\s*[\"'](\w{1,60})"  # as Jenkins binds them
)
# What hides what is sent: no login is written so.
ENCODES = lazily(
    r"\b(?:base(?:64|32)|xxd|od\s+-|hexdump|gzip|bzip2|xz|zstd|openssl\s+(?:enc|base64)|rev|gpg\d?\s|age\s|tr\s)"
)
SOURCES = lazily(
    r"^(?:git\s+(?:-\S+\s+){0,3}(?:diff|archive|bundle\s+create(?=\s+-\s)|format-patch\s[^|]{0,100}--stdout|show)\b)"
)


def given_to(text: str) -> str | None:
    """Return the variable to which a build server's secret is given in a line.

    >>> given_to("HF = credentials('hf-token')")
    'HF'
    """
    found = _GIVEN_TO.search(text)
    return None if found is None else found[1] or found[2]


def secret_in(text: str) -> str | None:
    """Say which secret a command reads, as far as its words tell.

    >>> secret_in("gh auth token")
    'credentials'
    >>> secret_in("env")
    'the environment'
    """
    if WHOLE_ENVIRONMENT.search(text):
        return ENVIRONMENT
    return CREDENTIALS if METADATA.search(text) else kept_in(text)


def kept_in(text: str) -> str | None:
    """Say which secret a text names that lies in a file, or that a program hands out."""
    if PROCESSES.search(text):
        return ENVIRONMENT
    return CREDENTIALS if FILES.search(text) or TOLD.search(text) else None
