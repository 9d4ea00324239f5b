"""Our own attacks at an endpoint, alone and behind the firewall in enforce: how many succeed?

    python benchmarks/firewall_redteam.py DATA [--seeds N …] [--inputs N] [--queries N]

The real commands on both sides: `redteam` campaigns against a real server (Open Inference Protocol)
and against `firewall --mode enforce` before it, whose profile is the model's training data. Every
attack has its own client address, so that none is stopped for what another one did. DATA is the
folder with `spambase`; digits come from scikit-learn. Success is what a campaign's own report says
was confirmed by asking once more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from firewall_abuse import sets
from sklearn.ensemble import RandomForestClassifier

from modelwarden.firewall import Meta, Protocol, dumped, profile_of

EPS = {"digits": 0.15, "spambase": 0.1}
ATTACKS = ("corners", "square", "signs", "boundary")


@contextmanager
def serving(scores):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            read = json.loads(self.rfile.read(int(self.headers["content-length"])))
            entry = read["inputs"][0]
            x = np.asarray(entry["data"], float).reshape(entry["shape"])
            found = scores(x)
            outputs = [{"name": "scores", "shape": list(found.shape), "datatype": "FP64",
                        "data": found.reshape(-1).tolist()}]  # fmt: skip
            data = json.dumps({"model_name": "m", "outputs": outputs}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made.server_address[1]
    made.shutdown()
    made.server_close()


CAMPAIGN = """
[campaign]
name = "{attack}"
goal = "evade"
authorised_by = "the benchmark"
seed = {seed}
[target]
url = "http://127.0.0.1:{port}"
protocol = "oip-v2"
model = "m"
[budget]
batch = 1
[seeds]
path = "seeds.npz"
[[attack]]
name = "{attack}"
queries = {queries}
eps = {eps}
norm = "linf"
low = 0.0
high = 1.0
[policy]
fail_on = "critical"
"""


@contextmanager
def firewall(folder, port):
    (folder / "c.toml").write_text("[firewall]\nclient = 'token'\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "modelwarden", "firewall", "--listen", "127.0.0.1:0", "--mode",
         "enforce", "--upstream", f"http://127.0.0.1:{port}", "--config", "c.toml", "--profile",
         "profile.json", "--alerts", "alerts"],
        cwd=folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stderr.readline()
        yield int(re.search(r"127\.0\.0\.1:(\d+) ", line)[1])
    finally:
        process.terminate()
        process.wait(timeout=30)


def success(folder, attack, port, eps, seed, queries):
    """Return how many inputs a campaign turned, and of how many."""
    (folder / "campaign.toml").write_text(
        CAMPAIGN.format(attack=attack, port=port, eps=eps, seed=seed, queries=queries)
    )
    out = folder / f"out-{attack}-{port}"
    done = subprocess.run(
        [sys.executable, "-m", "modelwarden", "redteam", "run", "campaign.toml", "--output", out],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "MODELWARDEN_TARGET_TOKEN": f"{attack}-{seed}", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    if not (out / "report.json").exists():
        alerts = folder / "alerts"
        raise SystemExit(done.stderr + (alerts.read_text() if alerts.exists() else ""))
    report = json.loads((out / "report.json").read_text())
    # One for the attack and one for all attacks together, which here is the same.
    rate = next(m for m in report["measurements"] if m["name"] == "attack_success_rate")
    return round(rate["value"] * rate["n"]), rate["n"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--inputs", type=int, default=15)
    parser.add_argument("--queries", type=int, default=150)
    chosen = parser.parse_args()
    lines, total = [], {"alone": 0, "behind": 0, "inputs": 0}
    for name, x, y in sets(chosen.data, tuning=False):
        if name == "mnist-10k":
            continue
        for seed in chosen.seeds:
            low, high = x.min(axis=0), x.max(axis=0)
            order = np.random.default_rng(seed).permutation(len(x))
            scaled = ((x - low) / np.where(high > low, high - low, 1.0))[order].astype(np.float32)
            labels = np.unique(y[order], return_inverse=True)[1]
            cut = int(0.55 * len(x))
            model = RandomForestClassifier(40, random_state=0).fit(scaled[:cut], labels[:cut])
            right = np.flatnonzero(model.predict(scaled[cut:]) == labels[cut:])[: chosen.inputs]
            meta = Meta(name="m", protocol=Protocol.OIP, low=0.0, high=1.0)
            profile = profile_of(scaled[:cut], meta, digest="sha256:0", version="0", seed=seed)
            with tempfile.TemporaryDirectory() as place, serving(model.predict_proba) as port:
                folder = Path(place)
                (folder / "profile.json").write_bytes(dumped(profile))
                np.savez(folder / "seeds.npz", x=scaled[cut:][right], y=labels[cut:][right])
                with firewall(folder, port) as guarded:
                    for attack in ATTACKS:
                        each = [success(folder, attack, p, EPS[name], seed, chosen.queries)
                                for p in (port, guarded)]  # fmt: skip
                        lines.append([name, seed, attack, *each[0], *each[1]])
                        total["alone"] += each[0][0]
                        total["behind"] += each[1][0]
                        total["inputs"] += each[0][1]
                        print(*lines[-1], file=sys.stderr, flush=True)
    total["ratio"] = round(total["behind"] / max(1, total["alone"]), 3)
    keys = ("set", "seed", "attack", "alone", "of", "behind", "of_behind")
    attacks = [dict(zip(keys, line, strict=True)) for line in lines]
    print(json.dumps({"queries": chosen.queries, **total, "attacks": attacks}, indent=1))


if __name__ == "__main__":
    main()
