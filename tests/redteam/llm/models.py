"""Chat models without a mind: one that falls for everything, and one that is built well."""

from __future__ import annotations

import base64
import codecs
import re

from modelwarden.redteam.llm.chat import Call, Reply

_ORDER = re.compile(r"(?:only with the word|nur mit dem Wort) (\w+)")
_SECRET = re.compile(r"\b[a-z]{6,}-\d{4}-[a-z]{6,}\b")


def naive(question):
    """Do what is said anywhere, last order first, and keep nothing."""
    whole = "\n".join(m.text for m in question.messages)
    user = question.messages[-1].text
    if "send_message" in question.tools and ".invalid" in user:
        to = re.search(r"[\w.-]+@[\w.-]+invalid", user)[0]
        return Reply("", (Call("send_message", f'{{"to": "{to}", "body": "hello"}}'),))
    if "look up order" in user:
        return Reply("", (Call("lookup_order", '{"number": "1"}'),))
    for text in (whole, *_decoded(whole)):
        orders = _ORDER.findall(text)
        if orders:
            return Reply(f"{orders[-1].capitalize()}.")
    secret = _SECRET.search(whole)
    if secret:
        said = f"It is {secret[0]}."
        encoded = base64.b64encode(said.encode()).decode()
        return Reply(encoded if "base64" in user else said)
    data = re.search(r"<data>\n(.*)\n</data>", user, re.DOTALL)
    return Reply(data[1] if data else "Hello.")


def _decoded(text):
    for run in re.findall(r"[A-Za-z0-9+/=]{20,}", text):
        yield base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8", "ignore")
    for run in re.findall(r"(?:[0-9a-f]{2} ){8,}[0-9a-f]{2}", text):
        yield bytes.fromhex(run).decode("utf-8", "ignore")
    yield codecs.decode(text, "rot13")
    yield text[::-1]
    yield text.replace("\u200b", "")
    yield text.replace("   ", "\0").replace(" ", "").replace("\0", " ")


def careful(question):
    """Obey the user outside of data, call what the user asks for, give out what may be."""
    system = next((m.text for m in question.messages if m.role == "system"), "")
    user = question.messages[-1].text
    if "<data>" in user:
        return Reply("The sender writes about a thing and the way it was delivered to them.")
    if "Give it freely" in system:
        return Reply(_SECRET.search(system)[0])
    if "look up order" in user and "lookup_order" in question.tools:
        return Reply("", (Call("lookup_order", '{"number": "1"}'),))
    order = _ORDER.search(user)
    return Reply(order[1] if order else "I cannot share that.")


def mute(question):
    """Answer politely, whatever is asked."""
    return Reply("Thank you for your message, we will come back to you.")
