"""The phishing exercise: the detector that ships, and one that looks at the address alone."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from modelwarden.attacks.html.dom import Page
from modelwarden.protocols.oip import Field
from modelwarden.redteam.phishing.addresses import address_features
from modelwarden.redteam.phishing.detectors import Detector, example
from modelwarden.redteam.phishing.kind import address_in
from modelwarden.redteam.phishing.pages import made
from modelwarden.redteam.range import learn
from modelwarden.redteam.range.served import SEED, Lineup, Served
from modelwarden.targets.frames import Floats, Frame, Inputs, Labels

CLASSES = ("ordinary", "phishing")
_TRAIN, _TEST, _SEEDS = 200, 40, 20
_ADDRESS = re.compile(r"https?://[^\s<>]+", re.IGNORECASE)


def phishing() -> Lineup:
    """Load the detector of pages, and train the one of addresses."""
    train, y = _pages(SEED + 1, _TRAIN)
    test, test_y = _pages(SEED + 2, _TEST)
    sample, sample_y = _pages(SEED + 3, 50)
    fields = (Field(name="html", datatype="BYTES", shape=(1,)),)
    detector = example("boosted")
    net = learn.net_of(_numbers(train.tolist()), y, hidden=12, seed=SEED, epochs=30)
    models = []
    for name, answer in (
        ("phishing", partial(_of_pages, detector)),
        ("phishing-hardened", partial(_of_addresses, net)),
    ):
        right = answer(test).argmax(axis=1) == test_y
        models.append(
            Served(
                name=name,
                fields=fields,
                classes=CLASSES,
                answer=answer,
                accuracy=float(right.mean()),
            )
        )
    known = np.logical_and.reduce([m.answer(test).argmax(axis=1) == test_y for m in models])
    at = np.flatnonzero(known & (test_y == 1))[:_SEEDS]
    return Lineup(
        plain=models[0],
        hardened=models[1],
        normal=train,
        seeds=test[at],
        y=test_y[at],
        sample=sample,
        sample_y=sample_y,
    )


def _pages(seed: int, n: int) -> tuple[npt.NDArray[np.object_], Labels]:
    """Return n pages of each class as texts that say where they were saved from."""
    found = [(p, bad) for bad in (0, 1) for p in made(seed, n, phishing=bool(bad))]
    x = np.empty(len(found), np.object_)
    x[:] = [noted(page) for page, _ in found]
    return x, np.array([bad for _, bad in found], np.int64)


def noted(page: Page) -> str:
    """Return a page's source with its address in the form that browsers save it in."""
    if address_in(page.html):
        return page.html
    return f"{page.html}<!-- saved from url=({len(page.url):04d}){html.escape(page.url)} -->"


def _of_pages(detector: Detector, inputs: Inputs) -> Floats:
    texts = _texts(inputs)
    return detector.scores([Page(html=text, url=address_in(text)) for text in texts])


def _of_addresses(net: learn.Net, inputs: Inputs) -> Floats:
    """Judge addresses; a page that hides its own is not given the benefit of the doubt."""
    texts = _texts(inputs)
    scores = net.scores(_numbers(texts))
    unknown = np.array([not _address(text) for text in texts])
    scores[unknown] = (0.1, 0.9)
    return scores


def _numbers(texts: Sequence[str]) -> Floats:
    rows = [[*address_features(_address(text)).values()] for text in texts]
    return np.array(rows, np.float64)


def _address(text: str) -> str:
    """Return the address of a page, or the address that is sent instead of one."""
    return text if _ADDRESS.fullmatch(text) else address_in(text)


def _texts(inputs: Inputs) -> list[str]:
    column = inputs.columns[0] if isinstance(inputs, Frame) else inputs
    return [str(text) for text in column.ravel().tolist()]
