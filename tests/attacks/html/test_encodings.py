"""Pages keep the bytes that a browser reads, and are asked as the text that it shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwarden.attacks.html.edits.catalog import EXACT, edited
from modelwarden.attacks.html.encodings import decoded, encoded
from modelwarden.attacks.html.proof import prove

# Label, codec of Python, words: what browsers take a label for (WHATWG Encoding).
LEGACY = [
    ("windows-1251", "cp1251", "Вход в систему"),
    ("koi8-r", "koi8_r", "Пароль"),
    ("Shift_JIS", "cp932", "ログイン ① パスワード"),
    ("euc-jp", "euc_jp", "銀行"),
    ("gb2312", "gbk", "登录 銀"),
    ("ISO-8859-1", "cp1252", "Vérifiez “ici” €"),
    ("windows-1256", "cp1256", "تسجيل الدخول"),
    ("euc-kr", "cp949", "로그인"),
]
FORM = "<form action=/x method=post><input name=a><input type=password name=b></form>"


@pytest.mark.parametrize(("label", "codec", "words"), LEGACY)
def test_a_page_in_an_old_encoding_is_asked_as_it_reads_and_stored_as_it_was(label, codec, words):
    data = f'<meta charset="{label}"><title>{words}</title><p>{words}</p>{FORM}'.encode(codec)

    text = decoded(data)

    assert words in text
    assert encoded(text) == data
    html, done = edited(text, "", ["written-body", "late-title", "hidden-copyright"], 1)
    assert set(done) >= {"written-body", "late-title"}
    assert prove(text, html) == ()
    assert decoded(encoded(html)) == html


def test_a_letter_that_the_encoding_lacks_is_not_proven():
    page = f'<meta charset="windows-1251"><p>Вход</p>{FORM}'

    assert prove(page, page.replace("</form>", "</form><!-- é -->"))
    assert prove(page, page.replace("</form>", "</form><!-- х -->")) == ()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<p>olé".encode(), "<p>olé"),
        (b"<p>ol\xe9", "\ufeff<p>olé"),  # nothing tells: what browsers take
        (b"\xff\xfe<\x00p\x00>\x00", "\ufeff<p>"),
        (b"\xef\xbb\xbf<meta charset=koi8-r>\xc3\xa9", "\ufeff<meta charset=koi8-r>é"),
        (b"<meta charset=utf-8>\xe9", "<meta charset=utf-8>\ufffd"),
        (b"<meta charset=utf-7>+AGE-", "<meta charset=utf-7>+AGE-"),
        (b"<meta charset=shift_jis>\x82\xff", "\ufeff<meta charset=shift_jis>\ufffd\uf8f3"),
    ],
)
def test_a_mark_stands_before_what_cannot_be_stored_as_it_was(data, text):
    assert decoded(data) == text
    assert decoded(encoded(text)) == text


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["", *(label for label, _, _ in LEGACY), "utf-8"]))
def test_any_bytes_come_back_as_the_text_that_was_asked(data, label):
    text = decoded(f"<meta charset={label}>".encode() + data if label else data)

    assert decoded(encoded(text)) == text


def test_every_edit_keeps_a_page_within_its_encoding():
    page = f'<meta charset="windows-1251"><title>Вход</title><body><p>Вход на сайт</p>{FORM}</body>'

    for name in EXACT:
        html, done = edited(page, "https://пример.example/", [name], 1)
        if done and not prove(page, html):
            assert decoded(encoded(html)) == html
