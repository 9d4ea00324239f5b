"""The sandbox is tested where the kernel can confine; elsewhere that is said."""

import os
import sys

import pytest


@pytest.fixture(autouse=True, scope="session")
def _kernel_that_confines() -> None:
    reason = None
    if not sys.platform.startswith("linux"):
        reason = f"the sandbox is for Linux, this is {sys.platform}"
    else:
        from modelwarden.sandbox import landlock

        if landlock.abi() == 0:
            reason = "this kernel has no Landlock (or the container hides it)"
    if reason and os.environ.get("MODELWARDEN_REQUIRE_TOOLS") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
