"""Which paths lead to a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firewall.profiles import tensor
from modelwarden.firewall.routes import Routes

PATHS = {
    "oip-v2": "/v2/models/m/versions/{}/infer",
    "tf-serving": "/v1/models/m/versions/{}:predict",
    "torchserve": "/predictions/m/{}",
}


@pytest.mark.parametrize("protocol", PATHS)
def test_only_the_version_of_the_profile_is_asked(protocol):
    path = PATHS[protocol]
    known, any_ = tensor(protocol, version="3"), tensor(protocol)
    bare = path.replace("/versions", "").replace("/{}", "")
    for routes, others in ((Routes([known]), False), (Routes([any_]), True)):
        assert routes.of("POST", path.format(3)) is not None
        assert routes.of("POST", bare) is not None
        assert (routes.of("POST", path.format(2)) is not None) is others
        assert (routes.of("POST", path.format(33)) is not None) is others


def test_a_version_is_no_pattern():
    routes = Routes([replace(tensor(), model_version="1.0")])

    assert routes.of("POST", PATHS["oip-v2"].format("1.0")) is not None
    assert routes.of("POST", PATHS["oip-v2"].format("1x0")) is None
