"""Bounds on what one file may cost."""

from dataclasses import fields

import pytest

from modelwarden.formats import LimitExceededError, Limits


def test_fresh_limits_are_the_same_with_nothing_spent():
    given = {one.name: n for n, one in enumerate(fields(Limits), 7) if one.init}
    limits = Limits(**given | {"_account": Limits()._account})
    limits.spend(operations=limits.operations)

    fresh = limits.fresh()

    assert fresh == limits
    assert {name: getattr(fresh, name) for name in given if name != "_account"} == {
        name: value for name, value in given.items() if name != "_account"
    }
    fresh.spend(operations=1)
    with pytest.raises(LimitExceededError):
        limits.spend(operations=1)
