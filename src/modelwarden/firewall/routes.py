"""Which paths lead to which model, and what a refusal looks like in its protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from modelwarden.core.values import dataclass
from modelwarden.firewall.checks import Checks
from modelwarden.firewall.errors import ProfileError
from modelwarden.firewall.profile import Profile, Protocol
from modelwarden.firewall.torch_form import takes_text

REFUSED = "the request was refused"
UNREACHED = "the model cannot be reached"
_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # no dots alone, which a server may take for a folder
_READ = ("GET", "HEAD")
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """Where a request goes.

    Attributes:
        checks: of its model; None where nothing is asked of a model (health, metadata).
        protocol: that an answer of ours is in.
        text: whether a body may be one text instead of JSON.
    """

    checks: Checks | None
    protocol: Protocol
    text: bool = False


class Routes:
    """The paths of all models that stand behind the firewall; every other one is refused."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        """Compile the paths.

        Raises:
            ProfileError: two profiles claim the same path.
        """
        if not profiles:
            raise ProfileError("there is no profile")
        self.protocol = profiles[0].protocol
        self._known: dict[tuple[str, str], Route | None] = {}
        self._asked: list[tuple[re.Pattern[str], Route]] = []
        self._read: list[tuple[re.Pattern[str], Route]] = []
        claimed: set[str] = set()
        for profile in profiles:
            asked, read = _patterns(profile)
            if asked in claimed:
                raise ProfileError(
                    f"two profiles are for the model {profile.name!r}, or for one path"
                )
            claimed.add(asked)
            text = profile.protocol is Protocol.TORCHSERVE and takes_text(profile)
            route = Route(Checks(profile), profile.protocol, text)
            self._asked.append((re.compile(asked), route))
            self._read += [(re.compile(part), Route(None, profile.protocol)) for part in read]

    @property
    def asked(self) -> tuple[Route, ...]:
        """The routes at which a model is asked."""
        return tuple(route for _, route in self._asked)

    def like(self, other: Route) -> Route | None:
        """Return the route to the model of the same name as another's; None without one."""
        if other.checks is None:
            return None
        name = other.checks.profile.name
        return next((r for _, r in self._asked if r.checks and r.checks.profile.name == name), None)

    def of(self, method: str, path: str) -> Route | None:
        """Return where a request goes; None when nowhere."""
        asked = (method, path)
        if asked in self._known:
            return self._known[asked]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[asked] = self._of(method, path)
        return found

    def _of(self, method: str, path: str) -> Route | None:
        if method == "POST":
            return next((r for pattern, r in self._asked if pattern.fullmatch(path)), None)
        if method in _READ:
            return next((r for pattern, r in self._read if pattern.fullmatch(path)), None)
        return None


def _patterns(profile: Profile) -> tuple[str, tuple[str, ...]]:
    name = re.escape(profile.name)
    # A profile is of one version: others would be asked what nobody has measured.
    version = re.escape(profile.model_version)
    match profile.protocol:
        case Protocol.OIP:
            model = f"/v2/models/{name}(?:/versions/{version or _WORD})?"
            return f"{model}/infer", ("/v2/?", "/v2/health/(?:live|ready)", f"{model}(?:/ready)?")
        case Protocol.TF_SERVING:
            number = version or "[0-9]{1,19}"
            model = rf"/v1/models/{name}(?:/versions/{number}|/labels/{_WORD})?"
            return f"{model}:predict", (f"{model}(?:/metadata)?",)
        case Protocol.MLFLOW:
            return "/invocations", ("/ping", "/health", "/version")
        case Protocol.OPENAI:
            return "/v1/chat/completions", ("/v1/models",)
        case Protocol.TORCHSERVE:
            return rf"/predictions/{name}(?:/{version or _WORD})?", ("/ping",)
        case Protocol.JSON:
            form = profile.form
            if form is None:
                raise ProfileError(f"the profile of {profile.name!r} has no form of requests")
            return re.escape(form.route), tuple(map(re.escape, form.reads))


def error_body(protocol: Protocol, message: str = REFUSED, status: int = 400) -> bytes:
    """Return an error in the protocol's own shape; it tells nothing about why."""
    document: dict[str, Any]
    match protocol:
        case Protocol.MLFLOW:
            code = "BAD_REQUEST" if status < 500 else "TEMPORARILY_UNAVAILABLE"
            document = {"error_code": code, "message": message}
        case Protocol.TORCHSERVE:
            kind = "BadRequestException" if status < 500 else "ServiceUnavailableException"
            document = {"code": status, "type": kind, "message": message}
        case Protocol.OPENAI:
            kind = "invalid_request_error" if status < 500 else "server_error"
            told = {"message": message, "type": kind, "param": None, "code": None}
            document = {"error": told}
        case _:
            document = {"error": message}
    return json.dumps(document).encode()
