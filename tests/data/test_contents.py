"""Personal data by form and check digit, columns that say nothing, classes of hardly any row."""

from __future__ import annotations

import numpy as np
import pytest

from data.sets import arrays, column, given, named, rows_of, table
from modelwarden.data.contents import run
from modelwarden.detectors.personal import iban, luhn, personal_data
from modelwarden.targets.spec import Modality

PLAIN = ["the parcel came late", "call me tomorrow at 5", "order 1234567890123456 is 12.50"] * 100


def kinds(*texts):
    return {found.kind for found in personal_data(column([*PLAIN, *texts]))}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jo.doe@mail.example.org please", "e-mail address"),
        ("pay to DE89 3704 0044 0532 0130 00 today", "IBAN"),
        ("pay to GB82WEST12345698765432", "IBAN"),
        ("card 4111 1111 1111 1111 ok", "card number"),
        ("amex 378282246310005", "card number"),
        ("ssn 123-45-6789.", "social security number (US)"),
        ("nino AB 12 34 56 C", "national insurance number (UK)"),
        ("dni 12345678Z", "identity number (Spain)"),
        ("nir 2 55 08 14 168 025 38", "social security number (France)"),
        ("ring +44 20 7946 0958", "phone number"),
        ("ring (202) 555-0143", "phone number"),
    ],
)
def test_each_kind_is_recognised(text, kind):
    assert kind in kinds(*[text] * 4)


@pytest.mark.parametrize(
    "text",
    [
        "pay to DE89 3704 0044 0532 0130 01",
        "card 4111 1111 1111 1112",
        "version 1.2.3.4 of 2020-01-02",
        "tweet @someone about it",
        "part 000-12-3456",
        "dni 12345678A",
        "12:30:45 2021-05-06 10.5 99-1",
    ],
)
def test_what_only_looks_like_it_is_not(text):
    assert kinds(*[text] * 4) == set()


def test_numbers_at_random_are_no_cards():
    rng = np.random.default_rng(0)
    texts = [f"ref 4{rng.integers(10**14, 10**15)}" for _ in range(300)]

    assert kinds(*texts) == set()


def test_check_digits_catch_every_single_slip():
    for at in range(16):
        digits = list("4111111111111111")
        digits[at] = str((int(digits[at]) + 1) % 10)
        assert not luhn("".join(digits))
    assert iban("FR14 2004 1010 0505 0001 3M02 606")
    assert not iban("FR14 2004 1010 0505 0001 3M02 607")


def test_the_report_names_column_and_rows_and_shows_no_value():
    notes = [*PLAIN, "mail anna.smith@clinic.example"]
    y = np.arange(len(notes)) % 2
    train = table("train", y=y, note=notes, a=np.arange(len(notes)) * 1.5)

    result = run(given(train=train, test=table("test", y=y[:30], note=PLAIN[:30], a=y[:30] * 1.0)))

    (finding,) = [f for f in result.findings if f.rule == "personal-data"]
    assert finding.location.feature == "note"
    assert rows_of(result, "personal-data") == {300}
    assert "anna" not in repr(result)
    assert "aaaa.aaaaa@aaaaaa.aaaaaaa" in finding.message


def test_texts_as_the_one_input_are_looked_at():
    texts = arrays([*PLAIN, "mail me@home.example"], name="train")

    result = run(given(train=texts, test=arrays(PLAIN), modality=Modality.TEXT))

    assert named(result) == [("personal-data", "text")]


def test_columns_that_say_nothing_and_rare_classes_are_told():
    rng = np.random.default_rng(0)
    y = (np.arange(1000) < 4).astype(int)
    a = rng.normal(size=1000)
    train = table(
        "train", y=y, a=a, copy=a, one=np.full(1000, 7), none=[None] * 1000, flag=y, same=1 - y
    )

    result = run(given(train=train, test=train))

    assert named(result) == [
        ("class-imbalance", ""),
        ("degenerate-column", "copy"),
        ("degenerate-column", "none"),
        ("degenerate-column", "one"),
    ]
