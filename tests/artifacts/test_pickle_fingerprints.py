"""What a waiver of a pickle's finding is bound to: every use that the finding stands for."""

from __future__ import annotations

import pickle

from modelwarden.artifacts.rules.needs_code import needs_code
from modelwarden.artifacts.rules.pickle_code_object import pickle_code_object
from modelwarden.artifacts.rules.unknown_global import unknown_global
from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import PickleStream, read


def view(body: bytes) -> PickleStream:
    return read(Source("x.pkl", b"\x80\x02" + body + b"N."), Limits())


def called(name: str, *arguments: object) -> bytes:
    """Return opcodes that call a function and drop the result."""
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n".encode() + pickle.dumps(arguments, 2)[2:-1] + b"R0"


def unknown(body: bytes) -> list[tuple[str, ...]]:
    return [hit.evidence.identity for hit in unknown_global.check(view(body))]


def test_a_use_beyond_those_that_are_listed_is_part_of_the_last_identity():
    many = b"".join(called(f"mod.f{number}", 1) for number in range(130))

    first, second = unknown(many + called("mod.z", "a")), unknown(many + called("mod.z", "b"))

    assert len(first) == len(second) == 100
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_two_uses_that_look_the_same_are_both_part_of_the_identity():
    long = "x" * 5000

    one, two, same = (
        unknown(called("mod.f", long + "0") + called("mod.f", long + last)) for last in "120"
    )

    assert len(one) == len(two) == 1
    assert one != two
    assert len(same[0]) == 3


def test_calls_with_more_arguments_than_are_kept_are_part_of_the_identity():
    many = b"".join(called("mod.f", number) for number in range(80))

    assert unknown(many + called("mod.f", "a")) != unknown(many + called("mod.f", "b"))


def test_every_function_with_its_code_is_part_of_the_identity():
    many = b"".join(called("cloudpickle.cloudpickle._make_cell", n) for n in range(63))
    many += b"".join(called("dill._dill._create_cell", n) for n in range(63))

    def identity(last: str) -> tuple[str, ...]:
        body = many + called("cloudpickle.cloudpickle._make_cell", last)
        (hit,) = pickle_code_object.check(view(body))
        return hit.evidence.identity

    assert len({identity(last) for last in "abcdefgh"}) == 8


def needed(*classes: str) -> tuple[str, ...]:
    made = "".join("c{}\n{}\n)\x81".format(*name.rsplit(".", 1)) for name in classes)
    (hit,) = needs_code.check(view(made.encode("latin-1")))
    return hit.evidence.identity


def test_a_need_of_unknown_code_is_bound_to_the_names_of_it():
    assert needed("mine.A") == needed("mine.A", "mine.A")
    assert needed("mine.A") != needed("mine.A", "mine.B")
    assert needed("mine.A") != needed("mine.B")


def test_a_need_of_a_known_library_stays_the_same_whatever_it_is_used_for():
    assert needed("sklearn.svm.SVC") == needed("sklearn.svm.SVC", "sklearn.svm.SVR")
