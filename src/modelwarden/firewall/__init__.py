"""What stands between clients and a model: is a request malformed, abnormal, part of an attack?

`build` makes a profile of what is normal, `checks` judges one request by it, `clients` what a
client does over time; `decide` puts them together. Only `proxy` and `pool` open sockets.
"""

from modelwarden.firewall.build import (
    Meta,
    meta_of,
    profile_of,
    reference_of,
    values_of,
)
from modelwarden.firewall.checks import Checks, Verdict
from modelwarden.firewall.errors import ProfileError, Reason, RefusedError
from modelwarden.firewall.json_form import Wanted, wanted_in
from modelwarden.firewall.profile import Profile, Protocol, dumped, load
from modelwarden.firewall.searches.clients import Alarm, Clients, Pattern
from modelwarden.firewall.triggers import triggers_of

__all__ = [
    "Alarm",
    "Checks",
    "Clients",
    "Meta",
    "Pattern",
    "Profile",
    "ProfileError",
    "Protocol",
    "Reason",
    "RefusedError",
    "Verdict",
    "Wanted",
    "dumped",
    "load",
    "meta_of",
    "profile_of",
    "reference_of",
    "triggers_of",
    "values_of",
    "wanted_in",
]
