"""What the sandbox adds to a call: a model asked inside of it and bare, turn about.

    python benchmarks/sandbox.py [--rounds N] [--fail]

Prints JSON: median milliseconds of one tile of 256 rows on both sides, and their ratio, for models
whose bare call takes 1 ms and more. Both sides run the same code on the same rows in the same
interpreter, with one thread, a data frame made of the columns on both; our side has everything that
a user's call has: tiling, copies, checks. Rows are others in each round, of 32 tiles, as they are
when a model is measured: rows that were just read cost a bare call less than any row of a data set.
`cpu_ratio` is that of CPU time, ours and the worker's together, medians: it is judged, and `--fail`
exits 1 when it is above 1.15. Whoever has to be woken waits where others keep the processors busy,
so of wall time the ratio is also taken at the first decile of both sides.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import metadata
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np

from modelwarden.targets.config import LimitsConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame, Inputs, take
from modelwarden.targets.opened import open_model
from modelwarden.targets.spec import Modality, Task

TARGET, ROWS, TILES, SEED = 1.15, 256, 32, 0

# Each takes its time by real work on its input; `weight` scales it.
CODE = """
import numpy
rng = numpy.random.default_rng(0)
a, b = rng.normal(size=({width}, {inner})), rng.normal(size=({inner}, 2))
def predict(x):
    x = numpy.asarray(x, numpy.float64).reshape(len(x), -1)
    for _ in range({times}):
        y = numpy.tanh(x @ a) @ b
    return 1 / (1 + numpy.exp(-(y - y.mean()) / 99))
"""
TREES = """
import numpy
from sklearn.ensemble import RandomForestClassifier
rng = numpy.random.default_rng(0)
x = rng.normal(size=(1000, 30))
model = RandomForestClassifier(50, random_state=0).fit(x, x[:, 0] > 0)
predict = model.predict_proba
"""
TEXTS = """
import re
import numpy
words = re.compile(r"\\w+")
def predict(texts):
    p = numpy.array([sum(map(len, words.findall(t))) / (1 + len(t)) for t in texts])
    return numpy.stack([1 - p, p], axis=1)
"""
TABLE = """
import numpy
def predict(frame):
    wide = numpy.stack([frame[c].to_numpy(float) for c in frame if c != "job"], axis=1)
    p = (wide @ numpy.ones((wide.shape[1], 400))).std(axis=1) + (frame["job"] == "a")
    for _ in range(3):
        numpy.linalg.svd(wide.T @ wide)
    p = 1 / (1 + numpy.exp(-p))
    return numpy.stack([1 - p, p], axis=1)
"""


def cases() -> dict[str, tuple[str, Inputs, Modality, Callable[[Inputs], object]]]:
    """Return code, inputs, modality, and how the bare call is given the inputs."""
    rng = np.random.default_rng(SEED)
    rows = TILES * ROWS
    vectors = rng.normal(size=(rows, 30))
    images = rng.random((rows, 1, 28, 28)).astype(np.float32)
    texts = np.empty(rows, np.object_)
    texts[:] = [" ".join(rng.choice(["some", "words", "in", "a", "mail"], 80)) for _ in range(rows)]
    columns = tuple(rng.normal(size=rows) for _ in range(13))
    job = rng.choice(np.array(["a", "b", "c"], np.object_), rows)
    names = (*(f"f{i}" for i in range(13)), "job")
    table = Frame(names, (*columns, job))
    vector = {"width": 30, "inner": 100}
    image = {"width": 784, "inner": 100}
    found = {
        "vectors, short": (CODE.format(times=2, **vector), vectors, Modality.VECTOR, _same),
        "vectors, long": (CODE.format(times=20, **vector), vectors, Modality.VECTOR, _same),
        "images": (CODE.format(times=2, **image), images, Modality.IMAGE, _same),
        "trees of scikit-learn": (TREES, vectors, Modality.VECTOR, _same),
        "texts": (TEXTS, texts, Modality.TEXT, lambda x: list(x)),
    }
    if importlib.util.find_spec("pandas"):
        found["a table of 14 columns"] = (TABLE, table, Modality.TABULAR, _table)
    return found


def _same(inputs: Inputs) -> object:
    return inputs


def _table(inputs: Inputs) -> object:
    import pandas as pd

    if not isinstance(inputs, Frame):
        raise TypeError(inputs)
    return pd.DataFrame(dict(zip(inputs.names, inputs.columns, strict=True)))


def milliseconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call: the sandboxed side works in another process."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def cpu(worker: int) -> float:
    """Return the CPU milliseconds of this process and of another one, as Linux counts them."""
    return (time.process_time() + time.clock_gettime(~worker << 3 | 2)) * 1e3


def child() -> int:
    """Return the number of the one process that this one has started."""
    tasks = Path("/proc/self/task").iterdir()
    (found,) = {word for task in tasks for word in (task / "children").read_text().split()}
    return int(found)


def measured(name: str, rounds: int, folder: Path) -> dict[str, float]:
    """Return the medians of both sides of one case."""
    code, inputs, modality, given = cases()[name]
    (folder / "predict.py").write_text(code)
    names: dict[str, Callable[[object], object]] = {}
    exec(compile(code, "predict.py", "exec"), names)
    project = ProjectConfig(name="bench", task=Task.BINARY, modality=modality)
    model = ModelConfig(
        path="predict.py", adapter="callable", entry="predict.py:predict", python=sys.executable
    )
    parts = [take(inputs, np.arange(at, at + ROWS)) for at in range(0, TILES * ROWS, ROWS)]
    sample = DataSet("test", parts[0], None, Frame((), ()))
    with ExitStack() as stack:
        opened = stack.enter_context(
            open_model(
                project,
                model,
                LimitsConfig(),
                folder,
                sample=sample,
                classes_hint=(0, 1),
                tile=ROWS,
            )
        )
        sides = {
            "bare": lambda part: names["predict"](given(part)),
            "sandboxed": lambda part: opened.target.scores(part),
        }
        times: dict[str, list[float]] = {side: [] for side in sides}
        spent: dict[str, list[float]] = {side: [] for side in sides}
        worker = child()
        for number in range(rounds):
            # Turn about, so a busy machine slows both; what comes second finds the rows read.
            for side in sorted(sides, reverse=bool(number % 2)):
                work, part = sides[side], parts[number // 2 % TILES]
                before = cpu(worker)
                times[side].append(milliseconds(partial(work, part)))
                spent[side].append(cpu(worker) - before)
    medians = {side: statistics.median(values) for side, values in times.items()}
    quiet = {side: statistics.quantiles(values, n=10)[0] for side, values in times.items()}
    least = {side: statistics.median(values) for side, values in spent.items()}
    return {
        **medians,
        "ratio": medians["sandboxed"] / medians["bare"],
        "quiet_bare": quiet["bare"],
        "quiet_added": quiet["sandboxed"] - quiet["bare"],
        "quiet_ratio": quiet["sandboxed"] / quiet["bare"],
        "cpu_bare": least["bare"],
        "cpu_added": least["sandboxed"] - least["bare"],
        "cpu_ratio": least["sandboxed"] / least["bare"],
    }


def main() -> int:
    """Measure; 1 with `--fail` when a ratio is above the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--fail", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {name: measured(name, chosen.rounds, Path(folder)) for name in cases()}
    counted = {name: case for name, case in found.items() if case["cpu_bare"] >= 1}
    worst = max((case["cpu_ratio"] for case in counted.values()), default=None)
    facts = {
        "rows": ROWS,
        "rounds": chosen.rounds,
        "seed": SEED,
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "milliseconds": {n: {k: round(v, 3) for k, v in c.items()} for n, c in found.items()},
        "worst_ratio_of_1_ms_and_more": worst and round(worst, 3),
        "target": TARGET,
    }
    print(json.dumps(facts, indent=2))
    return int(chosen.fail and (worst is None or worst > TARGET))


if __name__ == "__main__":
    sys.exit(main())
