"""What honest pickles call of statsmodels: its compiled state-space classes."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import Allow

_KINDS = " ".join(
    f"{kind}{name}"
    for kind in "sdcz"
    for name in (
        "Initialization",
        "Statespace",
        "KalmanFilter",
        "KalmanSmoother",
        "SimulationSmoother",
    )
)

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "statsmodels.tsa.statespace._initialization statsmodels.tsa.statespace._representation "
        "statsmodels.tsa.statespace._kalman_filter statsmodels.tsa.statespace._kalman_smoother "
        "statsmodels.tsa.statespace._simulation_smoother",
        _KINDS,
        "a compiled filter that holds arrays",
    ),
)
