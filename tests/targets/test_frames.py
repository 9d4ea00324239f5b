import copy
import pickle
import time

import numpy as np
import pytest

from modelwarden.core import InputError
from modelwarden.targets.frames import Frame


def test_columns_are_found_after_every_way_to_make_a_table_of_another():
    frame = Frame(("a", "b"), (np.arange(3), np.arange(3) * 2))

    made = [
        frame.take([2, 1]),
        frame.part(1, 3),
        frame.with_column("c", np.zeros(3)),
        frame.with_column("a", np.ones(3)),
        frame.only(["b"]),
        copy.copy(frame),
        pickle.loads(pickle.dumps(frame)),
    ]

    assert [other["b"].tolist() for other in made] == [
        [4, 2], [2, 4], [0, 2, 4], [0, 2, 4], [0, 2, 4], [0, 2, 4], [0, 2, 4]
    ]  # fmt: skip
    assert made[2]["c"].tolist() == [0, 0, 0]
    assert made[3]["a"].tolist() == [1, 1, 1]
    with pytest.raises(InputError, match="no column 'a'"):
        made[4]["a"]


def test_a_table_of_very_many_columns_takes_no_time_to_cut():
    """Looking each name up among all of them took some ten seconds."""
    names = tuple(f"gene {i}" for i in range(40_000))
    frame = Frame(names, (np.zeros(2),) * len(names))

    began = time.process_time()
    left = frame.without(names[:1])

    assert time.process_time() - began < 2
    assert left.names == names[1:]
