"""What can go wrong with signatures."""

from __future__ import annotations

from modelwarden.core import InputError, ModelwardenError


class BrokenBundleError(InputError):
    """A file that is no signature bundle of a kind that is read here."""

    hint = "Give a bundle that `modelwarden sign` or the model-signing package wrote."


class KeyFileError(InputError):
    """A key or certificate file that cannot be used."""

    hint = "Keys are PEM files on the curves P-256, P-384 or P-521; docs/sign.md shows how."


class UnsignableError(InputError):
    """A model that cannot be signed as it stands."""

    hint = "Sign what is plain files and folders; see docs/sign.md."


class NotVerifiedError(ModelwardenError):
    """A signature that does not hold: never an input error, always a failed check."""

    hint = "Do not use the model; get it again from its publisher."
