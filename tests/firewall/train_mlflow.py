"""Save a model of plain columns and of texts, as an MLflow user's own script would.

PYTHON train_mlflow.py FOLDER, with a Python that has mlflow and scikit-learn.
"""

import sys

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

folder = sys.argv[1]
rng = np.random.default_rng(0)
words = np.array("good bad late warm cold kind food staff".split())
frame = pd.DataFrame(
    {
        "age": rng.integers(18, 80, 300).astype(float),
        "text": [" ".join(rng.choice(words, 6)) for _ in range(300)],
    }
)
told = (frame["age"] > 40) ^ frame["text"].str.contains("good")
model = make_pipeline(
    ColumnTransformer(
        [("age", "passthrough", ["age"]), ("text", HashingVectorizer(n_features=64), "text")]
    ),
    LogisticRegression(max_iter=500),
)
model.fit(frame, told.astype(int))
signature = infer_signature(frame, model.predict(frame))
mlflow.sklearn.save_model(model, folder, signature=signature, pip_requirements=["scikit-learn"])
