"""What signing costs beside the hash itself: `python benchmarks/signing.py [MEBIBYTES]`.

Each side is a whole process, start-up included, turn about: one that only computes SHA-256 of the
file, `modelwarden sign`, `modelwarden verify`, and `model_signing sign key` with the command that
MODELWARDEN_MODEL_SIGNING_CLI names.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROUNDS = 7
SEED = 0
FLOOR = """
import hashlib, sys
total, buffer = hashlib.sha256(), bytearray(1 << 20)
view = memoryview(buffer)
with open(sys.argv[1], "rb", buffering=0) as stream:
    while size := stream.readinto(buffer):
        total.update(view[:size])
print(total.hexdigest())
"""


def main() -> None:
    mebibytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(Path(folder), mebibytes), indent=1))


def measured(folder: Path, mebibytes: int) -> dict[str, object]:
    model = folder / "weights.bin"
    rng = random.Random(SEED)
    with model.open("wb") as stream:
        for _ in range(mebibytes):
            stream.write(rng.randbytes(1 << 20))
    private, public = folder / "key.pem", folder / "key.pub"
    make_keys(private, public)
    ours = [sys.executable, "-m", "modelwarden"]
    theirs = os.environ.get("MODELWARDEN_MODEL_SIGNING_CLI")
    sides = {
        "floor": [sys.executable, "-c", FLOOR, model],
        "sign": [*ours, "sign", model, "--key", private],
        "verify": [*ours, "verify", model, "--key", public],
    }
    if theirs:
        out = folder / "theirs.sig"
        sides["model-signing"] = [
            *(theirs, "sign", "key", model),
            *("--private_key", private, "--signature", out),
        ]
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, command in sides.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return {
        "benchmark": "signing",
        "mebibytes": mebibytes,
        "rounds": ROUNDS,
        "seed": SEED,
        "seconds": {name: round(value, 3) for name, value in medians.items()},
        "times_the_floor": {
            name: round(value / medians["floor"], 2) for name, value in medians.items()
        },
        "versions": {"python": sys.version.split()[0], "cryptography": version("cryptography")},
    }


def make_keys(private: Path, public: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = form.Encoding.PEM
    plain = form.NoEncryption()
    private.write_bytes(key.private_bytes(pem, form.PrivateFormat.PKCS8, plain))
    spki = form.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, spki))


if __name__ == "__main__":
    main()
