"""The torch part of `benign_files.py`: state dicts, checkpoints and whole modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benign_files import Writer


def models() -> Iterator[tuple[str, object]]:
    """Yield small networks with the layers that published models use."""
    from torch import nn

    relu, flat = nn.ReLU(), nn.Flatten()
    yield "mlp", nn.Sequential(nn.Linear(4, 8), relu, nn.Dropout(0.1), nn.Linear(8, 2))
    yield (
        "cnn",
        nn.Sequential(
            nn.Conv2d(1, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU6(),
            nn.MaxPool2d(2),
            flat,
            nn.Linear(36, 2),
        ),
    )
    yield "lstm", nn.LSTM(3, 5, 2, batch_first=True)
    yield "gru", nn.GRU(3, 5, bidirectional=True)
    yield (
        "transformer",
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2),
    )
    yield "attention", nn.MultiheadAttention(8, 2)
    yield "embedding", nn.ModuleDict({"e": nn.Embedding(9, 4), "b": nn.EmbeddingBag(9, 4)})
    yield "norms", nn.ModuleList([nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4)])
    yield "losses", [nn.CrossEntropyLoss(), nn.MSELoss(), nn.BCEWithLogitsLoss(), nn.HuberLoss()]
    yield "transposed", nn.Sequential(nn.ConvTranspose2d(2, 2, 3), nn.Upsample(scale_factor=2))
    yield "weight_norm", nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))


def checkpoints() -> Iterator[tuple[str, object]]:
    """Yield what training scripts save."""
    import collections

    import numpy as np
    import torch
    from torch import nn, optim

    torch.manual_seed(0)
    net = nn.Linear(4, 2)
    for name, make in (("sgd", optim.SGD), ("adam", optim.Adam), ("adamw", optim.AdamW)):
        optimizer = make(net.parameters(), lr=0.1)
        net(torch.ones(1, 4)).sum().backward()
        optimizer.step()
        schedule = optim.lr_scheduler.StepLR(optimizer, 3)
        yield (
            f"checkpoint_{name}",
            {
                "epoch": 3,
                "model": net.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "history": collections.defaultdict(list, loss=[0.5]),
                "rng": torch.get_rng_state(),
                "numpy": np.arange(3),
            },
        )
    kinds = ("float16", "bfloat16", "int8", "int64", "bool", "complex64", "float64", "uint8")
    yield "dtypes", {kind: torch.zeros(3, dtype=getattr(torch, kind)) for kind in kinds}
    yield "sparse", torch.eye(3).to_sparse()
    yield "sparse_csr", torch.eye(3).to_sparse_csr()
    yield "quantized", torch.quantize_per_tensor(torch.rand(3, 3), 0.1, 10, torch.quint8)
    yield "parameter", nn.Parameter(torch.ones(2))
    yield "size", [torch.Size([1, 2]), torch.device("cpu"), torch.float32, torch.strided]
    yield "views", [torch.arange(9).view(3, 3).t(), torch.ones(4)[::2]]
    yield "distribution", torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    yield "dataset", torch.utils.data.TensorDataset(torch.ones(3, 2))
    yield "generator_state", torch.Generator().manual_seed(1).get_state()


def write_torch(writer: Writer) -> None:
    """Save each network as state dict and whole, in the zip and the older layout, and scripted."""
    import pickle

    import torch

    for label, model in models():
        if hasattr(model, "state_dict"):
            state = model.state_dict()
            writer.keep("torch", f"torch/{label}.state.pt", lambda p, s=state: torch.save(s, p))
            writer.keep(
                "torch",
                f"torch/{label}.state.legacy.pth",
                lambda p, s=state: torch.save(s, p, _use_new_zipfile_serialization=False),
            )
            writer.keep(
                "torch",
                f"torch/{label}.script.pt",
                lambda p, m=model: torch.jit.script(m).save(str(p)),
            )
        writer.keep("torch", f"torch/{label}.module.pt", lambda p, m=model: torch.save(m, p))
        writer.keep(
            "torch",
            f"torch/{label}.module.legacy.pth",
            lambda p, m=model: torch.save(m, p, _use_new_zipfile_serialization=False),
        )
        writer.keep(
            "torch",
            f"torch/{label}.module.pkl",
            lambda p, m=model: p.write_bytes(pickle.dumps(m)),
        )
    for label, value in checkpoints():
        writer.keep("torch", f"torch/{label}.pt", lambda p, v=value: torch.save(v, p))
        writer.pickled("torch", label, value, 2, 4)
