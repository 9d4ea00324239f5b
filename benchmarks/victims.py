"""Victims for benchmarks of attacks: small nets, forests and boosted trees on pictures of digits.

Each is made from a seed, which chooses its training rows, its start and its size. Attacks are tuned
on seed 0 and reported on other seeds. Nets need torch, boosted trees xgboost and lightgbm; what is
not installed is left out, and the caller says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

NETS = ("cnn", "cnn-adv", "mlp")
# More nets, for reports alone: nothing is ever tuned on them.
OTHERS = (
    *("cnn-norm", "cnn-times", "four", "table", "three", "attention", "urls"),
    *("cnn-adv-l2", "cnn-noise", "sigmoid", "digits-cnn", "kdd"),
)
TREES = ("forest", "histgb", "xgboost", "lightgbm")
SMALL = ("digits-mlp", *TREES)
MOST_ROWS = 4000  # that those are trained on


@dataclass(frozen=True, eq=False)
class Victim:
    """A model and test rows of it that it answers right.

    Attributes:
        name, seed: what was made.
        x: (n, …) float32 in [0, 1]. y: (n,).
        shape: (C, H, W) of one input as a picture.
        scores: (m, …) → (m, classes): logits of nets, probabilities of the others.
        module: of nets, on pictures.
        honest: the net with the same decisions that hides nothing, as AutoAttack wants it.
        accuracy: on all test rows.
    """

    name: str
    seed: int
    x: Singles
    y: Labels
    shape: tuple[int, int, int]
    scores: Callable[[Any], Floats]
    module: Any
    accuracy: float
    honest: Any = None

    @property
    def classes(self) -> int:
        """How many the model tells apart."""
        return int(self.scores(self.x[:1]).shape[1])


def mnist(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    with np.load(data / "mnist-10k" / "mnist_10k.npz", allow_pickle=False) as stored:
        x, y = stored["x"], stored["y"]
    order = np.random.default_rng([seed, 1]).permutation(len(x))
    x, y = (x[order, None] / np.float32(255)).astype(np.float32), y[order].astype(np.int64)
    return x[:8000], y[:8000], x[8000:], y[8000:]


def digits(seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    from sklearn.datasets import load_digits

    loaded = load_digits()
    order = np.random.default_rng([seed, 2]).permutation(len(loaded.data))
    x, y = (loaded.data[order] / 16).astype(np.float32), loaded.target[order].astype(np.int64)
    return x[:1200], y[:1200], x[1200:], y[1200:]


def four(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    """Return pictures of 3, 5, 8 and 9, which are hard to tell apart."""
    x, y, tx, ty = mnist(data, seed)
    kept = np.array([3, 5, 8, 9])
    some, more = np.isin(y, kept), np.isin(ty, kept)
    return x[some], kept.searchsorted(y[some]), tx[more], kept.searchsorted(ty[more])


def table(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    """Return rows of spambase, scaled by ranks, as pictures of 8 × 8 with seven empty places."""
    import pyarrow.parquet as parquet

    columns = parquet.read_table(data / "spambase" / "spambase.parquet").to_pydict()
    y = np.array(columns.pop("label"), np.int64)
    raw = np.log1p(np.column_stack(list(columns.values())).astype(np.float64))
    order = np.random.default_rng([seed, 5]).permutation(len(y))
    x = np.zeros((len(y), 64), np.float32)
    x[:, : raw.shape[1]] = np.clip(raw / np.quantile(raw, 0.995, axis=0), 0, 1)
    x, y = x[order].reshape(-1, 1, 8, 8), y[order]
    return x[:3500], y[:3500], x[3500:], y[3500:]


def three(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    """Return pictures of 4, 7 and 9."""
    x, y, tx, ty = mnist(data, seed)
    kept = np.array([4, 7, 9])
    some, more = np.isin(y, kept), np.isin(ty, kept)
    return x[some], kept.searchsorted(y[some]), tx[more], kept.searchsorted(ty[more])


def urls(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    """Return features of addresses, honest and phishing, scaled by ranks, as pictures of 9 × 10."""
    import pyarrow.parquet as parquet

    columns = parquet.read_table(data / "phishing-urls" / "phishing_urls.parquet").to_pydict()
    y = np.array([str(each) in ("1", "phishing") for each in columns.pop("label")], np.int64)
    del columns["url"]
    raw = np.column_stack([np.array(column, np.float64) for column in columns.values()])
    raw = np.sign(raw) * np.log1p(np.abs(raw))
    low, high = raw.min(axis=0), np.quantile(raw, 0.995, axis=0)
    order = np.random.default_rng([seed, 6]).permutation(len(y))
    x = np.zeros((len(y), 90), np.float32)
    x[:, : raw.shape[1]] = np.clip((raw - low) / np.where(high > low, high - low, 1), 0, 1)
    x, y = x[order].reshape(-1, 1, 9, 10), y[order]
    return x[:8000], y[:8000], x[8000:], y[8000:]


def connections(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:
    """Return numbers of connections of five kinds (nsl-kdd) as pictures of 8 × 8."""
    import pyarrow.parquet as parquet

    columns = parquet.read_table(data / "nsl-kdd" / "train20.parquet").to_pydict()
    kinds = np.array(columns["attack"])
    kept = ("normal", "neptune", "ipsweep", "satan", "portsweep")
    numbers = [np.array(c, np.float64) for n, c in columns.items() if n not in _ABOUT_KDD]
    order = np.random.default_rng([seed, 7]).permutation(np.flatnonzero(np.isin(kinds, kept)))
    raw = np.log1p(np.column_stack(numbers))[order]
    x = np.zeros((len(raw), 64), np.float32)
    top = np.quantile(raw, 0.995, axis=0)
    x[:, : raw.shape[1]] = np.clip(raw / np.where(top > 0, top, 1), 0, 1)
    x, y = x.reshape(-1, 1, 8, 8), np.array([kept.index(kind) for kind in kinds[order]], np.int64)
    return x[:8000], y[:8000], x[8000:], y[8000:]


_ABOUT_KDD = ("protocol_type", "service", "flag", "attack", "difficulty", "label")


def small_pictures(data: Path, seed: int) -> tuple[Singles, Labels, Singles, Labels]:  # noqa: ARG001
    """Return scikit-learn's digits as pictures."""
    x, y, tx, ty = digits(seed)
    return x.reshape(-1, 1, 8, 8), y, tx.reshape(-1, 1, 8, 8), ty


def victim(name: str, seed: int, data: Path, count: int) -> Victim:
    """Return a victim with `count` inputs; `forest@kdd` is one of `SMALL` on other data.

    Raises:
        ImportError: its library is not installed.
    """
    honest = None
    if name in (*NETS, *OTHERS):
        x, y, tx, ty = _DATA.get(name, mnist)(data, seed)
        honest = _net(name, seed, x, y)
        module = _behind(name, honest)
        scores, shape = _logits(module), tx.shape[1:]
    else:
        kind, _, of = name.partition("@")
        x, y, tx, ty = _DATA[of](data, seed) if of else digits(seed)
        shape = tx.shape[1:] if of else (1, 8, 8)
        x, tx = x[:MOST_ROWS].reshape(len(x[:MOST_ROWS]), -1), tx.reshape(len(tx), -1)
        scores, module = _fitted(kind, seed, x, y[:MOST_ROWS]), None
    right = scores(tx).argmax(axis=1) == ty
    at = np.flatnonzero(right)[:count]
    share = float(right.mean())
    return Victim(name, seed, tx[at], ty[at], shape, scores, module, share, honest)


_DATA = {"four": four, "table": table, "three": three, "urls": urls}
_DATA |= {"kdd": connections, "digits-cnn": small_pictures}


def _fitted(name: str, seed: int, x: Singles, y: Labels) -> Callable[[Any], Floats]:
    rng = np.random.default_rng([seed, 3])
    if name == "digits-mlp":
        from sklearn.neural_network import MLPClassifier

        model: Any = MLPClassifier((int(rng.integers(48, 81)),), max_iter=300, random_state=seed)
    elif name == "forest":
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(int(rng.integers(80, 121)), random_state=seed, n_jobs=1)
    elif name == "histgb":
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            max_iter=int(rng.integers(40, 81)), random_state=seed
        )
    elif name == "xgboost":
        from xgboost import XGBClassifier

        model = XGBClassifier(
            n_estimators=int(rng.integers(40, 81)), max_depth=4, random_state=seed, n_jobs=1
        )
    else:
        from lightgbm import LGBMClassifier

        model = LGBMClassifier(
            n_estimators=int(rng.integers(40, 81)), random_state=seed, n_jobs=1, verbose=-1
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y)

    def scores(z: Any) -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(model.predict_proba(np.asarray(z).reshape(len(z), -1)), np.float64)

    return scores


def _net(name: str, seed: int, x: Singles, y: Labels) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    wide = int(np.random.default_rng([seed, 4]).integers(6, 11))
    size, classes = int(np.prod(x.shape[1:])), int(y.max()) + 1
    module = _layers(name, wide, size, classes)
    known, truth = torch.tensor(x), torch.tensor(y)
    best = torch.optim.Adam(module.parameters(), 2e-3)
    for epoch in range(_EPOCHS.get(name, 4)):
        for at in torch.randperm(len(known)).split(128):
            batch = known[at]
            if name == "cnn-adv":
                eps = 0.15 * min(1.0, (epoch + 1) / 3)
                batch = _pgd(module, batch, truth[at], eps)
            elif name == "cnn-adv-l2":
                batch = _pgd_l2(module, batch, truth[at], 1.5 * min(1.0, (epoch + 1) / 3))
            elif name == "cnn-noise":
                batch = (batch + 0.3 * torch.randn_like(batch)).clamp(0, 1)
            loss = cross_entropy(module(batch), truth[at])
            best.zero_grad()
            loss.backward()
            best.step()
    for weight in module.parameters():
        weight.requires_grad_(requires_grad=False)
    return module.eval()


_EPOCHS = {"cnn-adv": 6, "cnn-adv-l2": 6, "digits-cnn": 30}


def _layers(name: str, wide: int, size: int, classes: int) -> Any:
    """Return a net that has learnt nothing yet."""
    from torch import nn

    if name in ("attention", "three"):
        return _attention(8 * wide, classes) if name == "attention" else _residual(wide, classes)
    if name in ("mlp", "table", "urls"):
        module = nn.Sequential(nn.Flatten(), nn.Linear(size, 16 * wide), nn.ReLU())
        return module.append(nn.Linear(16 * wide, classes))
    if name in ("sigmoid", "kdd"):
        bend = nn.Sigmoid if name == "sigmoid" else nn.ReLU
        module = nn.Sequential(nn.Flatten(), nn.Linear(size, 16 * wide))
        if name == "kdd":
            module.append(nn.BatchNorm1d(16 * wide))
        module.append(bend()).append(nn.Linear(16 * wide, 8 * wide)).append(bend())
        return module.append(nn.Linear(8 * wide, classes))
    if name in ("digits-cnn", "cnn-noise"):
        module = nn.Sequential(nn.Conv2d(1, wide, 3, padding=1), nn.ELU(), nn.MaxPool2d(2))
        module.append(nn.Conv2d(wide, 2 * wide, 3, padding=1)).append(nn.ELU())
        module.append(nn.MaxPool2d(2)).append(nn.Flatten()).append(nn.Dropout(0.3))
        return module.append(nn.Linear(size * wide // 8, classes))
    module = nn.Sequential(nn.Conv2d(1, wide, 5, stride=2, padding=2), nn.ReLU())
    if name == "cnn-norm":
        module.append(nn.BatchNorm2d(wide))
    module.append(nn.Conv2d(wide, 2 * wide, 5, stride=2, padding=2)).append(nn.ReLU())
    return module.append(nn.Flatten()).append(nn.Linear(98 * wide, classes))


def _residual(wide: int, classes: int) -> Any:
    """Return a net of two residual blocks with batch normalisation."""
    from torch import nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.way = nn.Sequential(
                nn.BatchNorm2d(2 * wide),
                nn.GELU(),
                nn.Conv2d(2 * wide, 2 * wide, 3, padding=1),
                nn.BatchNorm2d(2 * wide),
                nn.GELU(),
                nn.Conv2d(2 * wide, 2 * wide, 3, padding=1),
            )

        def forward(self, x: Any) -> Any:
            return x + self.way(x)

    return nn.Sequential(
        nn.Conv2d(1, 2 * wide, 5, stride=2, padding=2),
        Block(),
        nn.AvgPool2d(2),
        Block(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * wide, classes),
    )


def _attention(wide: int, classes: int) -> Any:
    """Return a transformer of two layers over the 16 patches of a picture."""
    import torch
    from torch import nn

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(1, wide, 7, stride=7)
            self.places = nn.Parameter(0.02 * torch.randn(1, 16, wide))
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    wide, 4, 2 * wide, dropout=0.0, activation="gelu", batch_first=True
                )
                for _ in range(2)
            )
            self.last = nn.Linear(wide, classes)

        def forward(self, x: Any) -> Any:
            x = self.patches(x).flatten(2).transpose(1, 2) + self.places
            for layer in self.layers:
                x = layer(x)
            return self.last(x.mean(dim=1))

    return Transformer()


def _behind(name: str, honest: Any) -> Any:
    """Return the net behind what its maker put around it."""
    from torch import nn

    class Times(nn.Module):
        def forward(self, x: Any) -> Any:
            return honest(x) * 1e4

    if name == "cnn-times":
        return Times().eval()
    return nn.Sequential(honest, nn.Softmax(dim=1)).eval() if name == "four" else honest


def _pgd(module: Any, x: Any, y: Any, eps: float) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    moved = x + eps * (2 * torch.rand_like(x) - 1)
    for _ in range(5):
        moved = moved.clamp(0, 1).requires_grad_()
        slope = torch.autograd.grad(cross_entropy(module(moved), y), moved)[0]
        moved = (moved.detach() + 0.4 * eps * slope.sign()).clamp(x - eps, x + eps)
    return moved.clamp(0, 1).detach()


def _pgd_l2(module: Any, x: Any, y: Any, eps: float) -> Any:
    import torch
    from torch.nn.functional import cross_entropy

    def sizes(z: Any) -> Any:
        return z.flatten(1).norm(dim=1).clamp_min(1e-9).reshape(-1, 1, 1, 1)

    moved = x
    for _ in range(5):
        moved = moved.detach().requires_grad_()
        slope = torch.autograd.grad(cross_entropy(module(moved), y), moved)[0]
        change = moved.detach() + 0.4 * eps * slope / sizes(slope) - x
        moved = (x + change * (eps / sizes(change)).clamp_max(1)).clamp(0, 1)
    return moved.detach()


def _logits(module: Any) -> Callable[[Any], Floats]:
    import torch

    def scores(z: Any) -> Floats:
        with torch.no_grad():
            return np.asarray(module(torch.as_tensor(np.asarray(z, np.float32))).double().numpy())

    return scores


def slopes(module: Any) -> Callable[[Any, Floats], tuple[Floats, Floats]]:
    """Return what a check makes of a net: logits, and the gradient of their weighted sum."""
    import sys

    from modelwarden.targets import inside, watched

    sys.modules["modelwarden_watched"] = watched  # as it is called in the confined process
    opened = inside._Torch(module)  # noqa: SLF001

    def gradients(z: Any, weights: Floats) -> tuple[Floats, Floats]:
        found = opened.gradients(("array", np.asarray(z, np.float32)), weights, 0)
        return found["logits"].detach().double().numpy(), found["gradients"].double().numpy()

    return gradients
