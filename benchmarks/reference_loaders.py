"""What the real libraries do with the models of the tests, beside what we say of them.

    uv pip install xgboost-cpu lightgbm catboost fasttext-wheel sentencepiece tokenizers openvino
    python benchmarks/reference_loaders.py [LIBRARY ...]

The libraries stand in one environment with what the tests need (pytest, hypothesis). Each model is
loaded, and asked once, in a process of its own, which may crash or hang. Prints JSON; exits 1 when
a library crashes or hangs on a model of which we say nothing, or when we say anything of a sound
one.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
SECONDS = 5

# Imports the library once; each model is then loaded, and asked once, in a fork.
PROGRAMS = {
    "xgboost": """
import numpy as np, xgboost as x
def ask(path):
    b = x.Booster(); b.load_model(path)
    b.predict(x.DMatrix(np.full((3, 2), 0.3)), validate_features=False)""",
    "lightgbm": """
import numpy as np, lightgbm as x
def ask(path):
    x.Booster(model_file=path).predict(np.full((3, 2), 0.3))""",
    "catboost": """
import numpy as np, catboost as x
def ask(path):
    b = x.CatBoost(); b.load_model(path, format="json" if path.endswith("json") else "cbm")
    b.predict(np.full((3, 2), 0.3))""",
    "fasttext": """
import fasttext as x
def ask(path):
    m = x.load_model(path); m.get_sentence_vector("a word other"); m.get_word_vector("word")
    if m.f.getArgs().model.name == "supervised": m.f.predict("a word other", 1, 0.0, "strict")""",
    "sentencepiece": """
import sentencepiece as x
def ask(path):
    x.SentencePieceProcessor(model_file=path).encode("a b ab \\u00c4\\uff21 <x>")""",
    "tokenizers": """
import tokenizers as x
def ask(path):
    t = x.Tokenizer.from_file(path); t.decode(t.encode("a b ab").ids)""",
    "openvino": """
import openvino as x
def ask(path):
    x.Core().read_model(path)""",
}
DRIVER = """
import os, signal, sys
for number, path in enumerate(sys.argv[2:]):
    child = os.fork()
    if not child:
        signal.alarm(int(sys.argv[1]))
        try:
            ask(path)
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    did = "hung" if died == signal.SIGALRM else "crashed" if died else ""
    print(number, did or ("refused" if os.WEXITSTATUS(status) else "took"), flush=True)
"""
PACKAGES = {"xgboost": "xgboost-cpu", "fasttext": "fasttext-wheel"}
ENDINGS = {"xgboost": ".ubj", "lightgbm": ".txt", "catboost": ".cbm", "openvino": ".xml"}


def models() -> Iterator[tuple[str, str, bytes, bool]]:
    """Yield library, name, bytes, and whether the model is a sound one."""
    trees = _tests("formats/trees/test_trees.py")
    vectors = _tests("formats/vectors/test_vectors.py")
    vocabulary = _tests("formats/vocabulary/test_vocabulary.py")
    documents = _tests("formats/xml/test_xml_models.py")
    hostile = {name: text for name, (text, _) in documents.HOSTILE.items()}
    pieces = {f"sentencepiece {name}": data for name, data in vocabulary.HOSTILE.items()}
    for table, sound in (
        (trees.SOUND, True),
        (trees.HOSTILE, False),
        (trees.INVALID, False),
        (vectors.SOUND, True),
        (vectors.HOSTILE, False),
        (vocabulary.SOUND, True),
        (pieces, False),
        (vocabulary.INVALID, False),
        (documents.SOUND, True),
        (hostile, False),
    ):
        for name, data in table.items():
            library = name.split(",")[0].split()[0]
            library = "tokenizers" if library == "tokenizer" else library
            if library in PROGRAMS:
                yield library, name, data.encode() if isinstance(data, str) else data, sound


def _tests(name: str) -> ModuleType:
    path = ROOT / "tests" / name
    spec = importlib.util.spec_from_file_location(f"tables_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asked(library: str, paths: list[Path]) -> list[str]:
    """Return what the library did with each model: `took`, `refused`, `crashed` or `hung`."""
    program = PROGRAMS[library] + DRIVER
    command = [sys.executable, "-c", program, str(SECONDS), *map(str, paths)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", env=environment
    )
    lines = re.findall(r"^(\d+) (took|refused|crashed|hung)$", done.stdout, re.MULTILINE)
    if [int(number) for number, _ in lines] != list(range(len(paths))):
        raise RuntimeError(f"{library} did not come to the end: {done.stderr[-2000:]}")
    return [did for _, did in lines]


def said(path: Path) -> list[str]:
    """Return the rules and gaps of a scan."""
    from modelwarden.artifacts import examine
    from modelwarden.formats import Limits, Source

    with Source.open(path, path.name) as source:
        found = examine(source, Limits())
    return sorted({f.rule for f in found.findings} | {f"gap: {g.kind.value}" for g in found.gaps})


def main(only: list[str]) -> int:
    """Compare, and print one JSON object."""
    rows: list[dict[str, object]] = []
    versions: dict[str, str] = {}
    for library in PROGRAMS:
        try:
            versions[library] = version(PACKAGES.get(library, library))
        except PackageNotFoundError:
            print(f"{library} is not installed: left out", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        made: dict[str, list[tuple[Path, str, bool]]] = {}
        for number, (library, name, data, sound) in enumerate(models()):
            if library in versions and (not only or library in only):
                ending = ".json" if data.startswith(b'{"') else ENDINGS.get(library, ".bin")
                path = Path(folder) / f"m{number}{ending}"
                path.write_bytes(data)
                made.setdefault(library, []).append((path, name, sound))
        for library, those in made.items():
            did = asked(library, [path for path, _, _ in those])
            for (path, name, sound), one in zip(those, did, strict=True):
                row = {"library": library, "model": name, "sound": sound}
                rows.append(row | {"library_did": one, "we_said": said(path)})
    silent = [row for row in rows if not row["we_said"]]
    missed = [row for row in silent if row["library_did"] in ("crashed", "hung")]
    alarms = [row for row in rows if row["sound"] and row["we_said"]]
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        kind = f"{'sound' if row['sound'] else 'hostile'}, {row['library_did']}"
        of = counts.setdefault(str(row["library"]), {})
        of[kind] = of.get(kind, 0) + 1
    result = {"versions": versions, "counts": counts, "missed": missed, "false_alarms": alarms}
    print(json.dumps(result | {"rows": rows}, indent=1))
    return 1 if missed or alarms else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
