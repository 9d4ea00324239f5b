"""Tensors of a model file in a format that runs no code, without running any on the way."""

from modelwarden.convert.errors import ConvertError, UnequalError
from modelwarden.convert.run import Converted, convert

__all__ = ["ConvertError", "Converted", "UnequalError", "convert"]
