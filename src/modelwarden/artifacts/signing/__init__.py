"""Signatures over model files in the OpenSSF model signing format, made and checked offline."""

from modelwarden.artifacts.signing.sign import sign
from modelwarden.artifacts.signing.verify import Check, verify

__all__ = ["Check", "sign", "verify"]
