"""A chat model that classifies is attacked like any other endpoint that gives labels."""

from __future__ import annotations

from modelwarden.redteam import campaign_of, run
from modelwarden.redteam.llm.chat import Reply
from redteam.campaigns import seeded
from redteam.llm.servers import chatting


def classifier(question):
    """Call a text spam that has two of three words, spelled as they are."""
    words = question.messages[-1].text.split()
    found = sum(word in words for word in ("free", "cash", "winner", "prize"))
    return Reply("Spam." if found >= 2 else "ham")


def test_words_that_only_look_right_get_past_a_chat_model(tmp_path):
    seeded(tmp_path)
    with chatting(classifier) as (url, seen):
        document = {
            "campaign": {"name": "mail", "goal": "evade", "authorised_by": "the tests"},
            "target": {"url": url, "protocol": "openai", "classes": ["ham", "spam"]},
            "budget": {"rows": 400, "batch": 4},
            "knowledge": {"access": "labels"},
            "seeds": {"path": "seeds", "label": "spam"},
            "attack": [{"name": "homoglyphs", "queries": 60}],
        }
        done = run(campaign_of(document, root=tmp_path), output=tmp_path / "out")

    assert "endpoint-evaded" in {f.rule for f in done.report.findings}
    assert len(done.evasions) >= 3
    prompts = {d["messages"][0]["content"] for d in seen}
    assert len(prompts) == 1
    assert "ham, spam" in prompts.pop()
