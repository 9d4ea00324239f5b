from __future__ import annotations

import io

import pytest

from modelwarden.core import InputError
from modelwarden.dependencies.fetch import fetched


class Answer(io.BytesIO):
    def __init__(self, data, address, length=None):
        super().__init__(data)
        self.address = address
        self.headers = {"Content-Length": str(len(data) if length is None else length)}

    def geturl(self):
        return self.address


def answering(monkeypatch, answer):
    monkeypatch.setattr("urllib.request.urlopen", lambda address, timeout: answer)


def test_a_path_is_given_as_it_is():
    with fetched("feed.jsonl") as path:
        assert str(path) == "feed.jsonl"


@pytest.mark.parametrize("address", ["http://example.org/all.zip", "ftp://a/b", "file:///etc"])
def test_only_https_is_fetched(address):
    with pytest.raises(InputError, match="not fetched"), fetched(address):
        pass


def test_an_answer_is_kept_while_it_is_used(monkeypatch):
    answering(monkeypatch, Answer(b"words", "https://example.org/all.zip"))

    with fetched("https://example.org/all.zip") as path:
        assert path.name == "all.zip"
        assert path.read_bytes() == b"words"
    assert not path.exists()


def test_an_answer_that_breaks_off_is_refused(monkeypatch):
    answering(monkeypatch, Answer(b"words", "https://example.org/all.zip", 100))

    with pytest.raises(InputError, match="broke off"), fetched("https://example.org/all.zip"):
        pass


def test_an_answer_from_elsewhere_is_refused(monkeypatch):
    answering(monkeypatch, Answer(b"words", "http://example.org/all.zip"))

    with pytest.raises(InputError, match="leads away"), fetched("https://example.org/all.zip"):
        pass


def test_a_host_that_cannot_be_reached_is_one_line():
    with pytest.raises(InputError, match="cannot fetch"), fetched("https://127.0.0.1:9/all.zip"):
        pass
