"""Campaigns against models of real data, asked over HTTP: how many seeds get past, at what cost.

    python benchmarks/campaign_data.py SHARED [--seeds 50] [--queries 200] [--only NAME] [--show 2]
        [--goal minimise] [--attacks homoglyphs typing-errors]

SHARED is the folder of the shared data. Each model is trained on a part of its data, or published
as it is (spam-detector-ai, alt-profanity-check), and served on this machine; the attacker has 50
bad rows of another part that the model tells as bad, 1,500 rows of a third part, and sees scores,
of the published vector machine labels. Rows may change only as the rules of each table say: records
only grow, applications only gain permissions, of addresses only what stands in them is the
sender's, of texts at most 30 % of the words. Prints JSON: seeds that evade with an interval, median
rows to the first success, median changes and, of texts, changed letters; with --show, some texts
before and after.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
from collections.abc import Callable
from difflib import SequenceMatcher
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import joblib
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from modelwarden.redteam import campaign_of, evasions, run

Case = Callable[[Path], tuple[pd.DataFrame, Any, dict[str, Any]]]
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


def published_spam(kind: str) -> Case:
    """Return the case of one of the models of spam-detector-ai, which were trained on e-mail."""

    def case(shared: Path) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
        frame, _, features = sms(shared)
        parts = shared / "data/models/sklearn/spam_detector_ai"
        return (
            frame,
            fitted(parts / f"{kind}_vectoriser.joblib", parts / f"{kind}_model.joblib"),
            features,
        )

    return case


def profanity(shared: Path) -> tuple[pd.DataFrame, Any, dict[str, Any]]:
    frame = read(shared / "data/toxicity/wiki_comments.parquet")[["text", "label"]]
    frame = frame[frame["text"].str.len() <= 400]
    parts = shared / "data/models/sklearn"
    return (
        frame,
        fitted(parts / "profanity_vectorizer.joblib", parts / "profanity_model.joblib"),
        {},
    )


def fitted(words: Path, model: Path) -> Any:
    """Return a published model. Loading runs what is in the files: these are of known packages."""
    return make_pipeline(joblib.load(words), joblib.load(model))


DATA: dict[str, Case] = {
    "nsl-kdd": nsl_kdd,
    "phishing-urls": phishing_urls,
    "android-malware": android,
    "sms": sms,
}
PUBLISHED: dict[str, Case] = {
    "spam-detector-ai lr": published_spam("lr"),
    "spam-detector-ai nb": published_spam("nb"),
    "spam-detector-ai svm": published_spam("svm"),
    "alt-profanity-check": profanity,
}


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


def one(name: str, args: argparse.Namespace) -> dict[str, Any]:
    shared, seeds = args.shared, args.seeds
    frame, model, features = (DATA | PUBLISHED)[name](shared)
    columns = [c for c in frame.columns if c != "label"]
    text = columns == ["text"]
    if text:
        frame = frame.drop_duplicates("text")
    frame = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    frame["label"] = frame["label"].astype(int)
    half = len(frame) // 2
    train, known, rest = frame[:half], frame[half : half + 1500], frame[half + 1500 :]
    if name in PUBLISHED:  # all of the data is new to it, and the first half is the attacker's
        known, rest = train[:1500], frame[half:]
    inputs = (lambda f: f["text"]) if text else (lambda f: f[columns])
    if name not in PUBLISHED:
        model.fit(inputs(train), train["label"])
    access = "scores" if hasattr(model, "predict_proba") else "labels"
    bad_name = model.classes_[1]

    def scores(asked: dict[str, Any]) -> np.ndarray:
        if text:
            rows = asked["inputs"]
            if access == "labels":
                return (model.predict(rows) == bad_name).astype(int)
            return model.predict_proba(rows)
        split = asked["dataframe_split"]
        table = pd.DataFrame(split["data"], columns=split["columns"])[columns]
        return model.predict_proba(table.astype(train[columns].dtypes.to_dict()))

    told = model.predict(inputs(rest)) == bad_name
    caught = float(told[rest["label"] == 1].mean())
    alarms = float(told[rest["label"] == 0].mean())
    bad = rest[(rest["label"] == 1) & told][:seeds]
    server, url = serve(scores)
    try:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            bad.to_csv(root / "seeds.csv", index=False)
            known.to_csv(root / "known.csv", index=False)
            attacks = args.attacks or ["edits" if text else "coordinates"]
            about = {"name": name, "goal": args.goal, "authorised_by": "the benchmark"}
            made = campaign_of(
                {
                    "campaign": about | {"cascade": True},
                    "target": {"url": url, "protocol": "mlflow", "classes": [0, 1]},
                    "knowledge": {"sample": "known.csv", "access": access},
                    "seeds": {"path": "seeds.csv", "label": "label"},
                    "features": features,
                    "attack": [{"name": one, "queries": args.queries} for one in attacks],
                },
                root=root,
            )
            done = run(made, output=root / "out")
            pairs = pairs_of(root / "out") if text else []
    finally:
        server.shutdown()
    whole = {m.name: m for m in done.report.measurements if m.group is None}
    rate = whole["attack_success_rate"]
    first = lambda name: whole[name].value if name in whole else None  # noqa: E731
    out = {
        "data": name,
        "caught": caught,
        "false_alarms": alarms,
        "access": access,
        "seeds": rate.n,
        "evade": rate.value,
        "interval": [rate.low, rate.high],
        "median_queries": first("median_queries"),
        "median_changes": first("median_changes"),
        "rows": first("rows_asked"),
        "edits": [t.rows[:4] for t in done.report.tables if t.name == "edits"],
        "stopped": done.stopped,
    }
    if pairs:
        out["median_letters"] = float(np.median([letters(*pair) for pair in pairs]))
        out["median_words"] = float(np.median([len(before.split()) for before, _ in pairs]))
        out["shown"] = pairs[: args.show]
    return out


def pairs_of(output: Path) -> list[tuple[str, str]]:
    """Return the texts that got past, before and after."""
    return [(str(one.before[0]), str(one.after[0])) for one in evasions.read(output)]


def letters(before: str, after: str) -> int:
    """Return how many letters were put in, taken out or put in place of others."""
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(max(a1 - a0, b1 - b0) for what, a0, a1, b0, b1 in steps if what != "equal")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--only", choices=[*DATA, *PUBLISHED])
    parser.add_argument("--goal", choices=["evade", "minimise"], default="evade")
    parser.add_argument("--attacks", nargs="+")
    parser.add_argument("--show", type=int, default=0)
    args = parser.parse_args()
    names = [args.only] if args.only else [*DATA, *PUBLISHED]
    for name in names:
        print(json.dumps(one(name, args), indent=1, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
