"""Chat endpoints on loopback: a model without a mind behind the wire of chat completions."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from modelwarden.redteam.llm.chat import Message, Question


@contextmanager
def chatting(model, *, tools=True, fault=None) -> Iterator[tuple[str, list[dict]]]:
    """Serve; yield the address and what was asked. `fault(number)` may answer instead."""
    seen: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_POST(self):
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append(document)
            instead = None if fault is None else fault(len(seen))
            if instead is None and document.get("tools") and not tools:
                instead = 400, b'{"error": {"message": "tools are not supported"}}'
            status, body = instead or (200, answer(model, document))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def answer(model, document):
    question = Question(
        messages=tuple(Message(m["role"], m["content"]) for m in document["messages"]),
        tools=tuple(t["function"]["name"] for t in document.get("tools", [])),
    )
    reply = model(question)
    calls = [
        {"id": "1", "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
        for c in reply.calls
    ]
    message = {"role": "assistant", "content": reply.text or None, "tool_calls": calls or None}
    return json.dumps({"choices": [{"index": 0, "message": message}]}).encode()
