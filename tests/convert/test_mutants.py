"""Real files with damage: refused or converted, and nothing else."""

from __future__ import annotations

import random

import pytest

from convert.torchtensors import legacy, tensor, zipped
from modelwarden.convert import ConvertError
from modelwarden.convert.opening import contents_of
from modelwarden.convert.tensor import pieces
from modelwarden.formats import Limits, Source

VIEWS = {"a": tensor(0, 24, (4, 6), (1, 4)), "b": tensor(0, 24, (5,), (2,), 3)}
OLD = {"a": tensor(0, 24, (4, 6), (1, 4), tail=b"N")}
STORAGE = {"0": bytes(range(96))}
BUILT = {"zip": lambda: zipped(VIEWS, STORAGE), "legacy": lambda: legacy(OLD, STORAGE)}
REAL = (
    "torch/dice_adult.pth",
    "torch/facenet_mtcnn/pnet.pt",
    "keras/dice_adult.h5",
    "sklearn/spam_detector_ai/lr_model.joblib",
)
ROUNDS = 300


def mutated(data, rng):
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(out))
        kind = rng.random()
        if kind < 0.6:
            out[at] = rng.choice((rng.randrange(256), 0, 255, out[at] ^ 1 << rng.randrange(8)))
        elif kind < 0.75:
            del out[at : at + rng.randrange(1, 9)]
        elif kind < 0.9:
            out[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif at > 20:
            del out[at:]
    return bytes(out)


def survives(data, rounds, seed):
    rng = random.Random(seed)
    for _ in range(rounds):
        try:
            contents = contents_of(Source("m", mutated(data, rng)), Limits(seconds=60))
        except ConvertError:
            continue
        for one in contents.tensors:
            if one.size < 1 << 20:
                assert sum(map(len, pieces(one))) == one.size


@pytest.mark.parametrize("name", BUILT)
def test_damaged_files_are_refused_or_converted(name):
    survives(BUILT[name](), ROUNDS, seed=0)


@pytest.mark.soak
@pytest.mark.parametrize("name", REAL)
def test_damaged_real_files_are_refused_or_converted(shared, name):
    survives((shared / "data/models" / name).read_bytes(), 100 * ROUNDS, seed=1)
