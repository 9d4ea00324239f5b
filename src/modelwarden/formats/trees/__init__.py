"""Models of decision trees: XGBoost, LightGBM, CatBoost."""
