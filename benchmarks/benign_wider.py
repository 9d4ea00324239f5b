"""Honest files of libraries beyond `benign_files.py`, written as people write them.

    libs/bin/pip install river pgmpy tslearn sktime umap-learn pygam interpret-core shap arch \
        hmmlearn filterpy scikit-optimize scikit-surprise shapely geopandas astropy xarray polars \
        pyarrow networkx sympy dask omegaconf pytorch-lightning torchmetrics einops implicit spacy
    libs/bin/python benchmarks/benign_wider.py OUT

The allow-lists were widened with these files at hand; what they say of libraries that nobody
looked at is measured with `benign_heldout.py`.
"""

from __future__ import annotations

import argparse
import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import ipaddress
import json
import logging
import operator
import pathlib
import random
import re
import sys
import types
import uuid
import warnings
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from benign_files import Writer, small_data

Made = Iterator[tuple[str, object]]


class Colour(enum.Enum):
    """An enumeration of the script's own."""

    RED = 1


class Level(enum.IntFlag):
    """Flags of the script's own."""

    LOW = 1
    HIGH = 2


class Point(NamedTuple):
    """A named tuple of the script's own."""

    x: int
    y: int


@dataclasses.dataclass
class Settings:
    """A data class of the script's own."""

    rate: float = 0.1
    names: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen data class with slots."""

    a: int = 1


class Model:
    """What a beginner's script saves."""

    def __init__(self) -> None:
        self.weights = [1.0, 2.0]


class Slotted:
    """A class with slots and no dictionary."""

    __slots__ = ("a",)

    def __init__(self) -> None:
        self.a = 1


class Registry(dict):
    """A dict of the script's own."""


def square(x: float) -> float:
    """Return x squared."""
    return x * x


def python_more() -> Made:
    """Data types of the standard library, and what a script defines itself."""
    yield "regex", [re.compile("a.*"), re.compile(rb"x", re.IGNORECASE)]
    yield "paths", [pathlib.PosixPath("/tmp/x"), pathlib.PureWindowsPath("c:/x")]
    yield "ids", [uuid.UUID(int=3), ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("::/8")]
    yield "zones", [zoneinfo.ZoneInfo("Europe/Berlin"), datetime.timezone(datetime.timedelta(0))]
    yield "when", datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC"))
    yield "decimals", [decimal.Decimal("1"), decimal.getcontext(), fractions.Fraction(1, 3)]
    yield "random", [random.Random(1), random.Random(2).getstate()]
    yield "namespaces", [argparse.Namespace(lr=0.1), types.SimpleNamespace(a=1)]
    yield "getters", [operator.itemgetter(1), operator.itemgetter("a", "b")]
    yield "attrgetter", operator.attrgetter("score")
    yield "methodcaller", operator.methodcaller("lower")
    yield "operators", [operator.add, operator.mul, operator.truediv, operator.lt]
    yield "partials", [functools.partial(max, 1), functools.partial(round, ndigits=2)]
    yield "partial_own", functools.partial(square, 2)
    yield "builtins", [len, str.lower, "x".join, sum, sorted, dict.get, abs, max, print, isinstance]
    yield "bound", ["abc".upper, [1].append, {}.get]
    yield "logger", logging.getLogger("train")
    yield "array", array.array("d", [1.0])
    yield "streams", [io.BytesIO(b"x"), io.StringIO("x")]
    yield "chain", [collections.ChainMap({"a": 1}), collections.UserDict(a=1)]
    yield "ordered", [collections.OrderedDict(a=1), collections.deque([1]), {1: 2}.keys().__class__]
    yield "default", [collections.defaultdict(int), collections.defaultdict(dict, a={})]
    yield "nested_default", collections.defaultdict(functools.partial(collections.defaultdict, int))
    yield "errors", [ValueError("x"), KeyError("a"), OSError(2, "no"), UnicodeError("u")]
    yield "system_error", [TimeoutError("late"), FileNotFoundError(2, "no", "f"), ImportError("x")]
    yield "signature_types", [int, list[int], dict[str, int], int | None, type(None), type]
    yield "os_path", [pathlib.os.path.join, pathlib.os.path.basename, pathlib.os.sep]
    yield "math", [__import__("math").sqrt, __import__("math").log, __import__("statistics").mean]
    yield "json", [json.dumps, json.loads]
    yield (
        "ranges",
        [
            range(3),
            slice(1),
            iter([1, 2]),
            enumerate("ab"),
            zip("a", "b", strict=True),
            map(str, [1]),
        ],
    )
    yield "itertools", list(map(type, []))
    yield "own_enum", [Colour.RED, Level.LOW | Level.HIGH, re.I, enum.auto]
    yield "own_tuple", Point(1, 2)
    yield "own_data", [Settings(), Frozen()]
    yield "own_class", [Model(), Slotted()]
    yield "own_dict", Registry(a=1)
    yield "own_function", square
    yield "http", [__import__("http").HTTPStatus.OK, __import__("socket").AF_INET]
    yield "email", __import__("email.message", fromlist=["x"]).EmailMessage()
    yield "date_parts", [datetime.time(1, 2), datetime.timedelta(1), datetime.date.today]
    yield "calendar", __import__("calendar").TextCalendar()
    yield "difflib", __import__("difflib").Match(1, 2, 3)
    yield "version", [sys.version_info[:], tuple(sys.version_info)]
    yield "inspect", __import__("inspect").signature(square)
    yield "typing", [__import__("typing").Optional[int], __import__("typing").Any]
    yield "template", __import__("string").Template("$x")
    yield "cmp", functools.cmp_to_key
    yield "contextlib", __import__("contextlib").nullcontext()
    yield "url", __import__("urllib.parse", fromlist=["x"]).urlparse("http://x/y?z")
    yield "queue", [__import__("time").localtime(0), __import__("time").time]
    yield "stat", pathlib.os.stat("/")
    yield "hashlib", [__import__("hashlib").sha256, __import__("hmac").compare_digest]
    yield "copy", [__import__("copy").deepcopy, __import__("copy").copy]


def sklearn_more() -> Made:
    import numpy as np
    import scipy.special
    from scipy import stats
    from sklearn import metrics, model_selection, pipeline, preprocessing
    from sklearn.compose import TransformedTargetRegressor, make_column_selector
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsClassifier

    x, y, _ = small_data()
    functions = preprocessing.FunctionTransformer
    for label, function in {
        "log1p": np.log1p, "square": np.square, "expit": scipy.special.expit, "nan": np.nan_to_num,
        "abs": np.abs, "clip": np.clip, "own": square, "ravel": np.ravel, "logit": scipy.special.logit,
        "boxcox": scipy.special.boxcox1p, "sum": np.sum, "round": np.round, "zscore": stats.zscore,
        "asarray": np.asarray, "exp": np.exp,
    }.items():  # fmt: skip
        yield f"function_{label}", functions(function)
    scorers = {
        "f1": metrics.make_scorer(metrics.f1_score, average="macro"),
        "fbeta": metrics.make_scorer(metrics.fbeta_score, beta=2),
        "mse": metrics.make_scorer(metrics.mean_squared_error, greater_is_better=False),
        "auc": metrics.get_scorer("roc_auc"), "own": metrics.make_scorer(square),
    }  # fmt: skip
    for label, scorer in scorers.items():
        search = model_selection.GridSearchCV(Ridge(), {"alpha": [1]}, scoring=scorer, cv=2)
        yield f"search_{label}", search
    yield (
        "random_search",
        model_selection.RandomizedSearchCV(
            LogisticRegression(), {"C": stats.uniform(0, 1), "tol": stats.expon()}, n_iter=2
        ).fit(x, y),
    )
    yield "tokenizer", CountVectorizer(tokenizer=str.split, preprocessor=str.lower).fit(["a b"])
    yield "analyzer", TfidfVectorizer(analyzer=operator.methodcaller("split")).fit(["a b"])
    yield "pattern", CountVectorizer(tokenizer=re.compile(r"\w+").findall).fit(["a b"])
    yield "callable_metric", KNeighborsClassifier(metric=np.linalg.norm, algorithm="brute")
    yield "partial", functions(functools.partial(np.power, 2))
    yield "selector", make_column_selector("^a")
    yield (
        "target",
        TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp).fit(x, y + 1),
    )
    steps = [("f", functions(np.log1p, inverse_func=np.expm1)), ("m", LogisticRegression())]
    yield "pipeline", pipeline.Pipeline(steps).fit(np.abs(x), y)
    yield "dict", {"model": Ridge().fit(x, y), "features": ["a"], "when": datetime.date(2026, 1, 1),
                   "metrics": {"auc": np.float64(0.9)}, "path": pathlib.Path("m.pkl")}  # fmt: skip


def frames_more() -> Made:
    import numpy as np
    import pandas as pd

    yield "arrow_strings", pd.DataFrame({"a": ["x", "y"]})
    yield "string_dtype", pd.Series(["x", None], dtype="string")
    yield "nullable", pd.DataFrame({"i": pd.array([1, None], "Int64"), "b": pd.array([True, None])})
    yield "interval", pd.cut(pd.Series(range(9)), 3)
    yield "multi", pd.MultiIndex.from_product([["a"], [1, 2]])
    yield "grouped", pd.DataFrame({"a": [1, 1], "b": [2, 3]}).groupby("a").agg(["mean", "max"])
    yield "offsets", [pd.offsets.BMonthEnd(), pd.Timedelta("1D"), pd.Timestamp("2026", tz="UTC")]
    yield "period", pd.period_range("2026", periods=3, freq="M")
    yield "zoned", pd.date_range("2026", periods=3, tz="Europe/Berlin")
    yield "sparse", pd.Series(pd.arrays.SparseArray([0, 0, 1]))
    yield "categorical", pd.Categorical(["a", "b"], ordered=True)
    yield "rolling", np.ma.array([1, 2], mask=[0, 1])
    yield "poly", [np.poly1d([1, 2]), np.polynomial.Polynomial([1, 2])]
    yield "vectorised", [np.dtype("M8[ns]"), np.random.default_rng(1), np.random.RandomState(1)]
    yield "functions", [np.mean, np.linalg.norm, np.float32, np.add, np.add.reduce]
    yield "records", np.rec.array([(1, "a")], names="x,y")
    yield "index_slice", pd.IndexSlice
    yield "masked", [np.datetime64("2026"), np.timedelta64(1, "D"), np.void(b"x")]


def river_models() -> Made:
    from river import (
        anomaly,
        cluster,
        compose,
        drift,
        ensemble,
        linear_model,
        naive_bayes,
        neighbors,
        optim,
        preprocessing,
        stats,
        time_series,
        tree,
    )

    row = {"a": 1.0, "b": 2.0}
    for label, model in {
        "logistic": preprocessing.StandardScaler() | linear_model.LogisticRegression(),
        "sgd": linear_model.LinearRegression(optim.Adam(0.1), loss=optim.losses.Huber()),
        "tree": tree.HoeffdingTreeClassifier(), "forest": ensemble.BaggingClassifier(
            tree.HoeffdingTreeClassifier(), n_models=2), "knn": neighbors.KNNClassifier(),
        "bayes": naive_bayes.GaussianNB(), "union": compose.TransformerUnion(
            preprocessing.MinMaxScaler()) | naive_bayes.GaussianNB(),
    }.items():  # fmt: skip
        for i in range(30):
            model.learn_one({"a": float(i), "b": row["b"]}, bool(i % 2))
        yield label, model
    trees = anomaly.HalfSpaceTrees(n_trees=2, height=3)
    trees.learn_one(row)
    yield "half_space", trees
    yield "drift", [drift.ADWIN(), drift.PageHinkley(), stats.Mean(), stats.Quantile()]
    yield "kmeans", cluster.KMeans(n_clusters=2)
    yield "series", time_series.SNARIMAX(1, 0, 1)


def network_models() -> Made:
    import networkx as nx
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = DiscreteBayesianNetwork([("a", "b")])
    model.add_cpds(TabularCPD("a", 2, [[0.5], [0.5]]))
    yield "bayes", model
    yield "graph", nx.karate_club_graph()
    yield "digraph", nx.DiGraph([(1, 2)])
    yield "multi", nx.MultiGraph([(1, 2)])


def series_models() -> Made:
    import numpy as np
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.trend import PolynomialTrendForecaster
    from sktime.transformations.series.detrend import Detrender
    from tslearn.clustering import TimeSeriesKMeans
    from tslearn.neighbors import KNeighborsTimeSeriesClassifier

    y = np.arange(24.0)
    yield "naive", NaiveForecaster().fit(y)
    yield "trend", PolynomialTrendForecaster().fit(y)
    yield "detrend", Detrender().fit(y)
    yield (
        "tskmeans",
        TimeSeriesKMeans(2, max_iter=2).fit(np.random.default_rng(1).random((6, 8, 1))),
    )
    yield (
        "tsknn",
        KNeighborsTimeSeriesClassifier().fit(
            np.random.default_rng(1).random((6, 8, 1)), [0, 1] * 3
        ),
    )


def finance() -> Made:
    import numpy as np
    from arch import arch_model

    yield "arch", arch_model(np.random.default_rng(1).normal(size=99)).fit(disp="off")


def hidden() -> Made:
    import numpy as np
    from filterpy.kalman import KalmanFilter, MerweScaledSigmaPoints
    from hmmlearn.hmm import GaussianHMM

    yield "hmm", GaussianHMM(2, n_iter=3).fit(np.random.default_rng(1).normal(size=(40, 1)))
    yield "kalman", KalmanFilter(2, 1)
    yield "sigma", MerweScaledSigmaPoints(2, 0.1, 2.0, 1.0)


def explained() -> Made:
    import shap
    from interpret.glassbox import ExplainableBoostingClassifier
    from pygam import LinearGAM, LogisticGAM, f, s
    from sklearn.ensemble import RandomForestClassifier
    from umap import UMAP

    x, y, _ = small_data()
    yield "gam", LinearGAM(s(0) + s(1)).fit(x, y)
    yield "logistic_gam", LogisticGAM(s(0)).fit(x, y)
    yield "terms", f(0)
    yield "ebm", ExplainableBoostingClassifier(outer_bags=1, max_rounds=5, n_jobs=1).fit(x, y)
    explainer = shap.TreeExplainer(RandomForestClassifier(2).fit(x, y))
    yield "explainer", explainer
    yield "explanation", explainer(x[:2])
    yield "kernel", shap.KernelExplainer(RandomForestClassifier(2).fit(x, y).predict, x[:3])
    yield "umap", UMAP(n_neighbors=5, n_epochs=5).fit(x)


def searched() -> Made:
    from skopt import Optimizer, gp_minimize
    from skopt.space import Categorical, Integer, Real

    yield "space", [Real(0, 1), Integer(1, 5), Categorical(["a", "b"])]
    yield "optimizer", Optimizer([(0.0, 1.0)], n_initial_points=2)
    yield "result", gp_minimize(one_minus, [(0.0, 1.0)], n_calls=4, n_initial_points=3)


def one_minus(x: list[float]) -> float:
    """Return a value to be minimised."""
    return 1 - x[0]


def recommended() -> Made:
    import numpy as np
    from implicit.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    model = AlternatingLeastSquares(4, iterations=1)
    model.fit(csr_matrix(np.eye(5)), show_progress=False)
    yield "als", model


def rated() -> Made:
    import pandas as pd
    from surprise import SVD, Dataset, KNNBasic, Reader

    rows = pd.DataFrame({"u": [1, 1, 2], "i": [1, 2, 1], "r": [3.0, 4.0, 5.0]})
    data = Dataset.load_from_df(rows, Reader()).build_full_trainset()
    yield "svd", SVD(n_factors=2, n_epochs=1).fit(data)
    yield "knn", KNNBasic(verbose=False).fit(data)


def places() -> Made:
    import geopandas as gpd
    import shapely

    yield "point", shapely.Point(1, 2)
    yield "polygon", shapely.Polygon([(0, 0), (1, 0), (1, 1)])
    yield "tree", shapely.STRtree([shapely.Point(1, 2)])
    yield "frame", gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2)], crs="EPSG:4326")


def stars() -> Made:
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.table import Table
    from astropy.time import Time

    yield "quantity", 3 * u.m / u.s
    yield "time", Time("2026-01-01")
    yield "table", Table({"a": [1, 2]})
    yield "coordinate", SkyCoord(1 * u.deg, 2 * u.deg)
    yield "unit", u.kg
    from astropy.modeling.models import Gaussian1D

    yield "model", Gaussian1D()


def labelled() -> Made:
    import dask.array as da
    import numpy as np
    import polars as pl
    import pyarrow as pa
    import xarray as xr

    yield "xarray", xr.DataArray(np.ones((2, 2)), dims=("a", "b"))
    yield "dataset", xr.Dataset({"v": ("x", [1, 2])})
    yield "dask", da.ones((4, 4), chunks=2)
    yield "polars", pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    yield "series", pl.Series("a", [1, 2])
    yield "polars_types", [pl.Int64, pl.Utf8(), pl.List(pl.Int8)]
    yield "expression", pl.col("a") + 1
    yield "arrow", pa.table({"a": [1, 2]})
    yield "arrow_schema", pa.schema([("a", pa.int64())])


def symbols() -> Made:
    import sympy

    x, y = sympy.symbols("x y")
    yield "expression", sympy.sin(x) ** 2 + y / 3
    yield "matrix", sympy.Matrix([[x, 1]])
    yield "numbers", [sympy.Rational(1, 3), sympy.pi, sympy.oo, sympy.Float(1.5)]
    yield "equation", sympy.Eq(x, y)


def written() -> Made:
    import spacy

    nlp = spacy.blank("en")
    yield "doc", nlp("the cat sat")
    yield "vocab", nlp.vocab.strings
    yield "pipeline", nlp


def settings() -> Made:
    from omegaconf import OmegaConf

    yield "config", OmegaConf.create({"lr": 0.1, "layers": [1, 2], "s": "${lr}"})
    yield "list", OmegaConf.create([1, 2])


PICKLED: dict[str, tuple[str, Callable[[], Made], tuple[int, ...]]] = {
    "python": ("python", python_more, (2, 3, 4, 5)),
    "scikit-learn": ("scikit-learn", sklearn_more, (2, 5)),
    "pandas": ("pandas", frames_more, (3, 5)),
    "river": ("river", river_models, (4,)),
    "pgmpy": ("pgmpy", network_models, (2, 4)),
    "sktime": ("sktime", series_models, (4,)),
    "arch": ("arch", finance, (4,)),
    "hmmlearn": ("hmmlearn", hidden, (4,)),
    "shap": ("shap", explained, (4,)),
    "scikit-optimize": ("scikit-optimize", searched, (4,)),
    "implicit": ("implicit", recommended, (4,)),
    "scikit-surprise": ("scikit-surprise", rated, (4,)),
    "geopandas": ("geopandas", places, (2, 4)),
    "astropy": ("astropy", stars, (2, 4)),
    "xarray": ("xarray", labelled, (4, 5)),
    "sympy": ("sympy", symbols, (2, 4)),
    "spacy": ("spacy", written, (4,)),
    "omegaconf": ("omegaconf", settings, (2, 4)),
}


def write_checkpoints(writer: Writer) -> None:
    """Checkpoints as training scripts and frameworks save them, new and legacy."""
    for label, value in checkpoints():
        import torch

        for kind in (True, False):
            name = f"torch/{label}.{'zip' if kind else 'old'}.pt"
            writer.keep(
                "torch",
                name,
                lambda p, v=value, k=kind: torch.save(v, p, _use_new_zipfile_serialization=k),
            )


def checkpoints() -> Made:
    import numpy as np
    import torch
    from torch import nn, optim

    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Dropout(), nn.BatchNorm1d(2))
    yield "args", {"model": net.state_dict(), "args": argparse.Namespace(lr=0.1, out=Path("x"))}
    adam = optim.AdamW(net.parameters())
    net(torch.ones(4, 3)).sum().backward()
    adam.step()
    plans = [
        optim.lr_scheduler.CosineAnnealingLR(adam, 5),
        optim.lr_scheduler.OneCycleLR(adam, 0.1, 10),
        optim.lr_scheduler.LambdaLR(adam, square),
        optim.lr_scheduler.ReduceLROnPlateau(adam),
        optim.lr_scheduler.SequentialLR(adam, [optim.lr_scheduler.ConstantLR(adam)] * 2, [2]),
    ]
    yield "optimizer", {"opt": adam.state_dict(), "plans": [p.state_dict() for p in plans]}
    yield "scheduler", plans[0]
    yield "numbers", {"loss": np.float64(0.1), "best": np.int64(3), "hist": np.arange(3), "e": 1}
    yield "random", {"torch": torch.get_rng_state(), "np": np.random.RandomState(1).get_state(),
                     "py": random.getstate()}  # fmt: skip
    yield "things", [torch.Size([1]), torch.device("cpu"), torch.float16, torch.strided]
    yield "generator", torch.Generator()
    yield "sparse", [torch.eye(2).to_sparse(), torch.eye(2).to_sparse_csr()]
    yield "nested", torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    yield "quantised", torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    yield "module", net
    yield "transformer", nn.TransformerEncoderLayer(4, 2)
    yield "lstm", nn.LSTM(2, 2)
    yield "dynamic", torch.ao.quantization.quantize_dynamic(net, {nn.Linear}, torch.qint8)
    yield "normed", nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    yield "pruned", pruned()
    yield "own", Own()
    yield "subclass", Sub.make()
    yield "parameter", nn.Parameter(torch.ones(2))
    yield "losses", [nn.CrossEntropyLoss(), nn.MSELoss(), nn.functional.gelu, torch.tanh]
    yield "distribution", torch.distributions.Normal(0.0, 1.0)
    yield "dataset", torch.utils.data.TensorDataset(torch.ones(2))
    yield "buffer", {"ema": collections.OrderedDict(w=torch.ones(2, dtype=torch.bfloat16)),
                     "when": datetime.date(2026, 1, 1), "cfg": Settings(), "v": torch.__version__}  # fmt: skip
    yield "path", {"path": pathlib.PosixPath("x"), "conf": next(settings())[1]}
    from torchmetrics import Accuracy, MetricCollection

    yield "metric", MetricCollection([Accuracy("binary")])
    from einops.layers.torch import Rearrange

    yield "einops", nn.Sequential(Rearrange("b c -> c b"))


def pruned() -> object:
    """Return a layer with half of its weights masked."""
    import torch
    from torch.nn.utils import prune

    return prune.l1_unstructured(torch.nn.Linear(2, 2), "weight", 0.5)


def Own() -> object:  # noqa: N802 -- stands for a class where torch may be absent
    import torch

    class Inner(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(2, 2)

    Inner.__qualname__ = "Inner"
    globals()["Inner"] = Inner
    return Inner()


class Sub:
    """Makes a tensor of a subclass of the script's own."""

    @staticmethod
    def make() -> object:
        import torch

        class MyTensor(torch.Tensor):
            pass

        MyTensor.__qualname__ = "MyTensor"
        globals()["MyTensor"] = MyTensor
        return torch.ones(2).as_subclass(MyTensor)


def write_lightning(writer: Writer) -> None:
    """A checkpoint of Lightning, with hyper-parameters and callbacks."""
    import lightning as pl
    import torch

    class Net(pl.LightningModule):
        def __init__(self, lr: float, conf: dict[str, object], where: Path) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(3, 1)

        # ruff: noqa: ARG002, E501 -- arguments are saved as hyper-parameters
        def training_step(self, batch: object, _: int) -> object:
            return self.layer(batch[0]).sum()

        def configure_optimizers(self) -> object:
            return torch.optim.Adam(self.parameters(), lr=0.1)

    Net.__qualname__ = "Net"
    globals()["Net"] = Net
    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 3)))
    folder = writer.folder / "lightning"
    trainer = pl.Trainer(
        max_epochs=1, logger=False, enable_progress_bar=False, accelerator="cpu",
        default_root_dir=str(folder), enable_model_summary=False,
        callbacks=[pl.pytorch.callbacks.ModelCheckpoint(dirpath=str(folder / "ck"))],
    )  # fmt: skip
    trainer.fit(Net(0.1, {"a": [1]}, Path("data")), rows)
    writer.keep("lightning", "lightning/last.ckpt", trainer.save_checkpoint)


def write_joblib(writer: Writer) -> None:
    """Plain and compressed joblib files."""
    import joblib

    for label, value in sklearn_more():
        for ending, how in {"joblib": 0, "joblib.gz": ("gzip", 3), "joblib.xz": ("xz", 1)}.items():
            name = f"joblib/{label}.{ending}"
            writer.keep("joblib", name, lambda p, v=value, h=how: joblib.dump(v, p, compress=h))


def main(folder: Path) -> None:
    """Write everything and list it."""
    write_all(Writer(folder), PICKLED, (write_joblib, write_checkpoints, write_lightning))


def write_all(
    writer: Writer,
    pickled: dict[str, tuple[str, Callable[[], Made], tuple[int, ...]]],
    steps: tuple[Callable[[Writer], None], ...],
) -> None:
    """Write what the makers yield, run the steps, and leave the index."""
    warnings.simplefilter("ignore")
    for name, (library, make, protocols) in pickled.items():
        try:
            for label, value in make():
                writer.pickled(library, label, value, *protocols)
        except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
            writer.failed.append(f"{name}: {type(error).__name__}: {str(error)[:120]}")
    for step in steps:
        try:
            step(writer)
        except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
            writer.failed.append(f"{step.__name__}: {type(error).__name__}: {str(error)[:120]}")
    (writer.folder / "index.json").write_text(json.dumps(writer.files, indent=1))
    counts = collections.Counter(f"{f['library']} {f['version']}" for f in writer.files)
    print(json.dumps({"files": len(writer.files), "by": counts, "failed": writer.failed}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
