"""Which producers are packages that loading needs, in the version that the file names.

A library that wrote a file is not always one that reads it: an exporter to ONNX is not needed for
the model. Torch's archives and LightGBM's text do not say which version wrote them.
"""

NEEDED = frozenset(
    "catboost diffusers keras lightning mlflow peft pytorch-lightning scikit-learn "
    "sentence-transformers skops spacy spark-nlp tensorflow tokenizers transformers xgboost".split()
)
