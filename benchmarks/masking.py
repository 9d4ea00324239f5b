"""Models that hide how easily they are fooled, beside an honest twin with the same decisions.

    python benchmarks/masking.py [--samples N] [--queries N] [--only NAME ...]
        [--seed 0] [--net pooled|strided]

One convolutional network (with pooling, or with strides, GELU and a hidden layer) on scikit-learn's
digits (needs torch), as it is and in twins that change what an attacker sees: logits times 10,000;
shares of a softmax that is saturated, also limited or in half precision; decisions alone; scores
rounded to a tenth; inputs rounded to 16 levels, which has no derivative, also by whole numbers, in
numpy or without a graph; noise on every answer; batch normalisation left in training mode. Each is
assessed as `check` does it, with gradients granted. Prints robust accuracy of each twin and what
`masked-gradients` says.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from modelwarden.assess.config import AssessConfig, RobustnessConfig
from modelwarden.assess.context import Context
from modelwarden.assess.robustness.stage import run
from modelwarden.targets import inside, watched
from modelwarden.targets.config import DataConfig, ModelConfig, ProjectConfig
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Access, Modality, TargetSpec, Task

EPS = 0.12
Forward = Callable[[torch.Tensor], torch.Tensor]


def made(kind: str, *, norm: bool) -> nn.Sequential:
    """Return a network that is not trained."""
    if kind == "strided":
        middle = [nn.BatchNorm2d(48)] if norm else []
        return nn.Sequential(
            nn.Conv2d(1, 24, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(24, 48, 3, stride=2, padding=1),
            *middle,
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(192, 64),
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
        nn.Linear(512, 10),
    )


def trained(x: np.ndarray, y: np.ndarray, kind: str, seed: int, *, norm: bool = False) -> nn.Module:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = made(kind, norm=norm)
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


def twins(net: nn.Module, normed: nn.Module) -> Iterator[tuple[str, str, Forward]]:
    """Yield the name, the name of the honest one, and how it answers."""
    chance = torch.Generator().manual_seed(1)
    yield "honest", "honest", net
    yield "times 10,000", "honest", lambda x: net(x) * 1e4
    yield "saturated", "honest", lambda x: (net(x) * 1e2).softmax(dim=1)
    yield "limited", "honest", lambda x: (net(x) * 1e2).softmax(dim=1).clamp(1e-6, 1 - 1e-6)
    yield "half precision", "honest", lambda x: (net(x) * 50).softmax(dim=1).half()
    yield "decisions", "honest", lambda x: nn.functional.one_hot(net(x).argmax(1), 10).float()
    yield "rounded scores", "honest", lambda x: (net(x) * 10).round() / 10
    yield "rounded inputs", "honest", lambda x: net((x * 16).round() / 16)
    yield "whole numbers", "honest", lambda x: net((x * 16 + 0.5).byte().float() / 16)
    yield "in numpy", "honest", lambda x: net(torch.tensor(np.round(x.numpy() * 16) / 16))

    def without_graph(x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            x = (x * 16).round() / 16
        return net(x)

    yield "without a graph", "honest", without_graph
    yield (
        "randomised",
        "honest",
        lambda x: net(x + 0.02 * torch.randn(x.shape, generator=chance)),
    )
    yield "batch norm, honest", "batch norm, honest", normed

    def training(x: torch.Tensor) -> torch.Tensor:
        return copy.deepcopy(normed).train()(x)

    yield "batch norm, training", "batch norm, honest", training


def context(
    net: nn.Module, forward: Forward, x: np.ndarray, y: np.ndarray, how: argparse.Namespace
) -> Context:
    # What answers in the sandboxed process, here without it.
    sys.modules["modelwarden_watched"] = watched
    opened = inside._Torch(Twin(net, forward))  # noqa: SLF001
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
        shape=(1, 8, 8),
        access=Access.GRADIENTS,
        tile=256,
    )
    config = RobustnessConfig(
        eps=EPS, low=0.0, high=1.0, grid=0.0, queries=how.queries, samples=how.samples
    )
    target = function_target(scores, spec, x, gradients=gradients)
    type(target.asked).stepped = property(lambda _: seen["stepped"])
    return Context(
        project=ProjectConfig(name="twin", task=Task.MULTICLASS, modality=Modality.IMAGE),
        model=ModelConfig(path="net.pt", adapter="torch", access=Access.GRADIENTS),
        data=DataConfig(test="test.npz", label="y"),
        assess=AssessConfig(robustness=config),
        test=DataSet("test", x, y, Frame((), ()), source="test.npz"),
        target=target,
        seed=how.seed,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--net", choices=("pooled", "strided"), default="pooled")
    parser.add_argument("--only", nargs="*", default=[])
    chosen = parser.parse_args()
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(chosen.seed).permutation(len(digits.data))
    x = (digits.images[order, None] / 16).astype(np.float32)
    y = digits.target[order].astype(np.int64)
    net, normed = (
        trained(x[:1200], y[:1200], chosen.net, chosen.seed, norm=norm) for norm in (False, True)
    )
    results = []
    for name, honest, forward in twins(net, normed):
        if chosen.only and name not in chosen.only:
            continue
        began = time.process_time()
        done = run(context(net, forward, x[1200:], y[1200:], chosen))
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
    sys.stdout.write(json.dumps({"eps": EPS, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
