"""Addresses: parts, edits by the owner of a domain, and the rules that hold them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwarden.attacks.engine import Problem, run
from modelwarden.attacks.urls.edits import NAMES, url_edit, url_edited
from modelwarden.attacks.urls.parts import address_of
from modelwarden.attacks.urls.rules import broken
from modelwarden.attacks.urls.search import RandomUrlEdits, UrlEdits
from modelwarden.attacks.urls.space import UrlSpace
from modelwarden.core import UnknownNameError
from modelwarden.targets.local import function_target
from modelwarden.targets.spec import Modality, TargetSpec, Task

RICH = (
    "http://u@secure.paylantic.com.login-77.evil-site.co.uk:8080/login/verify.php?id=a1&account=2#x"
)
NUMBER = "http://192.0.2.7/secure/login.php"


def test_the_domain_is_what_was_registered():
    assert address_of(RICH).domain == "evil-site.co.uk"
    assert address_of("https://a.b.example.com/x").domain == "example.com"
    assert address_of(NUMBER).domain == "192.0.2.7"
    assert address_of("https://a.b.example.com/x").subdomain == "a.b"


@pytest.mark.parametrize("name", NAMES)
def test_an_edit_changes_an_address_and_keeps_its_owner(name):
    base = NUMBER if name == "number-as-one" else RICH

    url, done = url_edited(base, (name,), 1)

    assert done == (name,)
    assert broken(base, url) == ()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://other.example/x", "another owner's"),
        ("http://evil-site.co.uk.other.example/", "another owner's"),
        ("ftp://evil-site.co.uk/", "neither http nor https"),
        ("http://-a-.evil-site.co.uk/", "no name of a host"),
        (f"http://{'a' * 64}.evil-site.co.uk/", "no name of a host"),
        ("http://xn--\u00e9.evil-site.co.uk/", "no name of a host"),
        ("http://evil-site.co.uk/a b", "percent form"),
        ("http://evil-site.co.uk/" + "a" * 2100, "longer than"),
        ("http://evil-site.co.uk/?q=<b>", "percent form"),
    ],
)
def test_what_no_browser_opens_or_another_owns_is_broken(url, why):
    assert any(why in one for one in broken(RICH, url))


def test_a_number_written_as_one_number_is_the_same_machine():
    assert broken(NUMBER, "http://3221225991/secure/login.php") == ()
    assert broken(NUMBER, "http://3221225992/secure/login.php")


@given(st.text(max_size=60), st.sampled_from(NAMES))
def test_any_text_survives_any_edit(url, name):
    changed, done = url_edited(url, (name,), 0)

    assert bool(done) == (changed != url)
    assert isinstance(broken(url, changed), tuple)


def test_an_unknown_edit_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError):
        url_edit("htps")


@pytest.mark.parametrize("attack", [UrlEdits(), RandomUrlEdits()])
def test_addresses_evade_a_rule_and_stay_with_their_owners(attack):
    urls = np.empty(6, object)
    urls[:] = [f"http://login.site{i}.com/secure/verify.php?id={i}" for i in range(6)]

    def answer(inputs):
        bad = np.array([("verify" in u) + ("login" in u) > 0 for u in inputs.tolist()], float)
        return np.stack((1 - bad, bad), axis=1)

    spec = TargetSpec(
        task=Task.BINARY, modality=Modality.TEXT, classes=("ok", "bad"), positive=1, tile=16
    )
    sample = urls.copy()
    sample[0] = "http://a.example/"
    target = function_target(answer, spec, sample)
    problem = Problem(space=UrlSpace(x=urls), y=np.ones(6, np.int64), rows=np.arange(6), classes=2)

    outcome = run(attack, target, problem, queries=60)

    assert outcome.success.all()
    for before, after in zip(urls, outcome.candidates, strict=True):
        assert broken(before, after) == ()
        assert address_of(before).domain == address_of(after).domain
