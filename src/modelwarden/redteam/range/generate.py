"""What the targets of the range are trained and tried on: made up by code, the same for one seed.

Messages, applications for credit and small pictures of digits. Nobody wrote or sent them, and no
person stands behind them; the words of each kind overlap, so that a model has something to learn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelwarden.core import seed_for
from modelwarden.core.values import dataclass
from modelwarden.targets.frames import Floats, Frame, Labels

Pictures = npt.NDArray[np.float32]
SIDE = 14
COLUMNS = ("age", "income", "debt", "amount", "months", "years_employed", "late_payments", "cards")


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Messages; y is 1 for spam."""

    x: npt.NDArray[np.object_]
    y: Labels


def _rng(seed: int, *names: str | int) -> np.random.Generator:
    return np.random.default_rng(seed_for(seed, "range", *names))


# Messages ----------------------------------------------------------------------------------------

_OPEN = (
    "Hi|Hello|Hey|Dear customer|Good news|Quick note|Attention|Morning|Just to say|Hello again"
).split("|")
_BAIT = (
    "you have won a {prize}|your account is suspended until you confirm|"
    "claim your free {prize} today|a cash reward of {sum} is waiting for you|"
    "you are selected for a {prize}|cheap pills without prescription|"
    "earn {sum} pounds a week from home|your loan of {sum} pounds is approved|"
    "unlimited bonus credits for your phone|double your money with no risk"
).split("|")
_PUSH = (
    "call {number} now|click the link to claim|reply YES to win|send your bank details|"
    "the offer ends tonight|text STOP to opt out|confirm your password|visit our site today"
).split("|")
_PRIZES = "prize|holiday voucher|gift card|new phone|luxury cruise|free ringtone".split("|")
_TALK = (
    "the meeting moved to {hour}|can you send me the notes|we are at the station now|"
    "are you free for lunch on {day}|the train is late again|call me when you are home|"
    "did your team win on {day}|the report needs one more table|the market takes cash only|"
    "shall we watch a film on {day}|my phone died after work|the bank is closed on {day}|"
    "I paid the rent from my account today|the shop has a new offer on bread|"
    "please confirm the visit on {day}|I will text you the link|your gift for mum is here|"
    "we won {hour} of extra time|the holiday starts on {day}|dinner is ready at {hour}"
).split("|")
_CLOSE = (
    "see you at {hour}|let me know|talk later|no rush|reply when you can|thanks a lot|"
    "sounds good to me|home by {hour}|give my love to mum|happy to help"
).split("|")
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def texts(n: int, *, seed: int, part: str) -> Texts:
    """Return n messages, two in five of them spam.

    Args:
        n: how many.
        seed: of everything.
        part: `train`, `test`: each draws from a stream of its own.
    """
    rng = _rng(seed, "texts", part)
    y = (rng.random(n) < 0.4).astype(np.int64)
    made = np.empty(n, np.object_)
    for i, spam in enumerate(y.tolist()):
        made[i] = _message(rng, spam=bool(spam))
    return Texts(made, y)


def _message(rng: np.random.Generator, *, spam: bool) -> str:
    # Spam is wrapped in ordinary talk, and ordinary talk has many of its words: no single word
    # settles the matter.
    parts = [_one(rng, _OPEN), _one(rng, _TALK)]
    if spam:
        parts[1:] = [_one(rng, _BAIT)]
        parts += [_one(rng, _PUSH)] * (rng.random() < 0.5) + [_one(rng, _TALK)]
    parts += [_one(rng, _TALK)] * (rng.random() < 0.5) + [_one(rng, _CLOSE)]
    filled = [_filled(rng, part) for part in parts]
    return f"{filled[0]}, {'. '.join(filled[1:])}."


def _one(rng: np.random.Generator, words: list[str]) -> str:
    return words[int(rng.integers(len(words)))]


def _filled(rng: np.random.Generator, part: str) -> str:
    return part.format(
        prize=_one(rng, _PRIZES),
        sum=int(rng.integers(2, 90)) * 50,
        # A range of numbers that is kept for drama.
        number=f"0171 496 0{int(rng.integers(100, 999))}",
        hour=f"{int(rng.integers(7, 22))}:{int(rng.integers(0, 4)) * 15:02d}",
        day=_one(rng, _DAYS),
    )


# Applications for credit -------------------------------------------------------------------------


def applications(n: int, *, seed: int, part: str) -> tuple[Frame, Labels]:
    """Return n applications and which of them were not paid back.

    All columns are numbers: age and years in years, money in thousands, months of the term.
    """
    rng = _rng(seed, "applications", part)
    age = rng.integers(19, 76, n)
    employed = np.minimum(rng.exponential(6.0, n).astype(np.int64), age - 18)
    income = np.round(np.exp(rng.normal(3.3, 0.45, n)) + 0.4 * employed, 1)
    debt = np.round(income * np.minimum(rng.beta(1.3, 4.0, n) * 1.6, 1.0), 1)
    amount = np.round(np.exp(rng.normal(2.2, 0.7, n)), 1)
    months = 6 * rng.integers(1, 13, n)
    late = np.minimum(rng.poisson(0.5 + 2.0 * (debt > 0.5 * income)), 12)
    cards = rng.integers(0, 8, n)
    burden = (debt + amount * 12 / months) / income
    odds = -2.1 + 2.6 * burden + 0.45 * late - 0.07 * employed - 0.012 * (age - 40)
    odds += 0.05 * np.maximum(cards - 4, 0)
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    values = (age, income, debt, amount, months, employed, late, cards)
    whole = (True, False, False, False, True, True, True, True)
    columns = tuple(
        np.asarray(v, np.int64 if w else np.float64) for v, w in zip(values, whole, strict=True)
    )
    return Frame(COLUMNS, columns), y


# Pictures ----------------------------------------------------------------------------------------

# Each digit on five columns and seven rows, a row a number of five bits.
_GLYPHS = (
    (14, 17, 19, 21, 25, 17, 14),
    (4, 12, 4, 4, 4, 4, 14),
    (14, 17, 1, 2, 4, 8, 31),
    (31, 2, 4, 2, 1, 17, 14),
    (2, 6, 10, 18, 31, 2, 2),
    (31, 16, 30, 1, 1, 17, 14),
    (6, 8, 16, 30, 17, 17, 14),
    (31, 1, 2, 4, 8, 8, 8),
    (14, 17, 17, 14, 17, 17, 14),
    (14, 17, 17, 15, 1, 2, 12),
)


def pictures(n: int, *, seed: int, part: str) -> tuple[Pictures, Labels]:
    """Return n grey pictures (n, 1, SIDE, SIDE) of digits, values in 0 … 1 in steps of 1/255."""
    rng = _rng(seed, "pictures", part)
    y = rng.integers(0, 10, n)
    made = np.zeros((n, 1, SIDE, SIDE))
    for i, digit in enumerate(y.tolist()):
        made[i, 0] = _drawn(rng, digit)
    noisy = made + rng.normal(0, 0.08, made.shape)
    return (np.rint(np.clip(noisy, 0, 1) * 255) / 255).astype(np.float32), y


def _drawn(rng: np.random.Generator, digit: int) -> Floats:
    bits = [[row >> 4 - c & 1 for c in range(5)] for row in _GLYPHS[digit]]
    wide, tall = int(rng.integers(8, 11)), int(rng.integers(11, 13))
    glyph = np.array(bits, np.float64)
    rows = (np.arange(tall) * 7 // tall)[:, None]
    columns = (np.arange(wide) * 5 // wide)[None, :]
    sheet = np.zeros((SIDE, SIDE))
    top, left = int(rng.integers(0, SIDE - tall + 1)), int(rng.integers(0, SIDE - wide + 1))
    sheet[top : top + tall, left : left + wide] = glyph[rows, columns]
    blurred = sheet + 0.35 * (np.roll(sheet, 1, 0) + np.roll(sheet, 1, 1))
    return np.asarray(np.minimum(blurred, 1.0) * rng.uniform(0.7, 1.0))
