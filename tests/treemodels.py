"""Models of boosted trees as XGBoost, LightGBM and CatBoost write them, built for tests."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from tflitemodels import Number, Packed, Value, flatbuffer

Json = dict[str, Any]

# --- XGBoost --------------------------------------------------------------------------------------

NO_PARENT = (1 << 31) - 1


def tree(**changes: object) -> Json:
    """A root with two leaves."""
    made: Json = {
        "base_weights": [0.0, 0.5, -0.5],
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": [0, 0, 0],
        "id": 0,
        "left_children": [1, -1, -1],
        "loss_changes": [1.5, 0.0, 0.0],
        "parents": [NO_PARENT, 0, 0],
        "right_children": [2, -1, -1],
        "split_conditions": [0.25, 0.5, -0.5],
        "split_indices": [1, 0, 0],
        "split_type": [0, 0, 0],
        "sum_hessian": [3.0, 2.0, 1.0],
        "tree_param": {
            "num_deleted": "0",
            "num_feature": "2",
            "num_nodes": "3",
            "size_leaf_vector": "1",
        },
    }
    return made | changes


def nodes(count: object, deleted: int = 0) -> Json:
    sizes = {"num_deleted": str(deleted), "num_feature": "2", "size_leaf_vector": "1"}
    return {"tree_param": sizes | {"num_nodes": str(count)}}


def xgboost(
    *trees: Json,
    booster: Json | None = None,
    model: Json | None = None,
    param: Json | None = None,
    **learner: object,
) -> Json:
    made = list(trees or (tree(),))
    forest: Json = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(made))},
        "iteration_indptr": list(range(len(made) + 1)),
        "tree_info": [0] * len(made),
        "trees": made,
    }
    inner: Json = {"model": forest | (model or {}), "name": "gbtree"}
    return {
        "learner": {
            "attributes": {},
            "feature_names": ["a", "b"],
            "feature_types": ["float", "float"],
            "gradient_booster": inner if booster is None else booster,
            "learner_model_param": {
                "base_score": "5E-1",
                "num_class": "0",
                "num_feature": "2",
                "num_target": "1",
            }
            | (param or {}),
            "objective": {"name": "binary:logistic"},
        }
        | learner,
        "version": [3, 2, 0],
    }


def dart(drops: int) -> Json:
    gbtree = xgboost()["learner"]["gradient_booster"]
    return {"gbtree": gbtree, "name": "dart", "weight_drop": [1.0] * drops}


def linear(weights: int) -> Json:
    return {"model": {"boosted_rounds": 1, "weights": [0.5] * weights}, "name": "gblinear"}


_LONE = ("version", "tree_info", "iteration_indptr")  # arrays whose items say their type
_TYPES = {
    "default_left": "UB",
    "split_type": "UB",
    "categories_segments": "Lq",
    "categories_sizes": "Lq",
    "weights": "df",
}


def ubjson(value: object, *, typed: bool = True, key: str = "") -> bytes:
    """Encode as XGBoost does: 64-bit lengths, arrays of one type of number at once."""
    if isinstance(value, dict):
        pairs = (_name(k) + ubjson(item, typed=typed, key=k) for k, item in value.items())
        return b"{" + b"".join(pairs) + b"}"
    if isinstance(value, list):
        lone = not typed or key in _LONE or not (value or key.startswith("categories"))
        if not lone and all(isinstance(v, int | float) for v in value):
            whole = all(isinstance(v, int) for v in value)
            kind, layout = _TYPES.get(key, "li" if whole else "df")
            head = b"[$" + kind.encode() + b"#L" + struct.pack(">q", len(value))
            return head + struct.pack(f">{len(value)}{layout}", *value)
        head = b"[#L" + struct.pack(">q", len(value))
        return head + b"".join(ubjson(item, typed=typed) for item in value)
    if isinstance(value, str):
        return b"S" + _name(value)
    if value is None or isinstance(value, bool):
        return b"Z" if value is None else b"FT"[value : value + 1]
    if isinstance(value, int):
        return b"L" + struct.pack(">q", value)
    assert isinstance(value, float)
    return b"d" + struct.pack(">f", value)


def _name(text: str) -> bytes:
    data = text.encode()
    return b"L" + struct.pack(">q", len(data)) + data


# --- LightGBM -------------------------------------------------------------------------------------

TREE: Mapping[str, str] = {
    "num_leaves": "3",
    "num_cat": "0",
    "split_feature": "1 0",
    "split_gain": "2 1",
    "threshold": "0.5 0.25",
    "decision_type": "2 2",
    "left_child": "1 -1",
    "right_child": "-2 -3",
    "leaf_value": "0.5 -0.5 0.25",
    "leaf_weight": "1 1 1",
    "leaf_count": "1 1 1",
    "is_linear": "0",
    "shrinkage": "0.1",
}
CATEGORIES = {
    "num_cat": "1",
    "threshold": "0 0.25",
    "decision_type": "1 2",
    "cat_boundaries": "0 2",
    "cat_threshold": "5 9",
}
LINEAR = {
    "is_linear": "1",
    "num_features": "1 0 1",
    "leaf_features": "0 1",
    "leaf_coeff": "0.5 0.5",
}
HEADER: Mapping[str, str] = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "max_feature_idx": "1",
    "objective": "binary sigmoid:1",
    "feature_names": "a b",
    "feature_infos": "[0:1] [0:1]",
}
PARAMETERS = {"boosting": "gbdt", "data": ""}


def lightgbm(
    *trees: Mapping[str, str],
    header: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    end: str = "\nend of trees\n\nfeature_importances:\na=1\nb=1\n",
    behind: str = "\npandas_categorical:null\n",
) -> bytes:
    blocks = [
        f"Tree={index}\n" + "".join(f"{k}={v}\n" for k, v in (TREE | dict(made)).items()) + "\n\n"
        for index, made in enumerate(trees or ({},))
    ]
    sizes = {"tree_sizes": " ".join(str(len(block)) for block in blocks)}
    head = dict(HEADER) | sizes | dict(header or {})
    told = PARAMETERS | dict(parameters or {})
    settings = "".join(f"[{key}: {value}]\n" for key, value in told.items())
    text = "tree\n" + "".join(f"{k}={v}\n" for k, v in head.items() if v) + "\n" + "".join(blocks)
    return f"{text}{end}\nparameters:\n{settings}\nend of parameters\n{behind}".encode()


def dump(feature: int = 0) -> Json:
    leaf = {"leaf_index": 0, "leaf_value": 0.5}
    root = {"split_feature": feature, "threshold": 0.5, "left_child": leaf, "right_child": leaf}
    return {
        "name": "tree",
        "version": "v4",
        "max_feature_idx": 1,
        "objective": "binary",
        "tree_info": [{"tree_index": 0, "num_leaves": 2, "tree_structure": root}],
    }


# --- CatBoost -------------------------------------------------------------------------------------

ABOUT = "Git info:\n    Branch: tags/v1.2.10\n"


def catboost(
    behind: bytes = b"", parts: tuple[str, ...] = (), about: str = ABOUT, **changes: object
) -> bytes:
    """Two symmetric trees, of two levels and of one, over two features with two borders each."""
    told: dict[str, object] = {
        "dimension": 1,
        "splits": [0, 3, 1],
        "sizes": [2, 1],
        "starts": [0, 2],
        "leaves": [0.5] * 6,
        "steps": [],
        "ends": [],
        "packed": [0x01000000, 0x02000001, 0x02000000],
    } | changes

    def feature(index: int) -> dict[int, Value]:
        return {1: Number("<i", index), 2: Number("<i", index), 3: Packed("<f", [0.25, 0.75])}

    def numbers(name: str, layout: str = "<i") -> Packed:
        return Packed(layout, told[name])  # type: ignore[arg-type]

    forest: dict[int, Value] = {
        0: Number("<i", int(str(told["dimension"]))),
        1: numbers("splits"),
        2: numbers("sizes"),
        3: numbers("starts"),
        5: [feature(0), feature(1)],
        8: numbers("leaves", "<d"),
        10: numbers("steps", "<I"),
        11: numbers("ends", "<I"),
        17: numbers("packed", "<I"),
    }
    info: list[dict[int, Value]] = [{0: "catboost_version_info", 1: about}]
    core = flatbuffer({0: "FlabuffersModel_v1", 1: forest, 2: info, 3: list(parts)}, b"")
    return b"CBM1" + struct.pack("<I", len(core)) + core + behind


# A root that goes on to two leaves, the steps behind it.
LEAFWISE: dict[str, object] = {
    "splits": [0, 0, 0],
    "sizes": [3],
    "starts": [0],
    "leaves": [0.5, -0.5],
    "steps": [0x00020001, 0, 0],
    "ends": [0xFFFFFFFF, 0, 1],
    "packed": [],
}


def counters(count: int = 1, size: int | None = None) -> bytes:
    table = flatbuffer({1: bytes(16), 2: bytes(8)}, b"")
    return struct.pack("<II", count, len(table) if size is None else size) + table


FLOAT = {
    "borders": [0.5],
    "feature_index": 0,
    "flat_feature_index": 0,
    "has_nans": False,
    "nan_value_treatment": "AsIs",
}


def catboost_json(feature: int = 0, leaves: int = 2) -> Json:
    split = {
        "border": 0.5,
        "float_feature_index": feature,
        "split_index": 0,
        "split_type": "FloatFeature",
    }
    return {
        "features_info": {"float_features": [dict(FLOAT)]},
        "model_info": {"catboost_version_info": ABOUT},
        "oblivious_trees": [{"leaf_values": [0.5] * leaves, "splits": [split]}],
        "scale_and_bias": [1, [0]],
    }


def catboost_leafwise(feature: int = 0) -> Json:
    model = catboost_json()
    del model["oblivious_trees"]
    split = {
        "border": 0.5,
        "float_feature_index": feature,
        "split_index": 0,
        "split_type": "FloatFeature",
    }
    leaf = {"value": 0.5, "weight": 1}
    return model | {"trees": [{"left": leaf, "right": leaf, "split": split}]}


def text(value: object) -> bytes:
    return json.dumps(value).encode()
