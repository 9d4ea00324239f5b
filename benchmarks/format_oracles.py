"""Files that the real libraries write, held against our readers: what they accept, we read.

    python benchmarks/format_oracles.py [--r PROGRAM]

Each library that this interpreter has writes models of several kinds; our readers must be quiet
about all of them but for needs (severity low), without a gap, and must see what the library sees:
skops' own list of types, Paddle's and torch's operators. `--r` names the program that runs an R
script (`Rscript`). Prints JSON; exits 1 when anything differs. Nothing is loaded that we did not
write here.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from modelwarden.artifacts import Examined, examine
from modelwarden.formats import Limits, Source

R_SCRIPT = """
d <- commandArgs(TRUE)[1]
w <- function(x, n, ...) saveRDS(x, file.path(d, n), ...)
m <- lm(dist ~ speed, cars)
g <- glm(am ~ wt, binomial, mtcars)
w(m, "lm.rds"); w(g, "glm.rds"); w(g, "glm-2.rds", version = 2); w(m, "text.rds", ascii = TRUE)
w(g, "bz.rds", compress = "bzip2"); w(g, "xz.rds", compress = "xz"); w(iris, "frame.rds")
w(kmeans(iris[, 1:4], 3), "kmeans.rds"); w(prcomp(iris[, 1:4]), "prcomp.rds")
w(ecdf(cars$speed), "ecdf.rds"); w(splinefun(1:5, c(1, 3, 2, 5, 4)), "spline.rds")
w(nls(dist ~ a * speed + b, cars, start = list(a = 1, b = 1)), "nls.rds")
w(loess(dist ~ speed, cars), "loess.rds"); w(1:10, "sequence.rds")
save(m, g, file = file.path(d, "two.RData")); save(m, file = file.path(d, "text.rda"), ascii = TRUE)
"""


def scanned(path: Path) -> Examined:
    with Source.open(path, path.name) as source:
        return examine(source, Limits())


def skops(folder: Path) -> Iterator[str]:
    import numpy as np
    from sklearn import cluster, ensemble, linear_model, neighbors, pipeline, preprocessing, svm
    from skops import io

    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    models = [
        linear_model.LogisticRegression(),
        ensemble.RandomForestClassifier(3),
        ensemble.GradientBoostingClassifier(n_estimators=2),
        ensemble.HistGradientBoostingClassifier(max_iter=2),
        svm.SVC(),
        neighbors.KNeighborsClassifier(algorithm="kd_tree"),
        cluster.KMeans(2),
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge()),
    ]
    for number, model in enumerate(models):
        path = folder / f"{number}-{type(model).__name__}.skops"
        io.dump(model.fit(x, y), path)
        ours = {item.name for item in scanned(path).inventory}
        for name in io.get_untrusted_types(file=path):
            if name not in ours:
                yield f"{path.name}: skops asks for {name}, we do not list it"


def paddle(folder: Path) -> Iterator[str]:
    import paddle as library

    from modelwarden.artifacts.known import paddle_ops as known

    del folder
    tables = known.PYTHON | known.FILES | known.OPAQUE
    for name in library.base.core.get_all_op_names():
        if known.forward(name) not in tables and not known.is_known(name):
            yield f"{name}: an operator of Paddle that we do not know"


def torch(folder: Path) -> Iterator[str]:
    import torch as library

    class Net(library.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = library.nn.Linear(4, 3)

        def forward(self, x: library.Tensor) -> library.Tensor:
            return library.cond(x.sum() > 0, library.sin, library.cos, (self.linear(x),))

    layer = library.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True).eval()
    nets = [(Net(), (2, 4)), (layer, (2, 5, 16)), (library.nn.GELU(), (2, 3))]
    for number, (net, shape) in enumerate(nets):
        program = library.export.export(net.eval(), (library.zeros(*shape),))
        library.export.save(program, folder / f"{number}.pt2")
    yield from ()


def msgpack(folder: Path) -> Iterator[str]:
    import msgpack as library

    array = library.packb(((2, 2), "float32", bytes(16)))
    weights = {"params": {"w": library.ExtType(1, array)}, "step": 3, "x": [1.5, None, True, -7]}
    (folder / "flax.msgpack").write_bytes(library.packb(weights))
    yield from ()


def r_data(program: str) -> Callable[[Path], Iterator[str]]:
    def write(folder: Path) -> Iterator[str]:
        with tempfile.NamedTemporaryFile("w", suffix=".R") as script:
            script.write(R_SCRIPT.replace("commandArgs(TRUE)[1]", json.dumps(str(folder))))
            script.flush()
            subprocess.run([program, script.name], check=True, capture_output=True)
        yield from ()

    return write


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--r", help="program that runs an R script")
    chosen = parser.parse_args()
    sides: dict[str, Callable[[Path], Iterator[str]]] = {
        "skops": skops,
        "paddlepaddle": paddle,
        "torch": torch,
        "msgpack": msgpack,
    }
    modules = {"paddlepaddle": "paddle"}
    found = {name: side for name, side in sides.items() if _has(modules.get(name, name))}
    if chosen.r:
        found["R"] = r_data(chosen.r)
    told: dict[str, object] = {}
    wrong = 0
    for name, side in found.items():
        with tempfile.TemporaryDirectory() as place:
            differs = list(side(Path(place)))
            paths = sorted(Path(place).iterdir())
            differs += [line for path in paths for line in alarms(path)]
        wrong += len(differs)
        which = version(name) if name != "R" else None
        told[name] = {"version": which, "files": len(paths), "differs": differs}
    print(json.dumps(told, indent=1))
    return 1 if wrong else 0


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def alarms(path: Path) -> Iterator[str]:
    """Yield what we say against an honest file."""
    found = scanned(path)
    for one in found.findings:
        if one.severity.value not in {"low", "info"}:
            yield f"{path.name}: {one.rule}: {one.message[:120]}"
    for gap in found.gaps:
        yield f"{path.name}: {gap.what}: {gap.why[:120]}"


if __name__ == "__main__":
    sys.exit(main())
