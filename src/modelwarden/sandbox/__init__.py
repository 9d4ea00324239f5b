"""A confined process for code that nobody trusts: the kernel decides and observes.

The parent works out what may be left to the worker, the worker has the kernel enforce it on
itself before it sees anything of the model, and the parent hears what the kernel reports.
"""

from modelwarden.sandbox.attempts import Attempt
from modelwarden.sandbox.devices import cards
from modelwarden.sandbox.order import SandboxLimits, readable_files
from modelwarden.sandbox.process import ModelError, Tier, Worker, WorkerError

__all__ = [
    "Attempt",
    "ModelError",
    "SandboxLimits",
    "Tier",
    "Worker",
    "WorkerError",
    "cards",
    "readable_files",
]
