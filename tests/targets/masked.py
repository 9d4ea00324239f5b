"""Print gradients of models behind masks, as the worker has them: `masked.py WATCHED INSIDE`."""

import importlib.util
import json
import sys

import numpy as np
import torch

for name, file in zip(("modelwarden_watched", "modelwarden_inside"), sys.argv[1:], strict=True):
    spec = importlib.util.spec_from_file_location(name, file)
    inside = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(inside)


class Twin(torch.nn.Module):
    def __init__(self, how, width=3):
        super().__init__()
        self.line = torch.nn.Linear(4, width)
        with torch.no_grad():
            self.line.weight.copy_(torch.arange(4.0 * width).reshape(width, 4).sin())
            self.line.bias.zero_()
        self.how = how

    def forward(self, x):
        return self.how(self.line, x)


class Scripted(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.line = Twin(None).line

    def forward(self, x):
        x = (x * 8).round() / 8
        if x.dim() != 2:
            raise ValueError("rows of four numbers are due")
        scores = self.line(x)
        for _ in range(3):
            scores = scores * 10
        return scores.softmax(1)


def through_numpy(line, x):
    return line(torch.from_numpy(np.floor(np.asarray(x) * 8) / 8))


def without_graph(line, x):
    with torch.no_grad():
        x = (x * 8).round() / 8
    return line(x)


def in_place(line, x):
    x -= 0.5
    return line(x)


def in_inference(line, x):
    with torch.inference_mode():
        x = x + 0
    return line(x)


def of_one(line, x):
    share = torch.sigmoid(line(x)[:, :1] * 1000)
    return torch.cat((1 - share, share), dim=1)


TWINS = {
    "honest": lambda line, x: line(x),
    "rounded inputs": lambda line, x: line((x * 4).round() / 4),
    "rounded in place": lambda line, x: line((x * 4).round_() / 4),
    "floored scores": lambda line, x: torch.floor(line(x) * 10) / 10,
    "signs": lambda line, x: line(torch.sign(x)),
    "comparisons": lambda line, x: line((x > 0.5).float()),
    "chosen": lambda line, x: line(torch.where(x > 0.5, 1.0, 0.0)),
    "whole numbers": lambda line, x: line((x * 255).byte().float() / 255),
    "rests": lambda line, x: line(x - x % 0.25),
    "numpy": through_numpy,
    "no graph": without_graph,
    "detached": lambda line, x: line(x.detach()),
    "in place": in_place,
    "below": lambda line, x: line((x < 0.5).to(torch.float32)),
    "scaled": lambda line, x: line(x) * 10_000,
    "softmax": lambda line, x: (line(x) * 1000).softmax(dim=1),
    "smoothed": lambda line, x: (line(x) * 1000).softmax(dim=1) * 0.9 + 0.1 / 3,
    "clamped": lambda line, x: (line(x) * 1000).softmax(dim=1).clamp(0.01, 0.99),
    "half": lambda line, x: (line(x) * 100).softmax(dim=1).half(),
    "decisions": lambda line, x: torch.nn.functional.one_hot(line(x).argmax(1), 3).float(),
    "inner softmax": lambda line, x: line(x.softmax(dim=1)),
    "no path": lambda line, x: line(torch.ones_like(x)),
    "inference": in_inference,
}

x = np.random.default_rng(0).random((16, 4)).astype(np.float32)
weights = np.tile([[1.0, -1.0, 0.0]], (16, 1))


def told(model, weights, at=0):
    opened = inside._Torch(model.eval())
    found = opened.gradients(("array", x.copy()), weights, at)
    numbers = {key: value for key, value in found.items() if key != "answer"}
    numbers["answers"] = inside._output(opened.ask(("array", x.copy())), at)
    return {key: value.tolist() for key, value in numbers.items()}


every = {name: told(Twin(how), weights) for name, how in TWINS.items()}
every["scripted"] = told(torch.jit.script(Scripted()), weights)
every["traced"] = told(torch.jit.trace(Scripted(), torch.zeros(2, 4)), weights)
every["second output"] = told(Twin(lambda line, x: {"x": x, "scores": line(x) * 1000}), weights, 1)
every["of one"] = told(Twin(of_one), np.tile([[-1.0, 1.0]], (16, 1)))
single = np.ones((16, 1))
every["one, honest"] = told(Twin(lambda line, x: line(x), 1), single)
every["one share"] = told(Twin(lambda line, x: torch.sigmoid(line(x) * 1000).squeeze(1), 1), single)
sys.stdout.write(json.dumps(every))
