"""Phishing pages that carry their pictures, sheets and fonts within, before detectors of bytes.

    python benchmarks/html_payloads.py [--pages N] [--train N] [--seed N] [--train-seed N]
        [--access labels|scores] [--queries N] [--browser N] [--only NAME ...] [--without EDIT ...]

Most of such a page is `data:`. Pages are those of the generator with payloads of eleven kinds put
in, 10 kB and more; of the ordinary pages of the training 15 % have some of 0.5 to 5 kB. Detectors,
trained here: boosted trees and a linear model over shares of bytes, a forest over counts of bytes,
a linear model over hashed runs of 2 to 4 characters, boosted trees over sizes and counts, a small
convolutional network over the first 32 kB (torch), and a linear model over words seen. `--without`
leaves edits out, for both sides of a comparison. Evasions are shown in Chromium beside their pages.
Prints JSON.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import torch
from html_evasion import attacked, browsed, keep
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelwarden.attacks.html.dom import Page
from modelwarden.core import seed_for
from modelwarden.redteam.phishing.detectors import words_of
from modelwarden.redteam.phishing.pages import made
from modelwarden.targets.spec import Access

Judge = Callable[[list[Page]], np.ndarray]


def png(rng: np.random.Generator, size: int) -> bytes:
    """Return a picture of about so many bytes: noise over a slope."""
    side = max(4, int((size / 3) ** 0.5))
    slope = np.linspace(0, 200, side)[:, None, None] + rng.integers(0, 55, 3)
    noise = rng.integers(0, 1 + int(rng.integers(2, 200)), (side, side, 3))
    rows = np.zeros((side, 1 + 3 * side), np.uint8)
    rows[:, 1:] = np.clip(slope + noise, 0, 255).astype(np.uint8).reshape(side, -1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def svg(rng: np.random.Generator, size: int) -> str:
    """Return a drawing of about so many characters."""
    paths = []
    while sum(map(len, paths)) < size:
        points = " ".join(f"{a:.2f},{b:.2f}" for a, b in rng.uniform(0, 90, (12, 2)).tolist())
        fill = f"{int(rng.integers(1 << 24)):06x}"
        paths.append(f"<polygon fill='#{fill}' points='{points}'/>")
    body = "".join(paths)
    return f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 90'>{body}</svg>"


def in_base64(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def payload(rng: np.random.Generator, size: int) -> tuple[str, str]:
    """Return a piece for the head and one for the body, one of them empty."""
    picture = in_base64("image/png", png(rng, size))
    drawing = svg(rng, size)
    font = in_base64("font/woff2", rng.bytes(size * 3 // 4))
    code = "var d=[" + ",".join(map(str, rng.integers(0, 9999, size // 5).tolist())) + "];"
    frame = f"<body>{'<p>ok</p>' * 3}<img src='{in_base64('image/png', png(rng, size))}' width=40>"
    choices = (
        ("", f'<img src="{picture}" width="120" height="60" alt="logo">'),
        ("", f'<div style="background:url({picture});width:90px;height:40px"></div>'),
        (f"<style>.hero{{background:url('{picture}')}}</style>", '<p class="hero">.</p>'),
        (f"<style>@font-face{{font-family:F{size};src:url({font})}}</style>", ""),
        ("", f'<img src="data:image/svg+xml,{quote(drawing)}" width="60" height="60" alt="">'),
        ("", f'<img src="{in_base64("image/svg+xml", drawing.encode())}" width="60" alt="">'),
        (f'<link rel="icon" href="{picture}">', ""),
        ("", f'<script src="{in_base64("text/javascript", code.encode())}"></script>'),
        ("", f'<iframe src="data:text/html,{quote(frame)}" width="90" height="60"></iframe>'),
        ("", f'<img srcset="{picture} 1x" src="/logo.png" width="80" height="40" alt="x">'),
        ("", f'<input type="image" src="{picture}" width="30" height="30" alt="go">'),
    )
    return choices[int(rng.integers(len(choices)))]


def heavy(pages: list[Page], seed: int, share: float, small: int, large: int) -> list[Page]:
    """Return pages with payloads of `small` to `large` characters put into a share of them."""
    out = []
    for i, page in enumerate(pages):
        rng = np.random.default_rng(seed_for(seed, "payload", i))
        html = page.html
        if rng.random() < share:
            total = int(small * (large / small) ** rng.random())
            parts = int(rng.integers(1, 5))
            for _ in range(parts):
                head, body = payload(rng, total // parts)
                html = html.replace("</head>", head + "</head>", 1)
                places = [m.end() for m in re.finditer(r"</(?:p|div|form|h1|nav|ul)>", html)]
                at = places[int(rng.integers(len(places)))] if places else len(html)
                html = html[:at] + body + html[at:]
        out.append(Page(html=html, url=page.url))
    return out


def training(seed: int, n: int) -> tuple[list[Page], np.ndarray]:
    """Return pages of both kinds: payloads are large in phishing, few and small in others."""
    bad, good = made(seed, n, phishing=True), made(seed, n, phishing=False)
    pages = heavy(bad, seed, 0.6, 10_000, 200_000) + heavy(good, seed + 1, 0.15, 500, 5_000)
    return pages, np.repeat([1, 0], n)


def histogram(pages: list[Page]) -> np.ndarray:
    """Return (n, 256) counts of bytes."""
    data = [np.frombuffer(p.html.encode("utf-8", "replace"), np.uint8) for p in pages]
    return np.array([np.bincount(one, minlength=256) for one in data], np.float64)


def sizes(pages: list[Page]) -> np.ndarray:
    """Return sizes and counts of sources."""
    rows = []
    for page in pages:
        html = page.html
        tags = Counter(t.lower() for t in re.findall(r"<([a-zA-Z][\w-]*)", html))
        carried = sum(map(len, re.findall(r"data:[^\"'\s)]*", html)))
        words = re.findall(r"[^\s<>]+", html)
        most = [tags[t] for t in ("a", "img", "script", "style", "form", "input", "iframe", "p")]
        rows.append(
            [
                len(html),
                html.count("\n"),
                sum(tags.values()),
                len(tags),
                carried,
                carried / max(len(html), 1),
                html.count("data:"),
                max(map(len, words), default=0),
                len(html) / max(html.count("\n") + 1, 1),
                len(html) / max(sum(tags.values()), 1),
                *most,
            ]
        )
    return np.array(rows, np.float64)


class ByteNet(torch.nn.Module):
    """A small convolutional network over the first bytes of a source."""

    length = 1 << 15

    def __init__(self) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(257, 8)
        self.first = torch.nn.Conv1d(8, 24, 16, 8)
        self.second = torch.nn.Conv1d(24, 32, 8, 4)
        self.last = torch.nn.Linear(64, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = torch.relu(self.first(self.embed(x).transpose(1, 2)))
        z = torch.relu(self.second(z))
        return self.last(torch.cat((z.amax(2), z.mean(2)), 1))

    def read(self, pages: list[Page]) -> torch.Tensor:
        out = np.full((len(pages), self.length), 256, np.int64)
        for i, page in enumerate(pages):
            data = np.frombuffer(page.html.encode("utf-8", "replace")[: self.length], np.uint8)
            out[i, : len(data)] = data
        return torch.from_numpy(out)


def byte_net(pages: list[Page], y: np.ndarray, seed: int) -> Judge:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = ByteNet()
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    x, truth = net.read(pages), torch.from_numpy(y)
    rng = np.random.default_rng(seed)
    for _ in range(6):
        order = rng.permutation(len(y))
        for part in np.array_split(order, max(1, len(y) // 32)):
            steps.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(x[part]), truth[part])
            loss.backward()
            steps.step()
    net.eval()

    def judge(some: list[Page]) -> np.ndarray:
        with torch.no_grad():
            return torch.softmax(net(net.read(some)), 1)[:, 1].numpy().astype(np.float64)

    return judge


def trained(
    pages: list[Page], y: np.ndarray, seed: int, only: list[str] | None
) -> Iterator[tuple[str, Judge]]:
    """Yield the detectors."""

    def shares(some: list[Page]) -> np.ndarray:
        counts = histogram(some)
        return counts / np.maximum(counts.sum(1, keepdims=True), 1)

    def fitted(model, view):
        model.fit(view(pages), y)
        return lambda some: model.predict_proba(view(some))[:, 1]

    grams = make_pipeline(
        HashingVectorizer(analyzer="char", ngram_range=(2, 4), n_features=1 << 14),
        LogisticRegression(C=30, max_iter=300),
    )
    words = make_pipeline(
        HashingVectorizer(ngram_range=(1, 2), n_features=1 << 16),
        LogisticRegression(C=30, max_iter=300),
    )
    makers = {
        "byte-shares-boosted": lambda: fitted(
            HistGradientBoostingClassifier(random_state=seed), shares
        ),
        "byte-shares-linear": lambda: fitted(
            make_pipeline(StandardScaler(), LogisticRegression(C=1, max_iter=500)),
            lambda some: np.sqrt(shares(some)),
        ),
        "byte-counts-forest": lambda: fitted(
            RandomForestClassifier(200, random_state=seed), lambda some: np.log1p(histogram(some))
        ),
        "runs-linear": lambda: fitted(grams, lambda some: [p.html[:200_000] for p in some]),
        "sizes-boosted": lambda: fitted(HistGradientBoostingClassifier(random_state=seed), sizes),
        "byte-network": lambda: byte_net(pages, y, seed),
        "words-linear": lambda: fitted(words, lambda some: [words_of(p) for p in some]),
    }
    return ((name, make()) for name, make in makers.items() if not only or name in only)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pages", type=int, default=200)
    arguments.add_argument("--train", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=4100)
    arguments.add_argument("--train-seed", type=int, default=88)
    arguments.add_argument("--queries", type=int, default=60)
    arguments.add_argument("--access", choices=["labels", "scores"], default="labels")
    arguments.add_argument("--largest", type=int, default=300_000, help="payload, characters")
    arguments.add_argument("--browser", type=int, default=0)
    arguments.add_argument("--keep", type=Path, help="folder for pages and their evasions")
    arguments.add_argument("--only", nargs="*")
    arguments.add_argument("--without", nargs="*", default=[], help="edits that are left out")
    given = arguments.parse_args()
    fresh = made(given.seed, given.pages, phishing=True)
    pages = heavy(fresh, given.seed, 1, 10_000, given.largest)
    known, y = training(given.train_seed, given.train)
    held, truth = training(given.train_seed + 500_000, 150)
    report: dict = {"bytes_median": float(np.median([len(p.html) for p in pages])), "detectors": {}}
    pairs: list = []
    for name, judge in trained(known, y, given.train_seed, given.only):
        bad = judge(held) >= 0.5
        level = Access(given.access)
        told = attacked(
            judge, pages, level, given.queries, floor=False, without=given.without, smaller=False
        )
        pairs += told.pop("pairs")
        told["accuracy_held_out"] = float((bad == truth).mean())
        report["detectors"][name] = told
        print(json.dumps({name: told}), flush=True)
    if given.keep:
        keep(given.keep, f"{given.seed}-{'-'.join(given.only or ['all'])}", pairs)
    if given.browser:
        report["browser"] = browsed(pairs, given.browser)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
