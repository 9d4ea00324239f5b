"""Everything that decides, as one value that can be swapped while requests are under way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from modelwarden.firewall.alerts import Alert
from modelwarden.firewall.config import FirewallConfig
from modelwarden.firewall.decide import Judge
from modelwarden.firewall.errors import ProfileError, RefusedError
from modelwarden.firewall.limits import Rates
from modelwarden.firewall.profile import Profile
from modelwarden.firewall.routes import Route, Routes
from modelwarden.firewall.rules import Class, Mode, Modes

_SAMPLES = 16
_LARGEST_SAMPLE = 64 << 10
_EVERY = 256  # requests between two samples
_REFUSED_SHARE = 0.5


class Policy:
    """Profiles and configuration, ready to judge.

    Attributes:
        profiles: of the models.
        config: how it runs.
        modes: how far rules go.
        routes: which path leads where.
        rates: None when nobody is limited.
        most: bytes of the largest body that any model takes.
        numbers: values of the largest request that any model takes, texts included.
    """

    def __init__(
        self,
        profiles: Sequence[Profile],
        config: FirewallConfig,
        mode: Mode,
        *,
        emit: Callable[[Alert], None],
        failed: Callable[[Class, Exception, bool], None],
    ) -> None:
        """Make ready.

        Raises:
            ProfileError: the profiles contradict each other.
        """
        self.profiles = tuple(profiles)
        self.config = config
        self.modes = Modes(mode, config.rules)
        self.routes = Routes(profiles)
        self.rates = None if config.limit is None else Rates(config.limit)
        self.most = max(profile.limits.body for profile in profiles)
        self.numbers = max(
            profile.limits.rows * sum(math.prod(spec.shape) for spec in profile.inputs)
            for profile in profiles
        )
        self._samples: deque[tuple[Route, bytes | bytearray]] = deque(maxlen=_SAMPLES)
        self._seen = 0
        self._judges = {
            id(route): Judge(
                route.checks,
                self.modes,
                config.block_seconds,
                emit,
                closed=config.closed,
                repeating=config.repeating,
                scoring=config.scoring,
                failed=failed,
            )
            for route in self.routes.asked
            if route.checks is not None
        }

    def judge(self, route: Route) -> Judge:
        """Return who judges what is asked there."""
        return self._judges[id(route)]

    def allowed(self, route: Route, body: bytes | bytearray) -> None:
        """Keep now and then a request that was in order, to try the next policy on."""
        self._seen += 1
        if route.text:
            return  # what it is also hangs on its content type, which is not kept
        if self._seen % _EVERY <= _SAMPLES and len(body) <= _LARGEST_SAMPLE:
            self._samples.append((route, body))

    def tried(self, before: Policy) -> None:
        """Try this policy on what passed under the one before it; touches no client's state.

        Raises:
            ProfileError: a check fails, lets through what is no request, or refuses most of what
                was in order until now.
        """
        for route in self.routes.asked:
            if route.checks is not None:
                with suppress(RefusedError):
                    route.checks.verdict(b'{"no": "request", "no": "request"}')
                    raise ProfileError("the new policy lets through what is no request")
        refused = 0
        for route, body in before._samples:
            mine = self.routes.like(route)
            try:
                if mine is not None and mine.checks is not None:
                    mine.checks.verdict(body)
            except RefusedError:
                refused += 1
            except Exception as error:  # whatever it is, the old policy stays
                raise ProfileError(f"a check of the new policy fails: {error}") from error
        if refused > _REFUSED_SHARE * len(before._samples):
            raise ProfileError(
                f"the new policy refuses {refused} of {len(before._samples)} requests that were "
                "in order until now",
                hint="Restart the firewall with it if that is meant.",
            )

    def inherit(self, before: Policy) -> None:
        """Go on with what is remembered of clients."""
        for route in self.routes.asked:
            other = before.routes.like(route)
            if other is not None:
                self.judge(route).inherit(before.judge(other))
        if before.config.limit == self.config.limit:
            self.rates = before.rates
        self._samples = before._samples
