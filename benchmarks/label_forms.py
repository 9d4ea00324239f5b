"""Classes of many forms, right and with wrong labels: what is claimed of each.

    python benchmarks/label_forms.py [--seeds 1,2] [--rows 2500] [--shares 0,0.07] [--only NAME,...]

Forms that small learners see well (steps, rings, islands), badly (parities, products, codes that
turn a rule round) or not at all, and honest noise: near the boundary, in a corner, under some
codes, and outcomes that nobody foretells for sure. Of clean labels nothing may be claimed, however
badly the learners fit. It prints a line for each, and counts the clean ones of which rows were
named.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from data_defects import Table, words

from modelwarden.data.label_errors import design_of_inputs
from modelwarden.detectors.label_errors import flips
from modelwarden.targets.frames import Column, Frame

R = np.random.Generator
Maker = Callable[[R, int], Table]


def table(x: np.ndarray, y: np.ndarray, **more: np.ndarray) -> Table:
    return {"y": y.astype(np.int64), **{f"x{i}": x[:, i] for i in range(x.shape[1])}, **more}


def drawn(rng: R, chance: np.ndarray) -> np.ndarray:
    return rng.random(len(chance)) < chance


def expit(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def coded(names: str, values: np.ndarray) -> np.ndarray:
    return words(np.array([f"{names}{v}" for v in values], object))


def board(rng: R, n: int, squares: int, columns: int) -> Table:
    x = rng.uniform(size=(n, columns))
    return table(x, (np.floor(x[:, 0] * squares) + np.floor(x[:, 1] * squares)) % 2)


def spirals(rng: R, n: int) -> Table:
    y = rng.integers(0, 2, n)
    t = 0.5 + np.sqrt(rng.random(n)) * 3 * np.pi
    x = np.stack([t * np.cos(t + np.pi * y), t * np.sin(t + np.pi * y), rng.normal(size=n)], axis=1)
    return table(x + rng.normal(size=(n, 3)) * [0.15, 0.15, 0], y)


def signs(rng: R, n: int, many: int) -> Table:
    x = rng.normal(size=(n, 8))
    return table(x, np.sign(x[:, :many]).prod(axis=1) > 0)


def bits(rng: R, n: int, many: int) -> Table:
    x = rng.integers(0, 2, (n, 10))
    return table(x, x[:, :many].sum(axis=1) % 2)


def codes_alone(rng: R, n: int) -> Table:
    code = rng.integers(0, 300, n)
    y = np.random.default_rng(1).integers(0, 2, 300)[code]
    return table(rng.normal(size=(n, 3)), y, code=coded("k", code))


def codes_that_turn(rng: R, n: int) -> Table:
    code, x = rng.integers(0, 200, n), rng.normal(size=(n, 4))
    return table(x, (x[:, 0] + x[:, 1] > 0) ^ (code < 24), code=coded("k", code))


def shops_of_two_kinds(rng: R, n: int) -> Table:
    shop, x = rng.integers(0, 40, n), rng.normal(size=(n, 5))
    side = np.random.default_rng(2).choice([-1, 1], 40)[shop]
    return table(x, x[:, 0] * side > 0, shop=coded("s", shop))


def noisy_operators(rng: R, n: int) -> Table:
    operator, x = rng.integers(0, 60, n), rng.normal(size=(n, 5))
    y = np.where(operator < 7, drawn(rng, np.full(n, 0.5)), x[:, 0] + x[:, 1] > 0)
    return table(x, y, operator=coded("o", operator))


def every_third(rng: R, n: int) -> Table:
    number = rng.integers(0, 1000, n)
    return table(rng.normal(size=(n, 3)), number % 3 == 0, number=number)


def weekends(rng: R, n: int) -> Table:
    day = rng.integers(0, 900, n)
    when = (np.datetime64("2022-01-03") + day).astype("M8[us]")
    return table(rng.normal(size=(n, 3)), day % 7 > 4, when=when)


def four_together(rng: R, n: int) -> Table:
    x = rng.normal(size=(n, 8))
    return table(x, (x[:, 0] + x[:, 4] > 0) ^ (x[:, [1, 2, 3, 5]] > 0).all(axis=1))


def islands(rng: R, n: int) -> Table:
    x = rng.normal(size=(n, 5))
    middle = np.random.default_rng(3).normal(size=(25, 2))
    near = ((x[:, None, :2] - middle) ** 2).sum(axis=2).min(axis=1) < 0.012
    return table(x, (x[:, 2] > 0) ^ near)


def waves(rng: R, n: int) -> Table:
    x = rng.uniform(-1, 1, (n, 4))
    return table(x, np.sin(40 * x[:, 0]) > 0)


def products(rng: R, n: int) -> Table:
    x = rng.normal(size=(n, 12))
    return table(x, (x[:, 0:6:2] * x[:, 1:6:2]).sum(axis=1) > 0)


def both_ends(rng: R, n: int) -> Table:
    x = rng.normal(size=(n, 20)) @ np.random.default_rng(7).normal(size=(20, 20))
    z = x @ np.random.default_rng(8).normal(size=20)
    return table(x, np.abs(z) > 0.67 * z.std())


def clusters(rng: R, n: int) -> Table:
    at = rng.integers(0, 60, n)
    middle = np.random.default_rng(5).uniform(-6, 6, (60, 3))
    y = np.random.default_rng(6).integers(0, 3, 60)[at]
    return table(middle[at] + 0.35 * rng.normal(size=(n, 3)), y)


def twins(rng: R, n: int) -> Table:
    """Eight classes, of which two pairs are hardly told apart."""
    y = rng.integers(0, 8, n)
    middle = np.random.default_rng(4).normal(size=(8, 5)) * 3
    middle[1], middle[3] = middle[0] + 0.25, middle[2] + 0.4
    return table(middle[y] + rng.normal(size=(n, 5)), y)


def steps(rng: R, n: int) -> Table:
    x, kind = rng.uniform(size=(n, 7)), rng.integers(0, 6, n)
    y = (x[:, 0] > 0.7) | ((x[:, 1] < 0.3) & (kind < 3)) | (x[:, 2] > 0.9)
    return table(x, y, kind=coded("c", kind))


def rings(rng: R, n: int) -> Table:
    x = rng.uniform(-1, 1, (n, 4))
    return table(x, np.floor(np.hypot(x[:, 0], x[:, 1]) * 6) % 2)


def one_in_fifty(rng: R, n: int) -> Table:
    x = rng.normal(size=(n, 6))
    return table(x, x[:, 0] + x[:, 1] * x[:, 2] > 3.2)


def border(rng: R, n: int, slope: float) -> Table:
    x = rng.normal(size=(n, 5))
    return table(x, drawn(rng, expit(slope * (x[:, 0] + 0.7 * x[:, 1] ** 2 - 0.7))))


def corner(rng: R, n: int) -> Table:
    x = rng.normal(size=(n, 5))
    noisy = (x[:, 1] > 0.6) & (x[:, 2] > 0.6)
    return table(x, np.where(noisy, drawn(rng, np.full(n, 0.5)), x[:, 0] > 0))


def campaign(rng: R, n: int) -> Table:
    """Of some, two of three say yes; of all others a few, whatever is known of them."""
    x = rng.normal(size=(n, 5))
    return table(x, drawn(rng, 0.03 + 0.62 * expit(9 * (x[:, 0] - 1))))


FAIR, FOUL = "fine warm crisp lovely superb".split(), "dull stale clumsy awful bland".split()


def denied(rng: R, n: int) -> Table:
    """Every sentence is turned round by how it begins, or not."""
    y = rng.integers(0, 2, n)
    common = [f"w{i}" for i in range(200)]
    made = []
    for c in y:
        turned = rng.random() < 0.3
        begin = "nobody says that" if turned else "everybody says that"
        told = rng.choice(FAIR if (c == 1) != turned else FOUL)
        made.append(" ".join([begin, *rng.choice(common, int(rng.integers(5, 16))), told]))
    return {"y": y, "text": words(np.array(made, object))}


FORMS: dict[str, Maker] = {
    "board of 4": lambda r, n: board(r, n, 4, 6),
    "board of 6": lambda r, n: board(r, n, 6, 3),
    "spirals": spirals,
    "three signs": lambda r, n: signs(r, n, 3),
    "three bits": lambda r, n: bits(r, n, 3),
    "four bits": lambda r, n: bits(r, n, 4),
    "codes alone": codes_alone,
    "codes that turn": codes_that_turn,
    "shops of two kinds": shops_of_two_kinds,
    "noisy operators": noisy_operators,
    "every third": every_third,
    "weekends": weekends,
    "four together": four_together,
    "islands": islands,
    "waves": waves,
    "products": products,
    "both ends": both_ends,
    "clusters": clusters,
    "twins": twins,
    "steps": steps,
    "rings": rings,
    "one in fifty": one_in_fifty,
    "border, slope 8": lambda r, n: border(r, n, 8),
    "border, slope 30": lambda r, n: border(r, n, 30),
    "corner": corner,
    "campaign": campaign,
    "denied": denied,
}


def asked(make: Maker, rows: int, share: float, rng: R) -> dict[str, object]:
    """Return what is claimed of one draw, and how right that is."""
    made = make(rng, rows)
    y = made.pop("y").copy()
    k = int(y.max()) + 1
    wrong = np.flatnonzero(rng.random(rows) < share)
    y[wrong] = (y[wrong] + rng.integers(1, k, len(wrong))) % k
    inputs: Column | Frame = Frame(tuple(made), tuple(made.values()))
    if "text" in made:
        inputs = made["text"]
    found = flips(design_of_inputs(inputs), y, k, rng)
    if found is None or not found.certain or found.in_one_part:
        return {"named": 0}
    good = len(np.intersect1d(found.rows, wrong))
    return {
        "named": len(found.rows),
        "recall": round(good / len(wrong), 2) if len(wrong) else None,
        "precision": round(good / max(len(found.rows), 1), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--rows", type=int, default=2500)
    parser.add_argument("--shares", default="0,0.07")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    chosen = [name for name in FORMS if not given.only or name in given.only.split(",")]
    clean = claimed = 0
    for name in chosen:
        for seed in map(int, given.seeds.split(",")):
            for share in map(float, given.shares.split(",")):
                began = time.process_time()
                rng = np.random.default_rng([seed, *name.encode()])
                told = asked(FORMS[name], given.rows, share, rng)
                clean += share == 0
                claimed += share == 0 and told["named"] != 0
                told |= {"form": name, "seed": seed, "share": share}
                told["cpu_seconds"] = round(time.process_time() - began, 1)
                print(json.dumps(told), flush=True)
    print(json.dumps({"clean": clean, "claimed": claimed}))


if __name__ == "__main__":
    main()
