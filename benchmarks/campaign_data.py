"""Campaigns against models of real data, asked over HTTP: how many seeds get past, at what cost.

    python benchmarks/campaign_data.py SHARED [--seeds 50] [--queries 200] [--only NAME]

SHARED is the folder of the shared data. Each model is trained on a part of its data and served on
this machine; the attacker has 50 bad rows of another part that the model tells as bad, 1,500 rows
of a third part, and sees scores. Rows may change only as the rules of each table say: records only
grow, applications only gain permissions, of addresses only what stands in them is the sender's.
Prints JSON: seeds that evade with an interval, median rows to the first success, median changes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from modelwarden.redteam import campaign_of, run

Scores = Callable[[pd.DataFrame], np.ndarray]
WORDS = ("protocol_type", "service", "flag")


def read(path: Path) -> pd.DataFrame:
    return pd.DataFrame(duckdb.read_parquet(str(path)).fetchnumpy())


def nsl_kdd(shared: Path) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
    frame = read(shared / "data/nsl-kdd/train20.parquet")
    frame = frame.drop(columns=["attack", "difficulty"], errors="ignore")
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), list(WORDS)), remainder="passthrough"
    )
    model = make_pipeline(encode, RandomForestClassifier(100, random_state=0, n_jobs=1))
    grows = ["duration", "src_bytes", "dst_bytes", "hot", "num_failed_logins", "wrong_fragment"]
    features = {"immutable": [*WORDS, "land", "logged_in", "dst_host_*"], "monotone_up": grows}
    return frame, model, features


def phishing_urls(shared: Path) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
    frame = read(shared / "data/phishing-urls/phishing_urls.parquet")
    frame = frame.drop(columns=["url"])
    names = [name for name in frame.columns if name != "label"]
    at = names.index("nb_hyperlinks") if "nb_hyperlinks" in names else 56
    features = {"immutable": names[at:]}
    return frame, HistGradientBoostingClassifier(random_state=0), features


def android(shared: Path) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
    frame = read(shared / "data/android-malware/tuandromd.parquet")
    names = [name for name in frame.columns if name != "label"]
    return frame, RandomForestClassifier(100, random_state=0, n_jobs=1), {"monotone_up": names}


def sms(shared: Path) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
    frame = read(shared / "data/sms-spam/sms.parquet")[["text", "label"]]
    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    return frame, make_pipeline(words, LogisticRegression(C=10, max_iter=500)), {}


DATA = {"nsl-kdd": nsl_kdd, "phishing-urls": phishing_urls, "android-malware": android, "sms": sms}


def serve(scores: Callable[[dict[str, Any]], np.ndarray]) -> tuple[ThreadingHTTPServer, str]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                told = scores(asked)
            body = json.dumps({"predictions": told.tolist()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


def one(name: str, shared: Path, seeds: int, queries: int) -> dict[str, Any]:
    frame, model, features = DATA[name](shared)
    frame = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    text = name == "sms"
    columns = [c for c in frame.columns if c != "label"]
    half = len(frame) // 2
    train, known, rest = frame[:half], frame[half : half + 1500], frame[half + 1500 :]
    inputs = (lambda f: f["text"]) if text else (lambda f: f[columns])
    model.fit(inputs(train), train["label"].astype(int))

    def scores(asked: dict[str, Any]) -> np.ndarray:
        if text:
            return model.predict_proba(asked["inputs"])
        split = asked["dataframe_split"]
        table = pd.DataFrame(split["data"], columns=split["columns"])[columns]
        return model.predict_proba(table.astype(train[columns].dtypes.to_dict()))

    bad = rest[(rest["label"].astype(int) == 1) & (model.predict(inputs(rest)) == 1)][:seeds]
    server, url = serve(scores)
    try:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            bad.assign(label=1).to_csv(root / "seeds.csv", index=False)
            known.assign(label=known["label"].astype(int)).to_csv(root / "known.csv", index=False)
            attack = {"name": "edits" if text else "coordinates", "queries": queries}
            made = campaign_of(
                {
                    "campaign": {"name": name, "goal": "evade", "authorised_by": "the benchmark"},
                    "target": {"url": url, "protocol": "mlflow", "classes": [0, 1]},
                    "knowledge": {"sample": "known.csv"},
                    "seeds": {"path": "seeds.csv", "label": "label"},
                    "features": features,
                    "attack": [attack],
                },
                root=root,
            )
            done = run(made, output=root / "out")
    finally:
        server.shutdown()
    whole = {m.name: m for m in done.report.measurements if m.group is None}
    rate = whole["attack_success_rate"]
    first = lambda name: whole[name].value if name in whole else None  # noqa: E731
    return {
        "data": name,
        "seeds": rate.n,
        "evade": rate.value,
        "interval": [rate.low, rate.high],
        "median_queries": first("median_queries"),
        "median_changes": first("median_changes"),
        "rows": first("rows_asked"),
        "edits": [t.rows[:4] for t in done.report.tables if t.name == "edits"],
        "stopped": done.stopped,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only")
    args = parser.parse_args()
    names = [args.only] if args.only else list(DATA)
    print(json.dumps([one(n, args.shared, args.seeds, args.queries) for n in names], indent=1))


if __name__ == "__main__":
    main()
