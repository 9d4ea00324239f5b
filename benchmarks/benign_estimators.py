"""The scikit-learn part of `benign_files.py`: estimators of every family, fitted on small data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benign_files import Writer

WORDS = ["the cat sat", "a dog ran", "the dog sat", "a cat ran far", "birds fly", "fish swim"] * 10


# Where the class lives, its name, and arguments; the data it is fitted on is told by the family.
TABULAR: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("linear_model", "LinearRegression", {}),
    ("linear_model", "Ridge", {}),
    ("linear_model", "RidgeCV", {}),
    ("linear_model", "Lasso", {}),
    ("linear_model", "ElasticNetCV", {"cv": 3}),
    ("linear_model", "LogisticRegression", {}),
    ("linear_model", "LogisticRegressionCV", {"cv": 3}),
    ("linear_model", "SGDClassifier", {"loss": "log_loss"}),
    ("linear_model", "SGDRegressor", {}),
    ("linear_model", "Perceptron", {}),
    ("linear_model", "PassiveAggressiveClassifier", {}),
    ("linear_model", "HuberRegressor", {}),
    ("linear_model", "BayesianRidge", {}),
    ("linear_model", "PoissonRegressor", {}),
    ("linear_model", "TweedieRegressor", {}),
    ("linear_model", "RANSACRegressor", {}),
    ("tree", "DecisionTreeClassifier", {}),
    ("tree", "DecisionTreeRegressor", {}),
    ("tree", "ExtraTreeClassifier", {}),
    ("ensemble", "RandomForestClassifier", {"n_estimators": 3}),
    ("ensemble", "RandomForestRegressor", {"n_estimators": 3}),
    ("ensemble", "ExtraTreesClassifier", {"n_estimators": 3}),
    ("ensemble", "GradientBoostingClassifier", {"n_estimators": 3}),
    ("ensemble", "GradientBoostingRegressor", {"n_estimators": 3, "loss": "huber"}),
    ("ensemble", "HistGradientBoostingClassifier", {"max_iter": 3}),
    ("ensemble", "HistGradientBoostingRegressor", {"max_iter": 3, "loss": "poisson"}),
    ("ensemble", "AdaBoostClassifier", {"n_estimators": 3}),
    ("ensemble", "AdaBoostRegressor", {"n_estimators": 3}),
    ("ensemble", "BaggingClassifier", {"n_estimators": 3}),
    ("ensemble", "IsolationForest", {"n_estimators": 3}),
    ("svm", "SVC", {"probability": True}),
    ("svm", "LinearSVC", {}),
    ("svm", "SVR", {}),
    ("svm", "NuSVC", {}),
    ("svm", "OneClassSVM", {}),
    ("neighbors", "KNeighborsClassifier", {"algorithm": "kd_tree"}),
    ("neighbors", "KNeighborsRegressor", {"algorithm": "ball_tree"}),
    ("neighbors", "KNeighborsClassifier", {"algorithm": "brute", "metric": "manhattan"}),
    ("neighbors", "RadiusNeighborsClassifier", {"radius": 9.0}),
    ("neighbors", "NearestNeighbors", {"metric": "minkowski", "p": 3}),
    ("neighbors", "NearestCentroid", {}),
    ("neighbors", "KernelDensity", {}),
    ("neighbors", "LocalOutlierFactor", {"novelty": True}),
    ("gaussian_process", "GaussianProcessRegressor", {}),
    ("gaussian_process", "GaussianProcessClassifier", {}),
    ("neural_network", "MLPClassifier", {"max_iter": 5}),
    ("neural_network", "MLPRegressor", {"max_iter": 5, "solver": "sgd"}),
    ("neural_network", "BernoulliRBM", {"n_iter": 2}),
    ("naive_bayes", "GaussianNB", {}),
    ("naive_bayes", "BernoulliNB", {}),
    ("discriminant_analysis", "LinearDiscriminantAnalysis", {}),
    ("discriminant_analysis", "QuadraticDiscriminantAnalysis", {}),
    ("cluster", "KMeans", {"n_clusters": 3}),
    ("cluster", "MiniBatchKMeans", {"n_clusters": 3}),
    ("cluster", "DBSCAN", {}),
    ("cluster", "AgglomerativeClustering", {}),
    ("cluster", "Birch", {}),
    ("cluster", "MeanShift", {}),
    ("cluster", "SpectralClustering", {"n_clusters": 2}),
    ("cluster", "HDBSCAN", {}),
    ("decomposition", "PCA", {}),
    ("decomposition", "TruncatedSVD", {}),
    ("decomposition", "FastICA", {}),
    ("decomposition", "KernelPCA", {"kernel": "rbf"}),
    ("decomposition", "IncrementalPCA", {}),
    ("decomposition", "DictionaryLearning", {"max_iter": 2}),
    ("manifold", "TSNE", {"perplexity": 5}),
    ("manifold", "Isomap", {}),
    ("mixture", "GaussianMixture", {"n_components": 2}),
    ("mixture", "BayesianGaussianMixture", {"n_components": 2}),
    ("covariance", "EllipticEnvelope", {}),
    ("covariance", "LedoitWolf", {}),
    ("preprocessing", "StandardScaler", {}),
    ("preprocessing", "MinMaxScaler", {}),
    ("preprocessing", "RobustScaler", {}),
    ("preprocessing", "QuantileTransformer", {"n_quantiles": 10}),
    ("preprocessing", "PowerTransformer", {}),
    ("preprocessing", "PolynomialFeatures", {}),
    ("preprocessing", "SplineTransformer", {}),
    ("preprocessing", "KBinsDiscretizer", {}),
    ("preprocessing", "OneHotEncoder", {}),
    ("preprocessing", "OrdinalEncoder", {}),
    ("preprocessing", "Binarizer", {}),
    ("preprocessing", "Normalizer", {}),
    ("impute", "SimpleImputer", {}),
    ("impute", "KNNImputer", {}),
    ("feature_selection", "SelectKBest", {"k": 2}),
    ("feature_selection", "VarianceThreshold", {}),
    ("kernel_approximation", "RBFSampler", {}),
    ("kernel_approximation", "Nystroem", {}),
    ("random_projection", "GaussianRandomProjection", {"n_components": 2}),
    ("isotonic", "IsotonicRegression", {}),
    ("kernel_ridge", "KernelRidge", {}),
    ("cross_decomposition", "PLSRegression", {}),
    ("dummy", "DummyClassifier", {}),
)


def write_sklearn(writer: Writer) -> None:
    """Every estimator of the table, the text and label tools, and composed pipelines."""
    from importlib import import_module

    for place, name, arguments in TABULAR:
        try:
            made = getattr(import_module(f"sklearn.{place}"), name)(**arguments)
            fitted = fit(made, one_column=name == "IsotonicRegression")
        except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
            writer.failed.append(f"{name}: {type(error).__name__}: {str(error)[:100]}")
            continue
        label = "_".join([name, *(str(v) for v in arguments.values() if isinstance(v, str))])
        writer.pickled("scikit-learn", label, fitted, 2, 4)
    for makers in (text_tools, composed):
        made_so_far = makers()
        while True:
            try:
                label, fitted = next(made_so_far)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
                writer.failed.append(
                    f"{makers.__name__}: {type(error).__name__}: {str(error)[:100]}"
                )
                break
            writer.pickled("scikit-learn", label, fitted, 2, 4, 5)


def fit(estimator: object, *, one_column: bool = False) -> object:
    """Fit on 60 rows of three positive features."""
    import numpy as np

    rng = np.random.RandomState(1)
    x = np.abs(rng.normal(size=(60, 3)))
    y = (x[:, 0] > x[:, 1]).astype(int)
    return estimator.fit(x[:, 0] if one_column else x, y)


def text_tools() -> Iterator[tuple[str, object]]:
    from sklearn.decomposition import NMF, LatentDirichletAllocation
    from sklearn.feature_extraction import DictVectorizer, FeatureHasher, text
    from sklearn.naive_bayes import ComplementNB, MultinomialNB
    from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer

    labels = [i % 2 for i in range(len(WORDS))]
    counts = text.CountVectorizer().fit(WORDS)
    yield "CountVectorizer", counts
    yield "CountVectorizer_words", text.CountVectorizer(stop_words="english").fit(WORDS)
    yield "TfidfVectorizer_char", text.TfidfVectorizer(analyzer="char_wb").fit(WORDS)
    yield "TfidfVectorizer", text.TfidfVectorizer().fit(WORDS)
    yield "HashingVectorizer", text.HashingVectorizer(n_features=64)
    yield "MultinomialNB", MultinomialNB().fit(counts.transform(WORDS), labels)
    yield "ComplementNB", ComplementNB().fit(counts.transform(WORDS), labels)
    yield "LDA", LatentDirichletAllocation(2, max_iter=2).fit(counts.transform(WORDS))
    yield "NMF", NMF(2, max_iter=5).fit(counts.transform(WORDS))
    yield "DictVectorizer", DictVectorizer().fit([{"a": 1}, {"b": "x"}])
    yield "FeatureHasher", FeatureHasher(8)
    yield "LabelEncoder", LabelEncoder().fit(["a", "b"])
    yield "LabelBinarizer", LabelBinarizer().fit(["a", "b", "c"])
    yield "MultiLabelBinarizer", MultiLabelBinarizer().fit([("a",), ("b", "c")])


def composed() -> Iterator[tuple[str, object]]:
    import functools

    import numpy as np
    import pandas as pd
    from sklearn import (
        calibration,
        compose,
        ensemble,
        feature_selection,
        linear_model,
        model_selection,
        multiclass,
        multioutput,
        pipeline,
        preprocessing,
        svm,
    )
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels
    from sklearn.metrics import make_scorer, mean_squared_error
    from sklearn.tree import DecisionTreeClassifier

    steps = pipeline.make_pipeline
    scaler, logistic = preprocessing.StandardScaler, linear_model.LogisticRegression
    yield "Pipeline", fit(steps(scaler(), logistic()))
    yield "Pipeline_svc", fit(steps(scaler(), svm.SVC()))
    labels = [i % 2 for i in range(len(WORDS))]
    yield "Pipeline_text", steps(TfidfVectorizer(), logistic()).fit(WORDS, labels)
    yield "FunctionTransformer", fit(preprocessing.FunctionTransformer(np.log1p))
    yield (
        "FunctionTransformer_partial",
        fit(preprocessing.FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1))),
    )
    frame = pd.DataFrame({"n": range(20), "c": list("ab") * 10, "m": [1.0, None] * 10})
    columns = compose.ColumnTransformer(
        [("n", scaler(), ["n"]), ("c", preprocessing.OneHotEncoder(), ["c"])],
        remainder="passthrough",
    )
    yield "ColumnTransformer", columns.fit(frame)
    forest = ensemble.RandomForestClassifier(3, random_state=0)
    yield (
        "ColumnTransformer_pipeline",
        steps(
            compose.make_column_transformer(
                (scaler(), compose.make_column_selector(dtype_include="number")),
                (preprocessing.OneHotEncoder(), ["c"]),
            ),
            ensemble.GradientBoostingClassifier(n_estimators=2),
        ).fit(frame[["n", "c"]], [0, 1] * 10),
    )
    yield "FeatureUnion", fit(pipeline.make_union(scaler(), preprocessing.MinMaxScaler()))
    search = model_selection.GridSearchCV
    yield "GridSearchCV", fit(search(logistic(), {"C": [0.1, 1]}, cv=3))
    yield (
        "GridSearchCV_scorer",
        fit(
            search(
                linear_model.Ridge(), {"alpha": [1]}, scoring=make_scorer(mean_squared_error), cv=3
            )
        ),
    )
    from scipy import stats

    yield (
        "RandomizedSearchCV",
        fit(
            model_selection.RandomizedSearchCV(
                logistic(), {"C": stats.loguniform(0.1, 9)}, n_iter=2, cv=3, random_state=0
            )
        ),
    )
    yield "Calibrated", fit(calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=3))
    yield (
        "Calibrated_isotonic",
        fit(calibration.CalibratedClassifierCV(logistic(), method="isotonic", cv=3)),
    )
    members = [("a", logistic()), ("b", DecisionTreeClassifier())]
    yield "VotingClassifier", fit(ensemble.VotingClassifier(members))
    yield "StackingClassifier", fit(ensemble.StackingClassifier(members, cv=3))
    yield "OneVsRest", fit(multiclass.OneVsRestClassifier(logistic()))
    yield (
        "MultiOutput",
        multioutput.MultiOutputRegressor(linear_model.Ridge()).fit(np.eye(6), np.eye(6)),
    )
    yield (
        "TransformedTarget",
        fit(
            compose.TransformedTargetRegressor(
                linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1
            )
        ),
    )
    yield "RFE", fit(feature_selection.RFE(logistic()))
    yield "SelectFromModel", fit(feature_selection.SelectFromModel(forest))
    yield (
        "SequentialSelector",
        fit(feature_selection.SequentialFeatureSelector(logistic(), n_features_to_select=1, cv=2)),
    )
    kernel = kernels.ConstantKernel() * kernels.RBF() + kernels.WhiteKernel()
    yield "GaussianProcess_kernel", fit(GaussianProcessRegressor(kernel))
    yield (
        "KFold",
        [
            model_selection.KFold(3),
            model_selection.StratifiedKFold(3),
            model_selection.TimeSeriesSplit(3),
            model_selection.ShuffleSplit(3, random_state=np.random.RandomState(0)),
        ],
    )


def write_imbalanced(writer: Writer) -> None:
    """imbalanced-learn's pipelines and forests."""
    from imblearn import combine, ensemble, over_sampling, pipeline, under_sampling
    from sklearn.linear_model import LogisticRegression

    made = {
        "Pipeline": pipeline.make_pipeline(
            over_sampling.SMOTE(k_neighbors=2), LogisticRegression()
        ),
        "BalancedForest": ensemble.BalancedRandomForestClassifier(3),
        "EasyEnsemble": ensemble.EasyEnsembleClassifier(2),
    }
    for label, estimator in made.items():
        writer.pickled("imbalanced-learn", label, fit(estimator))
    writer.pickled("imbalanced-learn", "SMOTEENN", combine.SMOTEENN())
    writer.pickled("imbalanced-learn", "UnderSampler", under_sampling.RandomUnderSampler())
