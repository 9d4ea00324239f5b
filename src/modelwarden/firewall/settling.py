"""What calls that wait for it share: the rate of a client, and a decision that is recorded."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwarden.firewall.decide import Decision
    from modelwarden.firewall.policy import Policy
    from modelwarden.firewall.proxy import Proxy
    from modelwarden.firewall.routes import Route


async def shared_wait(proxy: Proxy, policy: Policy, client: str) -> float | None:
    """Return how long a client would have to wait; None where each firewall limits by itself."""
    shared, limit = proxy.shared_rates, policy.config.limit
    if shared is None or limit is None or limit.redis is None:
        return None
    told: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
    shared.ask(client, limit, functools.partial(_tell, told))
    return await told


async def settled(
    proxy: Proxy,
    policy: Policy,
    route: Route | None,
    decision: Decision,
    client: str,
    request_id: str | None,
) -> bool:
    """Count a decision and record it; return whether it could be."""
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    proxy.settle(policy, route, decision, client, request_id, functools.partial(_tell, told))
    return await told


def _tell(future: asyncio.Future[Any], value: object) -> None:
    if not future.done():  # the client may have left
        future.set_result(value)
