"""XGBoost, LightGBM and CatBoost: their models restore themselves from bytes, without calls."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "xgboost.core xgboost.data xgboost",
        "DataSplitMode",
        "an enumeration",
    ),
    Allow(
        "xgboost._data_utils xgboost.core",
        "Categories",
        "names of categories",
    ),
    Allow(
        "lightgbm.basic",
        "_MulticlassNumClasses",
        "a setting",
    ),
)
