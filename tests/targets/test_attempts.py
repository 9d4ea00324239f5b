"""What a model tried, as findings."""

from modelwarden.sandbox import Attempt
from modelwarden.targets.attempts import findings_of


def fingerprints(*attempts: Attempt, root: str = "/home/one/project") -> list[str]:
    return [f.fingerprint for f in findings_of(attempts, "model/", looked_at=(root,))]


def test_a_waiver_of_one_attempt_covers_no_other():
    harmless = Attempt("read", "openat", "/opt/fonts/list")
    keys = Attempt("read", "openat", "/home/one/.ssh/id_rsa")
    here, there = (Attempt("network", "connect", f"{host} port 80") for host in ("a", "b"))

    assert len(set(fingerprints(harmless, keys, here, there))) == 4


def test_an_attempt_is_the_same_wherever_the_project_lies():
    places = "/home/one/project", "/builds/7/project"

    one, other = (
        fingerprints(
            Attempt("read", "openat", f"{root}/test.csv"),
            Attempt("signal", "kill", f"signal 9 to process {number}"),
            root=root,
        )
        for number, root in enumerate(places)
    )

    assert one == other


def test_limits_and_listed_folders_are_no_attempts():
    attempts = (
        Attempt("memory", "memory", "over 5"),
        Attempt("read", "openat", "/home/one/project"),
    )

    assert fingerprints(*attempts) == []
