"""Files that a worker may not read although they lie among those that it may."""

import os
import sys

from modelwarden.sandbox import Worker
from modelwarden.sandbox.hiding import apart
from tests.sandbox.test_process import doubles, load

READS = """
import os
here = os.path.dirname(__file__)
def read(name):
    try:
        return len(open(os.path.join(here, name)).read())
    except OSError:
        return -1
def predict(rows):
    names = sorted(os.listdir(here)).index("model.py")
    return [[float(read(n)) for n in ("words.txt", "more/words.txt", "more/test.csv", "way.csv")]
            + [float(names)]]
"""


def test_what_is_hidden_is_left_out_and_all_else_is_granted(tmp_path):
    (tmp_path / "more" / "deep").mkdir(parents=True)
    for name in ("model.py", "more/test.csv", "more/words.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "way").symlink_to("/etc")

    granted, listed = apart(["/usr", str(tmp_path)], [str(tmp_path / "more" / "test.csv")])

    inside = {os.path.relpath(path, tmp_path) for path in granted[1:]}
    assert granted[0] == "/usr"
    assert inside == {"model.py", "more/deep", "more/words.txt"}
    assert listed == (str(tmp_path), str(tmp_path / "more"))


def test_a_worker_reads_around_what_is_hidden_and_is_told_when_it_asks_for_it(tmp_path):
    (tmp_path / "more").mkdir()
    for name in ("words.txt", "more/words.txt", "more/test.csv"):
        (tmp_path / name).write_text("word")
    (tmp_path / "way.csv").symlink_to(tmp_path / "more" / "test.csv")
    hidden = tmp_path / "more" / "test.csv"
    (tmp_path / "model.py").touch()  # what comes later is not granted

    with Worker(sys.executable, readable=[tmp_path], hidden=[hidden]) as worker:
        load(worker, tmp_path, READS)
        answer, _, _ = worker.batch(doubles(1), rows=1, columns=1, room=64)

    assert answer == doubles(4, 4, -1, -1, 0)
    assert str(hidden) in {a.detail for a in worker.attempts}
    assert {a.what for a in worker.attempts} == {"read"}
