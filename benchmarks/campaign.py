"""What a campaign costs beyond its requests: the same bodies, sent bare and by a campaign.

    python benchmarks/campaign.py [--rows 8000] [--delay 0.005] [--concurrency 4] [--rounds 3]

A server on this machine, in a process of its own, waits `delay` seconds for each request, as a
model would work. The campaign runs first; then what its transcript holds is sent by as many bare
connections, with nothing else done. Prints JSON: seconds of both, turn about, and their ratio.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import modelwarden
from modelwarden.redteam import campaign_of, run

WORDS = ("free", "winner", "cash", "urgent", "prize", "claim")
FILL = ("garden", "house", "offer", "tomorrow", "please", "call", "report", "meeting", "lunch")


def serve(pipe: Any, delay: float) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
            time.sleep(delay)
            scores = [min(0.95, 0.2 * sum(w in text for w in WORDS)) for text in rows]
            answer = [{"ham": 1 - s, "spam": s} for s in scores]
            body = json.dumps({"predictions": answer}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pipe.send(server.server_address[1])
    server.serve_forever()


def seeds(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        words = [FILL[(number * 7 + k) % len(FILL)] for k in range(20)]
        words[number % 9 : number % 9] = WORDS[: 3 + number % 3]
        (folder / f"{number:04d}.txt").write_text(f"{' '.join(words)} {number}")


def campaign(root: Path, port: int, args: argparse.Namespace) -> Any:
    document = {
        "campaign": {"name": "bench", "goal": "evade", "authorised_by": "the benchmark"},
        "target": {"url": f"http://127.0.0.1:{port}", "protocol": "mlflow"},
        "budget": {"rows": args.rows, "concurrency": args.concurrency, "batch": args.batch},
        "seeds": {"path": "seeds", "label": "spam"},
        "attack": [{"name": "edits"}, {"name": "typing-errors"}],
    }
    return campaign_of(document, root=root)


def requests_of(folder: Path) -> list[bytes]:
    """Return all bodies, as the campaign sent them."""
    bodies = (folder / "state/bodies.bin").read_bytes()
    found = []
    for line in (folder / "transcript.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["event"] == "answer":
            at, size = event["sent"]["at"], event["sent"]["size"]
            found.append(bodies[at : at + size])
    return found


def bare(port: int, bodies: list[bytes], concurrency: int) -> float:
    """Send all bodies over as many connections, none ever idle; return seconds."""
    waiting: SimpleQueue[bytes | None] = SimpleQueue()
    for body in (*bodies, *[None] * concurrency):
        waiting.put(body)

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while (body := waiting.get()) is not None:
            connection.request("POST", "/invocations", body)
            connection.getresponse().read()
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        for one in [pool.submit(send) for _ in range(concurrency)]:
            one.result()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--delay", type=float, default=0.005)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(theirs, args.delay), daemon=True
    )
    server.start()
    port = ours.recv()
    times: dict[str, list[float]] = {"campaign": [], "bare": []}
    spent: dict[str, list[float]] = {"campaign": [], "bare": []}
    rows = calls = 0
    try:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            seeds(root / "seeds", args.seeds)
            run(campaign(root, port, args), output=root / "warm")
            for turn in range(args.rounds):
                began, cpu = time.perf_counter(), time.process_time()
                run(campaign(root, port, args), output=root / f"out-{turn}")
                times["campaign"].append(time.perf_counter() - began)
                spent["campaign"].append(time.process_time() - cpu)
                bodies = requests_of(root / f"out-{turn}")
                cpu = time.process_time()
                times["bare"].append(bare(port, bodies, args.concurrency))
                spent["bare"].append(time.process_time() - cpu)
                calls = len(bodies)
                rows = sum(len(json.loads(body)["inputs"]) for body in bodies)
    finally:
        server.terminate()
        server.join()
    ratios = [a / b for a, b in zip(times["campaign"], times["bare"], strict=True)]
    told = {
        "rows": rows,
        "calls": calls,
        "delay": args.delay,
        "concurrency": args.concurrency,
        "batch": args.batch,
        "seconds": {name: round(statistics.median(t), 3) for name, t in times.items()},
        "processor": {name: round(statistics.median(t), 3) for name, t in spent.items()},
        "ratio": round(statistics.median(ratios), 3),
        "rounds": args.rounds,
        "modelwarden": modelwarden.__version__,
        "python": sys.version.split()[0],
    }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
