"""Print gradients of linear models behind masks, as `inside.py` gives them: `masked.py INSIDE`."""

import importlib.util
import json
import sys

import numpy as np
import torch

spec = importlib.util.spec_from_file_location("inside", sys.argv[1])
inside = importlib.util.module_from_spec(spec)
spec.loader.exec_module(inside)


class Twin(torch.nn.Module):
    def __init__(self, how):
        super().__init__()
        self.line = torch.nn.Linear(4, 3)
        with torch.no_grad():
            self.line.weight.copy_(torch.arange(12.0).reshape(3, 4) / 10)
            self.line.bias.zero_()
        self.how = how

    def forward(self, x):
        return self.how(self.line, x)


TWINS = {
    "honest": lambda line, x: line(x),
    "rounded inputs": lambda line, x: line((x * 4).round() / 4),
    "floored scores": lambda line, x: torch.floor(line(x) * 10) / 10,
    "signs": lambda line, x: line(torch.sign(x)),
    "comparisons": lambda line, x: line((x > 0.5).float()),
    "below": lambda line, x: line((x < 0.5).to(torch.float32)),
    "softmax": lambda line, x: (line(x) * 1000).softmax(dim=1),
    "inner softmax": lambda line, x: line(x.softmax(dim=1)),
    "detached": lambda line, x: line(x.detach()),
    "no path": lambda line, x: line(x).detach(),
}

x = np.array([[0.2, 0.9, 0.4, 0.7], [0.6, 0.1, 0.3, 0.8]], np.float32)
weights = np.array([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
told = {}
for name, how in TWINS.items():
    model = Twin(how)
    found = inside._Torch(model).gradients(("array", x), weights)
    told[name] = {
        "gradients": found["gradients"].tolist(),
        "logits": found["logits"].tolist(),
        "stepped": found["stepped"].tolist(),
        "answers": inside._Torch(model).ask(("array", x)).tolist(),
    }
sys.stdout.write(json.dumps(told))
