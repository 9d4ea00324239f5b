"""Attacks on images and vectors beside the peers': what they leave standing, and for how many rows.

    python benchmarks/attack_peers.py PART [--seeds 11,12] [--samples 100] [--victims cnn,forest]

PART is `gradients` (beside whole AutoAttack, foolbox, ART and torchattacks), `scores` (beside
AutoAttack's Square), `labels` (beside foolbox's and ART's HopSkipJump) or `smallest` (how small a
change each finds). It runs in an environment with what is compared: torch, foolbox,
adversarial-robustness-toolbox, torchattacks, scikit-learn, xgboost and lightgbm; `--autoattack`
names a checkout of AutoAttack. What cannot be imported is said and left out.

Every side gets the same inputs of the same victim (`victims.py`). Rows are counted at the model,
and what a side returns is judged here: a class other than the true one, in the box, within eps. Of
ours the rows of its judge are counted, too. Attacks were tuned on seeds 0 and 1, and on no other.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from victims import NETS, OTHERS, SMALL, Victim, slopes, victim

from modelwarden.attacks.balls import Ball, Norm, size_of
from modelwarden.attacks.catalog import entry_of
from modelwarden.attacks.engine import Problem, run
from modelwarden.metrics.intervals import wilson
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import limited

Floats = npt.NDArray[np.float64]
EPS = {
    "linf": {"cnn": 0.1, "cnn-adv": 0.2, "mlp": 0.04, "digits-mlp": 0.16},
    "l2": {"cnn": 1.2, "cnn-adv": 2.0, "mlp": 0.6, "digits-mlp": 0.6},
    "l1": {"cnn": 10.0, "cnn-adv": 12.0, "mlp": 6.0, "digits-mlp": 2.5},
}
OTHER_EPS = {"linf": 0.1, "l2": 1.2, "l1": 10.0}
TABLE_EPS = {"linf": 0.05, "l2": 0.3, "l1": 0.8}
OTHERS_EPS = {
    "table": TABLE_EPS,
    "urls": TABLE_EPS,
    "attention": {"linf": 0.03, "l2": 0.4, "l1": 3.0},
    "cnn-adv-l2": {"linf": 0.15, "l2": 2.2, "l1": 12.0},
    "cnn-noise": {"linf": 0.15, "l2": 2.0, "l1": 12.0},
    "sigmoid": {"linf": 0.06, "l2": 0.8, "l1": 7.0},
    "digits-cnn": {"linf": 0.12, "l2": 0.6, "l1": 1.8},
    "kdd": {"linf": 0.12, "l2": 0.5, "l1": 1.2},
}
TREES_EPS = {"linf": 0.12, "l2": 0.5, "l1": 2.0}
TILE = 128
MORE_ROWS: list[int] = []  # `apgd` at each of these instead
WHOLE_ALONE: list[bool] = []  # AutoAttack is the only peer
AA_NORMS = {"linf": "Linf", "l2": "L2", "l1": "L1"}


class Asked:
    """Counts the rows that a module is given, and remembers when each input first fell."""

    def __init__(self, module: Any) -> None:
        self.module, self.rows = module, 0

    def __call__(self, x: Any) -> Any:
        self.rows += len(x)
        return self.module(x)


def module_of(one: Victim, *, logs: bool) -> Any:
    """Return a torch module that is asked and counted; of no net one without gradients."""
    import torch

    class Counted(torch.nn.Module):
        rows = 0

        def forward(self, x: Any) -> Any:
            self.rows += len(x)
            if one.honest is not None:
                return one.honest(x)
            p = one.scores(x.detach().numpy())
            return torch.tensor(np.log(np.maximum(p, 1e-12)) if logs else p, dtype=torch.float32)

    return Counted().eval()


def problem_of(one: Victim, norm: str, eps: float, access: Access) -> tuple[Any, Problem]:
    image = one.module is not None
    spec = TargetSpec(
        task=Task.MULTICLASS,
        modality=Modality.IMAGE if image else Modality.VECTOR,
        classes=tuple(range(one.classes)),
        shape=one.shape if image else None,
        tile=TILE,
    )
    x = one.x
    gradients = slopes(one.module) if image and access is Access.GRADIENTS else None
    target = limited(function_target(one.scores, spec, x, gradients=gradients), access)
    ball = Ball(x=x, norm=Norm(norm), eps=eps, low=0, high=1)
    clean = None if access is Access.LABELS else one.scores(x)
    rows = np.arange(len(x))
    return target, Problem(space=ball, y=one.y, rows=rows, classes=one.classes, clean=clean)


def eps_of(one: Victim, norm: str) -> float:
    of = one.name.partition("@")[2]
    if of:
        return OTHERS_EPS[of][norm]
    if one.name in OTHERS:
        return OTHERS_EPS.get(one.name, OTHER_EPS)[norm]
    return EPS[norm].get(one.name, TREES_EPS[norm])


def told(name: str, success: Any, rows: float, seconds: float, **more: object) -> dict[str, object]:
    n = len(success)
    held = n - int(np.sum(success))
    low, high = wilson(held, n)
    return {
        "attack": name,
        "robust": round(held / n, 4),
        "low": round(low, 3),
        "high": round(high, 3),
        "n": n,
        "rows": round(rows, 1),
        "seconds": round(seconds, 2),
        **more,
    }


def ours(
    one: Victim, name: str, norm: str, eps: float, access: Access, queries: int, seed: int
) -> dict[str, object]:
    target, problem = problem_of(one, norm, eps, access)
    began = time.process_time()
    found = run(entry_of(name).load(), target, problem, seed=seed, queries=queries)
    seconds = time.process_time() - began
    fell = judged(one, found.candidates, norm, eps)
    assert (fell == found.success).all()
    won = found.queries[found.success]
    middle = float(np.median(won)) if len(won) else None
    return told(
        f"modelwarden {name}",
        fell,
        float(found.queries.mean()),
        seconds,
        median=middle,
        calls=found.calls,
        **race(found.success, found.queries),
    )


def race(success: Any, queries: Any) -> dict[str, object]:
    """Return the rows after which so many of *all* inputs have fallen: fair between attacks."""
    ranked = np.sort(np.where(success, queries, np.inf))
    marks = {}
    for share in (10, 25, 50):
        at = ranked[max(0, int(np.ceil(len(ranked) * share / 100)) - 1)]
        marks[f"rows_to_{share}_percent"] = None if np.isinf(at) else float(at)
    return marks


def judged(one: Victim, made: Any, norm: str, eps: float) -> npt.NDArray[np.bool_]:
    made = np.asarray(made, np.float64).reshape(one.x.shape)
    moved = made - one.x
    kept = (size_of(moved, Norm(norm)) <= eps * (1 + 1e-4)) & (
        (made >= -1e-6) & (made <= 1 + 1e-6)
    ).reshape(len(made), -1).all(axis=1)
    wrong = one.scores(made.astype(np.float32)).argmax(axis=1) != one.y
    return np.asarray(wrong & kept)


def peer(
    one: Victim,
    name: str,
    norm: str,
    eps: float,
    attack: Callable[[Any, Any, Any], Any],
    *,
    logs: bool = False,
) -> dict[str, object]:
    """Run an attack of somebody else: (module, x, y) → x; it sees pictures."""
    import torch

    module = module_of(one, logs=logs)
    x, y = torch.tensor(one.x.reshape(-1, *one.shape)), torch.tensor(one.y)
    began = time.process_time()
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = attack(module, x, y)
    seconds = time.process_time() - began
    more: dict[str, object] = {}
    if isinstance(made, tuple):
        made, queries = made
        fell = judged(one, np.asarray(made), norm, eps)
        won = queries[fell]
        more = {
            "median": float(np.median(won)) if len(won) else None,
            **race(fell, queries),
        }
    fell = judged(one, np.asarray(made), norm, eps)
    return told(name, fell, module.rows / len(one.y), seconds, **more)


def autoattack(norm: str, eps: float, seed: int, classes: int) -> Any:
    """Return whole AutoAttack; its targeted losses need four classes, FAB's targeted form three."""

    def attack(module: Any, x: Any, y: Any) -> Any:
        from autoattack import AutoAttack

        made = AutoAttack(module, norm=AA_NORMS[norm], eps=eps, seed=seed, device="cpu")
        targets = classes - 1
        made.apgd_targeted.n_target_classes = min(targets, made.apgd_targeted.n_target_classes)
        made.fab.n_target_classes = min(targets, made.fab.n_target_classes)
        if classes < 4:
            made.attacks_to_run = ["apgd-ce", "fab", "square"]
        return made.run_standard_evaluation(x, y, bs=len(x))

    return attack


def square(norm: str, eps: float, seed: int, queries: int) -> Any:
    def attack(module: Any, x: Any, y: Any) -> Any:
        from autoattack.square import SquareAttack

        made = SquareAttack(
            module, norm=AA_NORMS[norm], n_queries=queries, eps=eps, seed=seed, device="cpu"
        )
        made.init_hyperparam(x)
        asked, found = made.attack_single_run(x, y)
        return found.numpy(), asked.numpy().ravel()

    return attack


def foolbox(name: str, eps: float, **settings: object) -> Any:
    def attack(module: Any, x: Any, y: Any) -> Any:
        import foolbox as fb

        model = fb.PyTorchModel(module, bounds=(0, 1), device="cpu")
        return getattr(fb.attacks, name)(**settings)(model, x, y, epsilons=eps)[1].numpy()

    return attack


def hop_skip(norm: str, eps: float, rows: int) -> Any:
    """Return foolbox's HopSkipJump, stopped where its rows end: the best so far counts."""

    def attack(module: Any, x: Any, y: Any) -> Any:
        return _hop_skip(module, x, y, norm, eps, rows)

    return attack


class _SpentError(Exception):
    """The rows are spent."""


def _hop_skip(module: Any, x: Any, y: Any, norm: str, eps: float, rows: int) -> Any:
    """Watch every row that HopSkipJump asks; all inputs advance together, so rows are shared.

    Of each input the first answer that fools within eps counts, even where the attack itself goes
    on to something else; that is kinder to it than what it returns.
    """
    import foolbox as fb
    import torch

    n = len(x)
    best, first = x.clone(), np.full(n, np.inf)
    real, asked = x.reshape(n, -1), 0

    class Watched(torch.nn.Module):
        def forward(self, z: Any) -> Any:
            nonlocal asked
            answer = module(z)
            if len(z) == n:
                asked += 1
                moved = (z.reshape(n, -1) - real).double().numpy()
                size = size_of(moved, Norm(norm))
                fell = (answer.argmax(dim=1) != y).numpy() & (size <= eps * (1 + 1e-4))
                fresh = fell & np.isinf(first)
                first[fresh] = asked
                best[fresh] = z[fresh]
                if asked >= rows:
                    raise _SpentError
            return answer

    model = fb.PyTorchModel(Watched().eval(), bounds=(0, 1), device="cpu")
    attack = fb.attacks.HopSkipJumpAttack(
        init_attack=fb.attacks.LinearSearchBlendedUniformNoiseAttack(directions=100, steps=20),
        steps=64,
        constraint=norm,
    )
    with contextlib.suppress(_SpentError):
        attack.run(model, x, fb.criteria.Misclassification(y))
    return best.numpy(), np.where(np.isinf(first), asked, first)


def by_gradients(one: Victim, seed: int, queries: int, norms: list[str]) -> Iterator[dict]:
    for norm in norms:
        eps = eps_of(one, norm)
        for rows in MORE_ROWS or [queries]:
            line = ours(one, "apgd", norm, eps, Access.GRADIENTS, rows, seed)
            yield line | {"norm": norm, "most": rows}
        whole = autoattack(norm, eps, seed, one.classes)
        sides: list[tuple[str, Any]] = [("AutoAttack, whole", whole)]
        if norm == "linf":
            sides.append(("foolbox PGD", foolbox("LinfPGD", eps, steps=40)))
            sides += [("torchattacks PGD", torchattacks_pgd(eps)), ("ART APGD", art_apgd(eps))]
        elif norm == "l2":
            sides.append(("foolbox DDN", foolbox("DDNAttack", eps, steps=200)))
        else:
            sides.append(("foolbox FMN", foolbox("L1FMNAttack", eps, steps=200)))
        for name, attack in sides if not WHOLE_ALONE else sides[:1]:
            line = tried(name, partial(peer, one, name, norm, eps, attack))
            yield line | {"norm": norm}


def torchattacks_pgd(eps: float) -> Any:
    def attack(module: Any, x: Any, y: Any) -> Any:
        import torchattacks

        made = torchattacks.PGD(module, eps=eps, alpha=eps / 10, steps=40, random_start=True)
        return made(x, y).detach().numpy()

    return attack


def art_apgd(eps: float) -> Any:
    def attack(module: Any, x: Any, y: Any) -> Any:
        import torch
        from art.attacks.evasion import AutoProjectedGradientDescent
        from art.estimators.classification import PyTorchClassifier

        made = PyTorchClassifier(
            module,
            torch.nn.CrossEntropyLoss(),
            tuple(x.shape[1:]),
            10,
            clip_values=(0.0, 1.0),
            device_type="cpu",
        )
        found = AutoProjectedGradientDescent(
            made, eps=eps, eps_step=eps / 4, max_iter=100, nb_random_init=1, verbose=False
        )
        return found.generate(x.numpy(), y.numpy())

    return attack


def by_scores(one: Victim, seed: int, queries: int, norms: list[str]) -> Iterator[dict]:
    for norm in norms:
        eps = eps_of(one, norm)
        for name in ("corners", "signs", "square"):
            if norm in entry_of(name).norms:
                access = Access.LABELS if name == "corners" else Access.SCORES
                yield ours(one, name, norm, eps, access, queries, seed) | {"norm": norm}
        logs = one.module is None and not one.name.startswith("forest")
        name = "AutoAttack's Square"
        attack = square(norm, eps, seed, queries)
        yield tried(name, partial(peer, one, name, norm, eps, attack, logs=logs)) | {"norm": norm}


def by_labels(one: Victim, seed: int, queries: int, norms: list[str]) -> Iterator[dict]:
    for norm in norms:
        eps = eps_of(one, norm)
        for name in ("corners", "boundary"):
            for rows in (queries // 2, queries):
                line = ours(one, name, norm, eps, Access.LABELS, rows, seed)
                yield line | {"norm": norm, "attack": f"{line['attack']}, {rows} rows"}
        if norm != "l1":
            name = f"foolbox HopSkipJump, {queries} rows"
            attack = hop_skip(norm, eps, queries)
            yield tried(name, partial(peer, one, name, norm, eps, attack)) | {"norm": norm}


def tried(name: str, work: Callable[[], dict[str, object]]) -> dict[str, object]:
    try:
        return work()
    except ImportError as error:
        return {"attack": name, "left_out": str(error)}


def versions() -> dict[str, str]:
    names = ("torch", "foolbox", "adversarial-robustness-toolbox", "torchattacks")
    out = {}
    for name in (*names, "scikit-learn", "xgboost-cpu", "lightgbm", "numpy"):
        with contextlib.suppress(PackageNotFoundError):
            out[name] = version(name)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["gradients", "scores", "labels"])
    parser.add_argument("--data", type=Path, default=Path("shared/data"))
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--seeds", default="11,12")
    parser.add_argument("--victims")
    parser.add_argument("--norms")
    parser.add_argument("--queries", help="rows an input at most; of apgd also several: 600,1000")
    parser.add_argument("--whole", action="store_true", help="of peers AutoAttack alone")
    parser.add_argument("--autoattack")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    chosen = parser.parse_args()
    if chosen.autoattack:
        sys.path.insert(0, chosen.autoattack)
    if chosen.ours:
        globals()["tried"] = lambda name, _: {"attack": name, "left_out": "--ours"}
    WHOLE_ALONE[:] = [True] if chosen.whole else []
    MORE_ROWS[:] = [int(each) for each in (chosen.queries or "").split(",") if each]
    part, default, norms, names = {
        "gradients": (by_gradients, 600, ["linf", "l2", "l1"], NETS),
        "scores": (by_scores, 500, ["linf"], (*NETS, *SMALL)),
        "labels": (by_labels, 1000, ["linf", "l2"], ("cnn", "mlp", "digits-mlp", *SMALL[1:])),
    }[chosen.part]
    names = tuple(chosen.victims.split(",")) if chosen.victims else names
    norms = chosen.norms.split(",") if chosen.norms else norms
    for seed in map(int, chosen.seeds.split(",")):
        for name in names:
            one = victim(name, seed, chosen.data, chosen.samples)
            for line in part(one, seed, (MORE_ROWS or [default])[0], norms):
                if "left_out" in line and chosen.ours:
                    continue
                eps = eps_of(one, str(line["norm"]))
                line = {"victim": name, "seed": seed, "eps": eps, **line}
                print(json.dumps(line), flush=True)
    print(json.dumps({"versions": versions()}))


if __name__ == "__main__":
    main()
