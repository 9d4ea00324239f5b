"""Functions of the allow-lists that hand out an object which exists already.

Calling them is harmless. Restoring a state in the result, or setting items in it, is not: that
changes the object for everybody who uses it, as changing something imported does.
"""

from __future__ import annotations

from modelwarden.artifacts.known.names import words

_SHARED = {
    (module, name)
    for modules, names in (
        ("builtins", "type getattr"),
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
