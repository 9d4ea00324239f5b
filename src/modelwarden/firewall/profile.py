"""The profile of a model, as this room names it; `detectors.profile` has the form of the file."""

from __future__ import annotations

from modelwarden.detectors.profile import (
    SCHEMA,
    Counts,
    Form,
    Input,
    Kind,
    Limits,
    Normal,
    Order,
    Profile,
    ProfileError,
    Protocol,
    TextNormal,
    Watched,
    dumped,
    load,
)

__all__ = [
    "SCHEMA",
    "Counts",
    "Form",
    "Input",
    "Kind",
    "Limits",
    "Normal",
    "Order",
    "Profile",
    "ProfileError",
    "Protocol",
    "TextNormal",
    "Watched",
    "dumped",
    "load",
]
