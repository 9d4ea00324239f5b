"""The wire forms of model servers: arrays → request bodies, answer bodies → arrays. No sockets.

One module a protocol – `oip`, `mlflow`, `tf_serving`, `torchserve`, `openai` – each with `route`,
`encode`, `decode` and `complaint`. What they say of each other stands in `tensors`; everything that
comes from a server is hostile until it has been checked there.
"""

from modelwarden.protocols.tensors import Tensor, WireError

__all__ = ["Tensor", "WireError"]
