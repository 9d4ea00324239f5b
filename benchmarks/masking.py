"""Models that hide how easily they are fooled, beside an honest twin with the same decisions.

    python benchmarks/masking.py [--samples N] [--queries N] [--only NAME ...]
        [--seed 0] [--net pooled|strided|leaky|dense] [--mnist FILE]

One network (convolutions with pooling, with strides, GELU and a hidden layer, or with leaky units
and means; or three dense layers) on scikit-learn's digits or MNIST (needs torch), as it is and in
twins that change what an attacker sees: logits times 10,000; shares of a softmax that is saturated,
also limited or in half precision; decisions alone; scores rounded to a tenth; inputs rounded to 16
levels, which has no derivative, also by whole numbers, in numpy or without a graph; noise on every
answer; batch normalisation left in training mode. Each is assessed as `check` does it, with
gradients granted. Prints robust accuracy of each twin and what `masked-gradients` says.

Two of them make other decisions than the net as it is, so they have honest ones of their own: the
net that is attacked on the 16 levels themselves, as far as rounding leads from within eps; and the
net whose batch normalisation keeps what it has of the test rows that a check asks beside.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from modelwarden.assess.config import AssessConfig, RobustnessConfig
from modelwarden.assess.context import Context
from modelwarden.assess.robustness.plan import Plan, plan
from modelwarden.assess.robustness.stage import run
from modelwarden.attacks.balls import Ball, Norm
from modelwarden.attacks.engine import run as run_attack
from modelwarden.targets import inside, watched
from modelwarden.targets.config import DataConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task
from modelwarden.targets.tiled import AnyTarget

EPS, MNIST_EPS, LEVELS = 0.12, 0.1, 16
Forward = Callable[[torch.Tensor], torch.Tensor]


def made(kind: str, *, norm: bool, side: int = 8) -> nn.Sequential:
    """Return a network that is not trained, for pictures of `side` pixels a side."""
    if kind == "dense":
        between = [[nn.BatchNorm1d(wide)] if norm else [] for wide in (96, 48)]
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(side * side, 96),
            *between[0],
            nn.ReLU(),
            nn.Linear(96, 48),
            *between[1],
            nn.ReLU(),
            nn.Linear(48, 10),
        )
    if kind == "leaky":
        between = [[nn.BatchNorm2d(wide)] if norm else [] for wide in (20, 40)]
        return nn.Sequential(
            nn.Conv2d(1, 20, 3, padding=1),
            *between[0],
            nn.LeakyReLU(0.1),
            nn.AvgPool2d(2),
            nn.Conv2d(20, 40, 3, padding=1),
            *between[1],
            nn.LeakyReLU(0.1),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(40 * (side // 4) ** 2, 10),
        )
    if kind == "strided":
        middle = [nn.BatchNorm2d(48)] if norm else []
        return nn.Sequential(
            nn.Conv2d(1, 24, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(24, 48, 3, stride=2, padding=1),
            *middle,
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(48 * (side // 4) ** 2, 64),
            nn.GELU(),
            nn.Linear(64, 10),
        )
    middle = [nn.BatchNorm2d(32)] if norm else []
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        *middle,
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * (side // 2) ** 2, 10),
    )


def trained(x: np.ndarray, y: np.ndarray, kind: str, seed: int, *, norm: bool = False) -> nn.Module:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = made(kind, norm=norm, side=x.shape[-1])
    images = torch.tensor(x)
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    chance = torch.Generator().manual_seed(seed)
    for _ in range(250):
        at = torch.randint(len(images), (64,), generator=chance)
        loss = nn.functional.cross_entropy(net(images[at]), torch.tensor(y)[at])
        steps.zero_grad()
        loss.backward()
        steps.step()
    return net.eval()


class Twin(nn.Module):
    """A network behind something that changes how it answers."""

    def __init__(self, net: nn.Module, forward: Forward) -> None:
        super().__init__()
        self.net, self.how = net, forward

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.how(x)


def frozen(normed: nn.Module, company: np.ndarray) -> nn.Module:
    """Return the network that normalises by these rows, whatever it is asked."""
    kept = copy.deepcopy(normed)
    for part in kept.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.momentum = 1.0
    kept.train()
    with torch.no_grad():
        kept(torch.tensor(company))
    return kept.eval()


def twins(
    net: nn.Module, normed: nn.Module, company: np.ndarray
) -> Iterator[tuple[str, str, Forward]]:
    """Yield the name, the name of the honest one, and how it answers."""
    chance = torch.Generator().manual_seed(1)
    yield "honest", "honest", net
    yield "times 10,000", "honest", lambda x: net(x) * 1e4
    yield "saturated", "honest", lambda x: (net(x) * 1e2).softmax(dim=1)
    yield "limited", "honest", lambda x: (net(x) * 1e2).softmax(dim=1).clamp(1e-6, 1 - 1e-6)
    yield "half precision", "honest", lambda x: (net(x) * 50).softmax(dim=1).half()
    yield "decisions", "honest", lambda x: nn.functional.one_hot(net(x).argmax(1), 10).float()
    yield "rounded scores", "honest", lambda x: (net(x) * 10).round() / 10
    levels = "honest, on the levels"
    yield "rounded inputs", levels, lambda x: net((x * 16).round() / 16)
    yield "whole numbers", levels, lambda x: net((x * 16 + 0.5).byte().float() / 16)
    yield "in numpy", levels, lambda x: net(torch.tensor(np.round(x.numpy() * 16) / 16))

    def without_graph(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x = (x * 16).round() / 16
        return net(x)

    yield "without a graph", levels, without_graph
    yield (
        "randomised",
        "honest",
        lambda x: net(x + 0.02 * torch.randn(x.shape, generator=chance)),
    )
    yield "batch norm, honest", "batch norm, honest", normed
    among = "batch norm, of the company"
    yield among, among, frozen(normed, company)

    def training(x: torch.Tensor) -> torch.Tensor:
        return copy.deepcopy(normed).train()(x)

    yield "batch norm, training", among, training


def on_levels(net: nn.Module, made: Plan, seed: int) -> dict[str, float]:
    """Return what holds on the levels of the inputs, as far as rounding leads from within eps."""
    ball, entries = made.problem.space, made.entries
    x = np.asarray(ball.x)
    near, low, high = (
        np.round(np.clip(x + far, 0, 1).astype(np.float32) * np.float32(LEVELS)) / LEVELS
        for far in (0, -ball.eps, ball.eps)
    )
    reach = float(max((high - near).max(), (near - low).max())) + 1e-6
    box = Ball(
        x=near.astype(np.float32), norm=Norm.LINF, eps=reach, low=low, high=high, grid=1 / LEVELS
    )
    problem = replace(made.problem, space=box, clean=target_of(net, near).scores(near))
    found = {}
    for entry in entries:
        rows = made.config.rows_of(entry.access)
        target = target_of(net, near)
        found[entry.name] = run_attack(entry.load(), target, problem, seed=seed, queries=rows)
    held = {name: ~one.success for name, one in found.items()}
    held["all"] = np.all(list(held.values()), axis=0)
    return {name: round(float(one.sum()) / len(made.rows), 3) for name, one in held.items()}


def target_of(forward: Forward, x: np.ndarray, net: nn.Module | None = None) -> AnyTarget:
    # What answers in the sandboxed process, here without it.
    sys.modules["modelwarden_watched"] = watched
    opened = inside._Torch(Twin(net or nn.Identity(), forward))  # noqa: SLF001
    seen = {"stepped": False}

    def scores(z: np.ndarray) -> np.ndarray:
        return opened.ask(("array", np.asarray(z, np.float32))).double().numpy()

    def gradients(z: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = opened.gradients(("array", np.asarray(z, np.float32)), weights, 0)
        seen["stepped"] |= bool(found["stepped"].any())
        return found["logits"].detach().double().numpy(), found["gradients"].double().numpy()

    spec = TargetSpec(
        task=Task.MULTICLASS,
        modality=Modality.IMAGE,
        classes=tuple(range(10)),
        shape=x.shape[1:],
        access=Access.GRADIENTS,
        tile=256,
    )
    target = function_target(scores, spec, x, gradients=gradients)
    type(target.asked).stepped = property(lambda _: seen["stepped"])
    return target


def context(
    net: nn.Module, forward: Forward, x: np.ndarray, y: np.ndarray, how: argparse.Namespace
) -> Context:
    config = RobustnessConfig(
        eps=MNIST_EPS if how.mnist else EPS,
        low=0.0,
        high=1.0,
        grid=0.0,
        queries=how.queries,
        samples=how.samples,
    )
    return Context(
        project=ProjectConfig(name="twin", task=Task.MULTICLASS, modality=Modality.IMAGE),
        model=ModelConfig(path="net.pt", adapter="torch", access=Access.GRADIENTS),
        data=DataConfig(test="test.npz", label="y"),
        assess=AssessConfig(robustness=config),
        test=DataSet("test", x, y, Frame((), ()), source="test.npz"),
        target=target_of(forward, x, net),
        seed=how.seed,
    )


def pictures(how: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training pictures with their classes, and test pictures with theirs."""
    if how.mnist is None:
        from sklearn.datasets import load_digits

        digits = load_digits()
        x, y, most, count = digits.images / 16, digits.target, 1200, 597
    else:
        with np.load(how.mnist, allow_pickle=False) as stored:
            x, y, most, count = stored["x"] / 255, stored["y"], 8000, 800
    order = np.random.default_rng(how.seed).permutation(len(x))[: most + count]
    x, y = x[order, None].astype(np.float32), y[order].astype(np.int64)
    return x[:most], y[:most], x[most:], y[most:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--net", choices=("pooled", "strided", "leaky", "dense"), default="pooled")
    parser.add_argument("--mnist", metavar="FILE", help="an npz with x and y, in place of digits")
    parser.add_argument("--only", nargs="*", default=[])
    chosen = parser.parse_args()
    x, y, test, truth = pictures(chosen)
    net, normed = (trained(x, y, chosen.net, chosen.seed, norm=norm) for norm in (False, True))
    results: list[dict[str, object]] = []
    company = np.resize(np.arange(len(test)), 256)
    for name, honest, forward in twins(net, normed, test[company]):
        if chosen.only and name not in chosen.only:
            continue
        began = time.process_time()
        asked = context(net, forward, test, truth, chosen)
        if honest not in [one["twin"] for one in results] and honest.endswith("levels"):
            config = asked.assess.robustness
            told = {"twin": honest, "robust": on_levels(net, plan(asked, config), chosen.seed)}
            results.append(told)
            sys.stderr.write(json.dumps(told) + "\n")
        done = run(asked)
        robust = [m for m in done.measurements if m.name == "robust_accuracy"]
        results.append(
            {
                "twin": name,
                "of": honest,
                "robust": {
                    str(m.conditions.get("attack", "all")): round(m.value, 3) for m in robust
                },
                "clean": next(m.value for m in done.measurements if m.name == "clean_accuracy"),
                "n": robust[0].n,
                "told": [f.message for f in done.findings if f.rule == "masked-gradients"],
                "other_rules": [f.rule for f in done.findings if f.rule != "masked-gradients"],
                "seconds": round(time.process_time() - began, 1),
            }
        )
        sys.stderr.write(json.dumps(results[-1]) + "\n")
    eps = MNIST_EPS if chosen.mnist else EPS
    sys.stdout.write(json.dumps({"eps": eps, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
