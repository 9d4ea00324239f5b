import pickle

import pytest

from modelwarden.formats import Limits, Source
from modelwarden.formats.pickle.reader import read


class Estimator:
    """Pickled under another module's name."""

    def __init__(self, version: str) -> None:
        self._sklearn_version = version


def dumped(protocol: int, module: str) -> bytes:
    """Return the pickle of an estimator that claims to be of `module`."""
    data = pickle.dumps(Estimator("1.4.2"), protocol)
    ours = Estimator.__module__.encode()
    theirs = module.encode()
    assert data.count(ours) == 1
    at = data.index(ours)
    if protocol >= 4:
        assert data[at - 1] == len(ours)
        data = data[: at - 1] + bytes([len(theirs)]) + theirs + data[at + len(ours) :]
        frame = len(data) - 11
        return data[:3] + frame.to_bytes(8, "little") + data[11:]
    return data.replace(ours, theirs)


@pytest.mark.parametrize("protocol", range(6))
def test_scikit_learn_leaves_its_version(protocol: int):
    data = dumped(protocol, "sklearn.svm._classes")

    producer = read(Source("p", data), Limits()).producer

    assert producer is not None
    assert (producer.name, producer.version) == ("scikit-learn", "1.4.2")


def test_other_libraries_are_named_without_a_version():
    data = dumped(4, "xgboost.sklearn")

    producer = read(Source("p", data), Limits()).producer

    assert producer is not None
    assert (producer.name, producer.version) == ("xgboost", None)


def test_plain_values_name_nobody():
    assert read(Source("p", pickle.dumps({"a": [1, 2]})), Limits()).producer is None
