"""Run a check in a process that kills itself at one of its model's calls: `killed.py DIR CALL`.

Every call is written down before it is answered. Prints the report, but for what time does to it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from assess.fakes import logistic
from gate.checks import FakeTools
from modelwarden.core import encode
from modelwarden.gate.check import CheckHow, check
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec


class Deadly(FakeTools):
    def __init__(self, log, last):
        super().__init__()
        self.log, self.last, self.calls = log, last, 0

    @contextmanager
    def open_model(self, project, model, limits, root, **more):
        spec = TargetSpec(
            task=project.task,
            modality=Modality.VECTOR,
            classes=more["classes_hint"],
            positive=1,
            tile=16,
        )
        seconds = []

        def answer(x):
            began = time.perf_counter()
            self.calls += 1
            with self.log.open("a") as stream:
                stream.write(f"{len(x)} {hash(np.ascontiguousarray(x).tobytes())}\n")
            if self.calls == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
            seconds.append(time.perf_counter() - began)
            return logistic(x)

        target = function_target(answer, spec, more["sample"].inputs)
        yield SimpleNamespace(
            target=target,
            isolation="full",
            notes=(),
            environment={},
            findings=tuple,
            gaps=tuple,
            cost=lambda: SimpleNamespace(rows=target.rows, seconds=tuple(seconds), memory=1 << 20),
        )


def main():
    folder, last = Path(sys.argv[1]), int(sys.argv[2])
    tools = Deadly(folder / "calls.txt", last)
    how = CheckHow(tools=tools, state=folder / "state")
    done = check(folder / "p", stages=("performance", "robustness"), how=how)
    report = encode(done.report)
    for name in ("started", "elapsed", "hashing"):
        report["run"].pop(name, None)
    files = {a.name: a.data for a in done.attachments}
    sys.stdout.write(json.dumps({"report": report, "files": files}))


if __name__ == "__main__":
    main()
