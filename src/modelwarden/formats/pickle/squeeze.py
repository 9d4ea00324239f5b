"""Making room: what was built is summed up when it grows, so that memory stays bounded.

Only what would be shown or digested is lost, and it says so; what a value *is* (a list, the
result of which call) is kept, because that decides what later opcodes do.
"""

from __future__ import annotations

from typing import Final

from modelwarden.formats.pickle.values import (
    ANY_DICT,
    ANY_LIST,
    ANY_TUPLE,
    DROPPED,
    Call,
    Global,
    Items,
    Persistent,
    Summary,
)

CONTAINER_OPCODES: Final = (b"\x85", b"\x86", b"\x87", b"t", b")", b"]", b"}", b"R")
_PLAIN: Final = frozenset({int, float, str, bytes, bool, type(None), Summary})
_SUMMARIES: Final[dict[type, Summary]] = {list: ANY_LIST, dict: ANY_DICT}
_HOLDING: Final = frozenset({list, dict, Items, Call, Persistent})
SMALL = 64
DEEP = 1 << 16
CROWDED = 1 << 19
_NUMBERS: Final = frozenset({int, float, bytes})
HOOKS: Final = frozenset({"__setstate__", "append", "extend", "add", "__setitem__"})
# Methods that classes of libraries call on themselves when they are restored, compared or dropped,
# or when their slots are set.
# A state that has a callable under such a name has it called: nothing that is saved is named so.
SHADOWS: Final = frozenset(
    "_assign_modules_buffers _attach_methods _build_debug_param_to_name_mapping _build_f "
    "_build_params_for_reducer _check_device _check_super_called _clear_feature_hooks "
    "_convert_mask _ddp_init_helper _deserialize_model _detach_hooks _free _free_handle "
    "_init_fns _init_rpc _initialize _initialize_tracker "
    "_load_container_from_state _load_from_string _passing_sync_batchnorm_handle "
    "_patch_step_function _post_init _post_setstate _raise_if_frozen _register_feature_hooks "
    "_remove_feature_hooks _replace_old_cache_name "
    "_set_test_evals _set_trained_model_attributes _setattr_hook _setup_normalizer "
    "_shutdown_workers _stop_locked compute_clips compute_clips_for_video deregister_handle "
    "detach_hook free_network profile_hook_step register_to_config set_weight_bias".split()
)
# The same, where a saved object may stand under the name: functions alone count.
COMMON_SHADOWS: Final = frozenset(
    "_calculate_hashvalue _cleanup _cmp _compare _display _equal _get_token _items _keys _reset "
    "_stop as_integer_ratio close detach disable dst edges free freeze fromutc get items join keys "
    "nodes prob release remove replace set_ shutdown stop teardown terminate tobytes tzname "
    "unregister utcoffset values".split()
)
# Likewise every name of Python's machinery (`__array__`), but for these, which only tell.
KEPT_SPECIAL: Final = frozenset(
    "__class__ __func__ __module__ __objclass__ __orig_class__ __origin__ __self__ __type__ "
    "__wrapped__".split()
)
TOLD: Final = HOOKS | SHADOWS | COMMON_SHADOWS


def squeeze(stack: list[object], memoised: list[object]) -> None:
    """Sum up every container on the stack or in the memo that holds more than a few values."""
    for values in (stack, memoised):
        deep, crowded = len(values) > DEEP, len(values) > CROWDED
        for index, value in enumerate(values):
            kind = type(value)
            if kind in _PLAIN:
                if crowded and kind in _NUMBERS:
                    values[index] = DROPPED
                continue
            if kind is tuple:
                if value and (deep or _large(value)):
                    values[index] = ANY_TUPLE
            elif deep and kind in _SUMMARIES:
                values[index] = _SUMMARIES[kind]
            elif kind in _HOLDING and (deep or _large(value)):
                _empty(value)


def keep_telling(value: dict[int, list[object]], pieces: list[object]) -> None:
    """Keep of a dict that is large already only what could be called later."""
    for key, item in zip(pieces[::2], pieces[1::2], strict=False):
        hook = isinstance(key, str) and key in TOLD
        if hook or (isinstance(item, Global) and len(value) < SMALL):
            value[len(value)] = [key, item]
    if DROPPED not in value[0]:
        value[0] += [DROPPED, DROPPED]


def _large(value: object) -> bool:
    """Tell whether more than `SMALL` values hang on this one."""
    left = SMALL
    work = [value]
    while work and left > 0:
        left -= 1
        item = work.pop()
        if isinstance(item, tuple | list):
            work += item[: SMALL + 1]
        elif isinstance(item, Items):
            work += item.items[: SMALL + 1]
        elif isinstance(item, dict):
            work += [part for piece in list(item.values())[:4] for part in piece[: SMALL + 1]]
        elif isinstance(item, Call):
            work += [item.callee, item.args, item.state]
        elif isinstance(item, Persistent):
            work.append(item.pid)
    return bool(work)


def _empty(value: object) -> None:
    if isinstance(value, list):
        value[:] = [DROPPED]
    elif isinstance(value, Items):
        value.items[:] = [DROPPED]
    elif isinstance(value, dict):
        flat = [part for piece in value.values() for part in piece]
        value.clear()
        value[0] = [DROPPED, DROPPED]
        keep_telling(value, flat)
    elif isinstance(value, Call):
        value.args, value.kwargs, value.state = ANY_TUPLE, None, None
        value.callee = value.root
    elif isinstance(value, Persistent):
        value.pid = DROPPED
