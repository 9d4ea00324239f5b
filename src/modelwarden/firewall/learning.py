"""What a model answers on the day its profile is made: to probes, and to rows like any others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwarden.core import InputError
from modelwarden.detectors.answering import described, version_in
from modelwarden.detectors.asking import post
from modelwarden.detectors.coding import counts_of
from modelwarden.detectors.probes import Golden, Probes, answers_in
from modelwarden.detectors.profile import Profile
from modelwarden.protocols.tensors import WireError

ROWS = 500
_BATCH = 50
_MOST_CALLS = 200

Values = Mapping[str, npt.NDArray[Any]]


class UpstreamError(InputError):
    """A model's server that does not answer what its profile would ask."""

    hint = "Look at --upstream, --meta and the server's log, or leave --upstream out."


def learnt(
    profile: Profile, probes: Probes | None, values: Values, url: str, seed: int
) -> tuple[Profile, Probes | None]:
    """Return both with what the server at `url` answers.

    Raises:
        UpstreamError: it does not answer, or not in its protocol.
    """
    if probes is None:
        raise UpstreamError(
            f"the model {profile.name!r} cannot be asked: its input has no name, or its protocol"
            " is not one that is asked"
        )
    secret = Golden(profile, probes)
    for _ in range(_MOST_CALLS):
        if secret.learnt:
            break
        asked = secret.next()
        body = _asked(profile, secret, secret.body(asked), url)
        try:
            secret.heard(asked, body)
        except WireError as error:
            raise UpstreamError(
                f"{url} does not answer as its protocol has it: {error.message}"
            ) from (error)
    return _mix(profile, probes, values, url, seed), secret.probes


def _asked(profile: Profile, secret: Golden, body: bytes, url: str) -> bytes:
    status, answer = post(url, secret.path, body)
    if status == 0:
        raise UpstreamError(f"no model answers at {url}")
    if status != 200:
        raise UpstreamError(f"{url}{secret.path} answers {status} for {profile.name!r}")
    return answer


def _mix(profile: Profile, probes: Probes, values: Values, url: str, seed: int) -> Profile:
    """Return the profile with how answers to the reference are spread, and their version."""
    rows = len(next(iter(values.values())))
    chosen = np.random.default_rng(seed).permutation(rows)[:ROWS]
    own = replace(
        probes,
        columns={name: column[chosen].tolist() for name, column in values.items()},
        answers=(),
    )
    try:
        asking = Golden(profile, own)
        found = []
        version = profile.model_version
        for start in range(0, len(chosen), _BATCH):
            asked = range(start, min(start + _BATCH, len(chosen)))
            body = _asked(profile, asking, asking.body(asked), url)
            found += answers_in(profile.protocol, body, len(asked))
            version = version or version_in(profile.protocol, body) or ""
    except WireError:  # rows that miss values have no form in some protocols
        return profile
    inputs, said = described(found)
    return replace(
        profile, answer_inputs=inputs, answers=counts_of(inputs, said), model_version=version
    )


__all__ = ["UpstreamError", "learnt"]
