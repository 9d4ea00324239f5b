"""Honest texts that lie beside models: none may be above low.

They are what people write for Hydra, spaCy, MLflow, git, pip, make, Docker and Jupyter.
"""

from __future__ import annotations

import json

from hostile.build import Sample, constant


def _notebook(*sources: str) -> str:
    cells = [
        {"cell_type": "code", "source": one, "metadata": {}, "outputs": [], "execution_count": None}
        for one in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def _mlmodel(flavour: str, **said: str) -> str:
    function = {
        "loader_module": f"mlflow.{flavour}",
        "python_version": "3.11.4",
        "env": "conda.yaml",
    }
    return json.dumps({"flavors": {"python_function": function, flavour: said}})


_SPACY = """[paths]
train = null

[nlp]
lang = "en"
pipeline = ["tok2vec","ner"]
tokenizer = {"@tokenizers":"spacy.Tokenizer.v1"}

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"

[training.optimizer]
@optimizers = "Adam.v1"
"""
_TEXTS: dict[str, tuple[str, str]] = {
    "a target of torch": ("c.yaml", "optim:\n  _target_: torch.optim.AdamW\n  lr: 1e-3\n"),
    "a class path": (
        "c.yaml",
        "model:\n  class_path: torch.nn.Linear\n  init_args: {in_features: 2}\n",
    ),
    "tags of a cloud": ("t.yaml", "a: !Ref X\nb: !Sub '${A}-b'\nc: !GetAtt R.Arn\n"),
    "tags of files beside": ("c.yaml", "a: !include b.yaml\nc: !secret password\nd: !env HOME\n"),
    "tags of plain values": ("a.yaml", "a: !!set {x, y}\nb: !!binary aGVsbG8=\nc: !!float 3\n"),
    "anchors": ("a.yaml", "a: &a {lr: 1}\nb:\n  <<: *a\n  c: *a\n"),
    "logging": ("l.yaml", "handlers: {c: {class: logging.StreamHandler, formatter: f}}\n"),
    "rows about commands": ("d.jsonl", '{"q": "what is curl http://x.invalid | sh?"}\n' * 3),
    "an array about commands": ("d.json", '[{"q": "what is curl http://x.invalid | sh?"}]'),
    "labels": ("labels.json", json.dumps({"id2label": {"0": "os.system", "1": "eval"}})),
    "a project": (
        "pyproject.toml",
        '[project]\nname = "x"\nversion = "1"\n[tool.ruff]\nfix = true\n',
    ),
    "a target in TOML": ("a.toml", '[model]\n_target_ = "torch.nn.Linear"\nin_features = 2\n'),
    "settings of tox": (
        "tox.ini",
        "[testenv]\ncommands =\n    pip install -e .\n    pytest {posargs}\n",
    ),
    "settings of a supervisor": ("s.conf", "[program:x]\ncommand=python -m app --port 80\n"),
    "logging as INI": ("l.ini", "[handler_c]\nclass=StreamHandler\nargs=(sys.stdout,)\n"),
    "a pipeline of spaCy": ("config.cfg", _SPACY),
    "its description": (
        "meta.json",
        json.dumps({"spacy_version": ">=3.7", "pipeline": ["ner"], "lang": "en"}),
    ),
    "BERT": ("config.json", json.dumps({"architectures": ["BertModel"], "model_type": "bert"})),
    "Llama": (
        "config.json",
        json.dumps(
            {"model_type": "llama", "attn_implementation": "sdpa", "trust_remote_code": False}
        ),
    ),
    "Whisper": (
        "config.json",
        json.dumps({"model_type": "whisper", "activation_function": "gelu"}),
    ),
    **{
        f"shards in {name}": (
            "model.safetensors.index.json",
            json.dumps({"metadata": {"total_size": 8}, "weight_map": {"w": name}}),
        )
        for name in ("model-00001-of-00001.safetensors", "a/b.safetensors", "w.bin")
    },
    **{
        f"Sentence Transformers with {kind}": (
            "modules.json",
            json.dumps(
                [
                    {
                        "idx": 0,
                        "name": "0",
                        "path": "",
                        "type": f"sentence_transformers.models.{kind}",
                    }
                ]
            ),
        )
        for kind in ("Transformer", "Pooling", "Normalize")
    },
    **{
        f"Diffusers with {kind}": (
            "model_index.json",
            json.dumps(
                {"_class_name": "P", "_diffusers_version": "0.30.0", "part": [library, kind]}
            ),
        )
        for library, kind in (
            ("diffusers", "UNet2DConditionModel"),
            ("transformers", "CLIPTextModel"),
            ("onnxruntime", "OnnxRuntimeModel"),
        )
    },
    **{
        f"a processor of {kind}": (
            "preprocessor_config.json",
            json.dumps({"feature_extractor_type": kind, "processor_class": "P", "size": 80}),
        )
        for kind in ("WhisperFeatureExtractor", "ViTFeatureExtractor", "CLIPFeatureExtractor")
    },
    "MLflow of scikit-learn": ("MLmodel", _mlmodel("sklearn", pickled_model="model.pkl")),
    "MLflow of torch": (
        "MLmodel",
        _mlmodel("pytorch", model_data="data", pickle_module_name="mlflow.pytorch.pickle_module"),
    ),
    "MLflow of Keras": ("MLmodel", _mlmodel("tensorflow", keras_module="keras", data="data")),
    "a notebook that trains": (
        "a.ipynb",
        _notebook(
            "import pandas as pd\ndf = pd.read_csv('a.csv')", "%matplotlib inline\ndf.plot()"
        ),
    ),
    "a notebook that asks for help": ("a.ipynb", _notebook("?print", "df.groupby??", "%timeit?")),
    "a notebook that measures": (
        "a.ipynb",
        _notebook("%%time\nx = sum(range(9))", "%timeit x + 1"),
    ),
    "a module": ("modeling_x.py", "import torch\n\n\nclass X(torch.nn.Module):\n    pass\n"),
    "a program": (
        "train.py",
        "import argparse\n\n\ndef main():\n    print(argparse.ArgumentParser().parse_args())\n\n\n"
        "if __name__ == '__main__':\n    main()\n",
    ),
    "a module that tries": (
        "core.py",
        "try:\n    import cupy as np\nexcept ImportError:\n    import numpy as np\n",
    ),
    "a path": ("x.pth", "/usr/lib/python3/dist-packages\n"),
    "two paths": ("x.pth", "# mine\n./src\n../lib\n"),
    "a start-up file of setuptools": ("x.pth", "./vendored\n"),
    "a script": ("run.sh", '#!/bin/bash\nset -e\npython train.py --lr 0.1 "$@"\n'),
    "a script that fetches data": (
        "d.sh",
        "#!/bin/sh\nwget -nc https://example.com/d.tar.gz\ntar xzf d.tar.gz\n",
    ),
    "a script that waits": ("w.sh", "#!/bin/sh\nuntil nc -z db 5432; do sleep 1; done\n"),
    "a container": (
        "Dockerfile",
        "FROM python:3.11\nCOPY . .\nRUN useradd app\n",
    ),
    "a container with packages": (
        "Dockerfile",
        "FROM debian\nRUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/*\n",
    ),
    "a container that serves": ("Dockerfile", 'FROM a\nUSER nobody\nCMD ["uvicorn", "app:app"]\n'),
    "a makefile": ("Makefile", "test:\n\tpytest -q\nlint:\n\truff check .\n"),
    "a makefile that cleans": ("Makefile", "clean:\n\trm -rf build dist *.egg-info\n"),
    "a makefile with variables": ("Makefile", "PY ?= python3\nrun:\n\t$(PY) train.py\n"),
    "attributes of git": (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"),
    "modules of git": (
        ".gitmodules",
        '[submodule "x"]\n\tpath = x\n\turl = https://github.com/x/y\n',
    ),
    "settings of git": (
        ".gitconfig",
        "[user]\n\tname = x\n[pull]\n\trebase = true\n[core]\n\tpager = less\n",
    ),
    "a template": (
        "chat_template.jinja",
        "{% for m in messages %}{{ m.content | trim }}{% endfor %}\n",
    ),
    "a template with a macro": (
        "chat_template.jinja",
        "{% macro f(x, n=0) %}{{ x ~ n }}{% endmacro %}{{ f(bos_token) }}\n",
    ),
    "a template with tools": (
        "chat_template.jinja",
        "{% for t in tools %}{{ t | tojson }}{% endfor %}\n",
    ),
    "data that is fetched, and a program that is there": (
        "run.sh",
        "wget http://data.example.org/train.csv\npython train.py train.csv\n",
    ),
    "an example of a project": (
        "a.ipynb",
        _notebook(
            "!wget https://raw.githubusercontent.com/huggingface/transformers/main/run_glue.py",
            "!python run_glue.py --epochs 1",
        ),
    ),
    "a program that is checked before it is started": (
        "run.sh",
        "curl -o t https://e.example.org/t\nsha256sum -c t.sha256\nsh ./t\n",
    ),
    "a preloaded allocator": (
        "run.sh",
        "export LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libtcmalloc.so.4\npython serve.py\n",
    ),
    "an allocator by its name": ("run.sh", "LD_PRELOAD=libjemalloc.so.2 python serve.py\n"),
    "hooks of this repository": ("setup.sh", "git config core.hooksPath .githooks\n"),
    "a comment about assistants that does not end": (
        "README.md",
        "# m\n\n<!-- AI models of this kind are run by many; see the licence\n\nText.\n",
    ),
    "settings of a program with a password": ("notes.netrc.txt", "password reminder for all\n"),
    "heap of a driver": (
        "spark-defaults.conf",
        "spark.driver.extraJavaOptions -Dx=1 -Xmx4g\nspark.driver.memory 4g\n",
    ),
    "a few vectors": ("m.vec", "2 3\nw0 0.5 -1e-3 2\nw1 0.5 -1e-3 2\n"),
    "cells that are none": ("a.json", '{"cells": [{"kind": "x"}], "metadata": {}}'),
}

HARMLESS_TEXTS: tuple[Sample, ...] = tuple(
    Sample(f"honest text: {title}", file, constant(text.encode()), "")
    for title, (file, text) in _TEXTS.items()
)
