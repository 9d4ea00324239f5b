from __future__ import annotations

import pytest

from modelwarden.dependencies.scores import rated, scored


@pytest.mark.parametrize(
    ("vector", "score", "word"),
    [
        # Worked examples of the specifications' user guides.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, "medium"),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, "critical"),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", 0.0, "low"),
    ],
)
def test_a_vector_gives_its_base_score(vector, score, word):
    found = rated(vector)

    assert found is not None
    assert (found.score, found.word) == (score, word)


@pytest.mark.parametrize("vector", ["", "7.5", "CVSS:3.1/AV:N", "AV:N/AC:L/Au:N/C:P/I:P/A:P"])
def test_what_is_no_vector_is_unknown(vector):
    assert rated(vector) is None


def test_the_worst_vector_counts_then_the_word_then_nothing():
    low, high = (
        "CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    )
    both = {"severity": [{"type": "CVSS_V3", "score": low}, {"type": "CVSS_V3", "score": high}]}

    assert scored(both).word == "critical"
    assert scored({"database_specific": {"severity": "MODERATE"}}).word == "medium"
    assert scored({"database_specific": {"severity": "dreadful"}}) is None
    assert scored({}) is None


def test_a_malicious_package_is_critical_without_a_vector():
    assert scored({"id": "MAL-2026-1"}).word == "critical"
