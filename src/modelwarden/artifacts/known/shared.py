"""Functions of the allow-lists that hand out an object which exists already.

Calling them is harmless. Restoring a state in the result, or setting items in it, is not: that
changes the object for everybody who uses it, as changing something imported does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.artifacts.known.judgement import Judgement, ruling
from modelwarden.artifacts.known.names import words
from modelwarden.core import UseKind

if TYPE_CHECKING:
    from modelwarden.formats.pickle.uses import Use

DTYPE = ("numpy", "dtype")
_SHARED = {
    (module, name)
    for modules, names in (
        ("builtins", "type getattr"),
        ("formulaic.utils.sentinels", "Sentinel"),
        ("formulaic.utils.variables", "Variable.Role"),
        ("gensim.utils", "identity"),
        ("http", "HTTPStatus HTTPMethod"),
        ("inspect", "_ParameterKind"),
        ("lifelines.utils", "CensoringType"),
        ("logging", "getLogger"),
        ("numpy.core", "_ufunc_reconstruct"),
        ("plistlib", "PlistFormat"),
        ("pytz", "_UTC _p timezone FixedOffset"),
        ("pytz.tzinfo", "unpickler"),
        ("re", "RegexFlag"),
        ("calendar", "Month Day"),
        ("signal", "Signals Handlers Sigmasks"),
        ("sktime.datatypes._dtypekind", "DtypeKind"),
        ("socket", "AddressFamily SocketKind MsgFlag AddressInfo"),
        ("ssl", "TLSVersion VerifyMode VerifyFlags Options Purpose"),
        ("tensorflow.python.framework.dtypes", "as_dtype"),
        ("torch.serialization", "_get_layout"),
        ("uuid", "SafeUUID"),
        ("xgboost.core xgboost.data xgboost", "DataSplitMode"),
        ("zoneinfo", "ZoneInfo ZoneInfo._unpickle"),
    )
    for module in modules.split()
    for name in words(names)
}


def is_shared(names: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether a call of the thing that has these spellings gives an object that exists."""
    return not _SHARED.isdisjoint(names)


def lends(use: Use, names: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether a call of `numpy.dtype` may give a type that a library holds.

    It does for what is one already, unless its third argument asks for a copy, as in all that
    NumPy writes. Types of single numbers cannot be changed.
    """
    if DTYPE not in names or use.kind is UseKind.REFERENCED:
        return False
    if use.skipped or not use.arguments:
        return True
    first, *more = use.arguments
    if not first.module or (len(more) > 1 and more[1].true):
        return False
    numbers = ruling(first.module, first.name, UseKind.CONSTRUCTED).judgement
    return first.made_at is not None or numbers is not Judgement.HARMLESS
