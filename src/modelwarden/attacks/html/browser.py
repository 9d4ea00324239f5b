"""A second opinion on changed pages by a real browser: pixels, text, forms, links after `load`.

Chromium is driven over a pipe and never reaches anything: the page itself is answered from memory,
every other request is refused before it leaves, and names do not resolve. It is optional: the proof
(`proof`) stands without it. It runs with a profile of its own that is removed afterwards.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from types import TracebackType
from typing import Self, TypeAlias

from modelwarden.core import InputError, Json
from modelwarden.core.values import dataclass

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider",
    "--metrics-recording-only",
    "--mute-audio",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--remote-debugging-pipe",
)
# The protocol has it that commands come on descriptor 3 and answers go to 4. Both are moved out of
# the way first: either may be 3 or 4 itself.
_START = (
    "import fcntl, os, sys; "
    "r, w = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3]); "
    "os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_WAIT, _SETTLE, _LARGEST = 30.0, 0.15, 1 << 28
_STATE = """JSON.stringify({
 text: document.body && [document.documentElement, document.body].every(
  e => getComputedStyle(e).display != 'none') ? document.body.innerText : '',
 title: document.title,
 forms: [...document.querySelectorAll('form')].map(f => [
  [...f.attributes].filter(a => a.name != 'class' && !a.name.startsWith('data-')).map(
   a => [a.name, a.value]).sort(),
  [...f.querySelectorAll('input,select,textarea,button')].map(e => [
   e.tagName, e.getAttribute('type'), e.getAttribute('name'), e.getAttribute('value'),
   e.getAttribute('placeholder'), e.getClientRects().length > 0])]),
 fields: document.querySelectorAll('input,select,textarea,button').length,
 links: [...document.querySelectorAll('a[href]')].filter(a => a.getClientRects().length).map(
  a => [a.innerText, a.href]),
 images: [...document.querySelectorAll('img')].filter(a => a.getClientRects().length).map(
  a => [a.getAttribute('src'), a.getAttribute('alt')]),
 errors: window.__errors || 0
})"""
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060"))
_Message: TypeAlias = dict[str, "Json"]


class BrowserError(InputError):
    """The browser cannot be used."""

    hint = "Install Chromium (Debian: apt install chromium), or leave the check by browser out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page as a browser has it once it has loaded.

    Attributes:
        pixels: a picture, PNG. state: text, title, forms, links and pictures that are seen.
    """

    pixels: bytes
    state: dict[str, Json]


def found() -> str | None:
    """Return where Chromium is; None where it is not installed."""
    return next((place for place in map(shutil.which, _NAMES) if place), None)


class Browser:
    """One browser for many pages."""

    def __init__(self, program: str | None = None) -> None:
        """Name the program, or have it looked for."""
        place = program or found()
        if place is None:
            raise BrowserError("no Chromium is installed")
        self._program = place
        self._number = 0
        self._rest = b""

    def __enter__(self) -> Self:
        """Start it."""
        self._folder = tempfile.mkdtemp(prefix="modelwarden-browser-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        command = [sys.executable, "-S", "-E", "-c", _START, str(to_read), str(to_write)]
        command += [self._program, *_FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(  # noqa: S603 -- the program is the user's own
            command,
            pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._folder},
        )
        os.close(to_read)
        os.close(to_write)
        try:
            self._session = self._begun()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End it, and remove its profile."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begun(self) -> str:
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        options: dict[str, Json] = {"targetId": target, "flatten": True}
        session = str(self._ask("Target.attachToTarget", options)["sessionId"])
        self._session = session
        view: dict[str, Json] = {
            "width": 1024,
            "height": 1400,
            "deviceScaleFactor": 1,
            "mobile": False,
        }
        self._ask("Emulation.setDeviceMetricsOverride", view, session)
        for command in ("Page.enable", "Runtime.enable"):
            self._ask(command, {}, session)
        self._ask("Fetch.enable", {"patterns": [{"urlPattern": "*"}]}, session)
        return session

    def show(self, html: str, url: str) -> Shown:
        """Load a page and return how it stands once it has loaded.

        Raises:
            BrowserError: the browser ended, or did not answer in time.
        """
        place = url if url.startswith(("http://", "https://")) else "https://page.example/"
        self._ask(
            "Page.navigate", {"url": "about:blank"}, self._session, until="Page.loadEventFired"
        )
        self._body = (place.split("#")[0], html.encode("utf-8", "replace"))
        self._ask("Page.navigate", {"url": place}, self._session, until="Page.loadEventFired")
        time.sleep(_SETTLE)
        state = self._told(_STATE)
        picture = self._ask("Page.captureScreenshot", {"format": "png"}, self._session)
        return Shown(pixels=base64.b64decode(str(picture["data"])), state=json.loads(state))

    def _told(self, expression: str) -> str:
        asked: dict[str, Json] = {"expression": expression, "returnByValue": True}
        result = self._ask("Runtime.evaluate", asked, self._session).get("result")
        if not isinstance(result, dict) or not isinstance(result.get("value"), str):
            raise BrowserError("the browser does not tell how the page stands")
        return str(result["value"])

    def told(self, expression: str) -> list[list[float]]:
        """Return lists of numbers that an expression gives, as JSON, of the page that is shown."""
        found = json.loads(self._told(expression))
        return [[float(value) for value in one] for one in found]

    def photograph(self, left: int, top: int, width: int, height: int) -> bytes:
        """Return a part of the page that is shown, PNG."""
        clip: dict[str, Json] = {"x": left, "y": top, "width": width, "height": height, "scale": 1}
        asked: dict[str, Json] = {"format": "png", "clip": clip}
        picture = self._ask("Page.captureScreenshot", asked, self._session)
        return base64.b64decode(str(picture["data"]))

    def _ask(
        self,
        method: str,
        params: dict[str, Json],
        session: str | None = None,
        *,
        until: str | None = None,
    ) -> _Message:
        """Send a command and return its answer, with an event behind it where one is awaited."""
        number = self._send(method, params, session)
        answer: _Message | None = None
        seen = until is None
        end = time.monotonic() + _WAIT
        while answer is None or not seen:
            message = self._next(end, method)
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"the browser refuses {method}: {message['error']}")
                result = message.get("result")
                answer = result if isinstance(result, dict) else {}
            elif message.get("method") == "Fetch.requestPaused":
                self._answer(message)
            elif message.get("method") == "Page.javascriptDialogOpening":
                self._send("Page.handleJavaScriptDialog", {"accept": False}, session)
            elif message.get("method") == until and answer is not None:
                seen = True
        return answer

    def _send(self, method: str, params: dict[str, Json], session: str | None) -> int:
        self._number += 1
        message: _Message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            try:
                data = data[os.write(self._write, data) :]
            except BrokenPipeError as error:
                raise BrowserError(f"{self._program} ended, or cannot be started") from error
        return self._number

    def _next(self, end: float, method: str) -> _Message:
        while b"\0" not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise BrowserError(f"the browser did not answer {method} within {_WAIT:g} s")
            data = os.read(self._read, 1 << 20)
            if not data or len(self._rest) > _LARGEST:
                raise BrowserError("the browser ended")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\0")
        message: _Message = json.loads(line)
        return message

    _body: tuple[str, bytes] = ("", b"")

    def _answer(self, message: _Message) -> None:
        """Answer the page itself from memory; refuse everything else."""
        params = message["params"]
        if not isinstance(params, dict):
            return
        request, number = params["request"], params["requestId"]
        session = str(message.get("sessionId") or "") or None
        place, data = self._body
        wanted = request.get("url") if isinstance(request, dict) else None
        if params.get("resourceType") == "Document" and wanted == place and data:
            self._body = (place, b"")  # once: what the page loads again is not answered
            header = {"name": "content-type", "value": "text/html"}
            answer: dict[str, Json] = {
                "requestId": number,
                "responseCode": 200,
                "responseHeaders": [dict(header)],
                "body": base64.b64encode(data).decode("ascii"),
            }
            self._send("Fetch.fulfillRequest", answer, session)
        else:
            refuse: dict[str, Json] = {"requestId": number, "errorReason": "BlockedByClient"}
            self._send("Fetch.failRequest", refuse, session)


def differences(before: Shown, after: Shown) -> tuple[str, ...]:
    """Return what a browser shows or does otherwise; characters without width are not seen."""
    wrong = []
    if before.pixels != after.pixels:
        wrong.append("pixels")
    for name in before.state:
        old, new = before.state[name], after.state.get(name)
        if name == "text":
            old, new = str(old).translate(_ZERO_WIDTH), str(new).translate(_ZERO_WIDTH)
        elif name in ("links", "images"):
            old, new = (json.loads(_bare(json.dumps(v, ensure_ascii=False))) for v in (old, new))
        if old != new:
            wrong.append(name)
    return tuple(wrong)


def _bare(text: str) -> str:
    return text.translate(_ZERO_WIDTH)
