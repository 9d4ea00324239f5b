"""Write honest files of real libraries into a folder: what a scanner must not cry wolf about.

Run it with an interpreter that has the libraries (none of them is a dependency of Modelwarden):

    python -m venv libs && libs/bin/pip install scikit-learn scipy pandas numpy joblib xgboost \
        lightgbm catboost statsmodels imbalanced-learn dill cloudpickle lz4 torch==2.13.0 \
        category-encoders feature-engine gensim hdbscan lifelines mlxtend nltk pyod skorch \
        tokenizers
    libs/bin/python benchmarks/benign_files.py OUT

Whatever is not installed is left out and named. Seeds are fixed; `OUT/index.json` lists every
file with its library and version. Other versions of the libraries give other files: the module
names that a pickle holds move between releases, so run it in an old environment as well.

dill and cloudpickle files carry code on purpose and stand in `OUT/code/`: a scanner has to say so.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import json
import pathlib
import pickle
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

SEED = 20261123
if TYPE_CHECKING:
    Made = Iterator[tuple[str, object]]
try:
    from importlib import metadata
except ImportError:  # Python 3.7
    import importlib_metadata as metadata


class Writer:
    """Writes objects and keeps the list of what was written, and of what could not be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[dict[str, str]] = []
        self.failed: list[str] = []

    def keep(self, library: str, name: str, write: Callable[[Path], object]) -> None:
        """Let `write` make the file `name`, and note it or why it could not be made."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(path)
        except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
            path.exists() and path.unlink()
            self.failed.append(f"{name}: {type(error).__name__}: {str(error)[:120]}")
            return
        version = version_of(library)
        self.files.append({"file": name, "library": library, "version": version})

    def pickled(self, library: str, name: str, value: object, *protocols: int) -> None:
        """Pickle `value` once for each protocol."""
        for protocol in protocols or (4,):
            self.keep(
                library,
                f"{library}/{name}.p{protocol}.pkl",
                lambda path, p=protocol: path.write_bytes(pickle.dumps(value, protocol=p)),
            )


def version_of(library: str) -> str:
    """Return the installed version; some libraries are published under a second name."""
    if library == "python":
        return sys.version.split()[0]
    for name in (library, f"{library}-cpu"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"


def random_numbers(seed: int) -> object:
    """Return NumPy's generator, or what came before it."""
    import numpy as np

    make = getattr(np.random, "default_rng", np.random.RandomState)
    return make(seed)


def python_values() -> Made:
    """Plain values and the data types of the standard library."""
    yield "plain", {"a": [1, 2.5, None, True, 1 << 70], "b": (b"x", "ü", {1, 2}, frozenset("ab"))}
    yield (
        "containers",
        [
            collections.OrderedDict(a=1),
            collections.Counter("abca"),
            collections.deque([1, 2], 5),
            collections.defaultdict(list, a=[1]),
            bytearray(b"ab"),
            slice(1, 2),
            range(5),
            1 + 2j,
        ],
    )
    moment = datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.timezone.utc)  # noqa: UP017 -- runs on Python 3.7 too
    yield "times", [moment, moment.date(), moment.time(), datetime.timedelta(days=2)]
    yield "numbers", [decimal.Decimal("1.5"), fractions.Fraction(1, 3)]
    yield "names", [uuid.UUID(int=5), pathlib.PurePosixPath("a/b"), pathlib.Path("c")]


def numpy_values() -> Made:
    import numpy as np

    rng = random_numbers(SEED)
    yield "float32", rng.normal(size=(20, 3)).astype("f4")
    yield "fortran", np.asfortranarray(rng.normal(size=(4, 3)))
    yield "big_endian", np.arange(5, dtype=">i4")
    yield "object", np.array([1, "a", None, [2]], dtype=object)
    yield "strings", np.array(["a", "bc"])
    yield "structured", np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    yield "recarray", np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    yield "masked", np.ma.array([1, 2, 3], mask=[0, 1, 0])
    yield "matrix", np.asmatrix([[1, 2]])
    yield "scalars", [np.float64(1), np.int8(2), np.bool_(True), np.str_("a"), np.complex64(1)]
    yield "datetimes", np.array(["2026-01-01"], dtype="M8[ns]")
    yield "dtypes", [np.dtype("f4"), np.dtype("M8[us]"), np.dtype([("a", "O")]), np.float32]
    yield "ufuncs", [np.log1p, np.add, np.maximum]
    yield "functions", [np.mean, np.clip]
    yield "random_state", np.random.RandomState(SEED)
    yield "polynomial", np.polynomial.Polynomial([1, 2])
    yield "poly1d", np.poly1d([1, 2])
    for bits in ("PCG64", "MT19937", "Philox", "SFC64", "PCG64DXSM"):
        if not hasattr(np.random, bits):
            return
        yield f"generator_{bits}", np.random.Generator(getattr(np.random, bits)(SEED))
    yield "seed_sequence", np.random.SeedSequence(SEED)


def scipy_values() -> Made:
    import numpy as np
    from scipy import interpolate, sparse, spatial, stats

    rng = random_numbers(SEED)
    dense = rng.normal(size=(6, 5)) * (rng.uniform(size=(6, 5)) > 0.5)
    for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
        yield f"{kind}_matrix", getattr(sparse, f"{kind}_matrix")(dense)
        if hasattr(sparse, f"{kind}_array"):
            yield f"{kind}_array", getattr(sparse, f"{kind}_array")(dense)
    x = np.linspace(0, 1, 12)
    y = np.sin(x)
    yield "bspline", interpolate.make_interp_spline(x, y)
    yield "cubic_spline", interpolate.CubicSpline(x, y)
    yield "pchip", interpolate.PchipInterpolator(x, y)
    yield "akima", interpolate.Akima1DInterpolator(x, y)
    yield "univariate", interpolate.UnivariateSpline(x, y)
    yield "interp1d", interpolate.interp1d(x, y)
    yield "rbf", interpolate.RBFInterpolator(rng.normal(size=(9, 2)), rng.normal(size=9))
    yield "grid", interpolate.RegularGridInterpolator((x, x), np.outer(y, y))
    yield "frozen_norm", stats.norm(1, 2)
    yield "frozen_gamma", stats.gamma(2)
    yield "frozen_poisson", stats.poisson(3)
    yield "frozen_multivariate", stats.multivariate_normal([0, 0], [[1, 0], [0, 1]])
    yield "distribution", stats.lognorm
    yield "kde", stats.gaussian_kde(rng.normal(size=30))
    yield "ttest", stats.ttest_ind(rng.normal(size=9), rng.normal(size=9))
    yield "kdtree", spatial.KDTree(dense)
    yield "ckdtree", spatial.cKDTree(dense)
    yield "rotation", spatial.transform.Rotation.from_euler("x", 90, degrees=True)


def pandas_values() -> Made:
    import pandas as pd

    rng = random_numbers(SEED)
    days = pd.date_range("2026-01-01", periods=6, tz="UTC")
    frame = pd.DataFrame(rng.normal(size=(6, 3)), columns=list("abc"))
    yield "frame", frame
    yield "mixed", frame.assign(t=days, s=list("xyzxyz"), k=pd.Categorical(list("aabbcc")))
    yield "nullable", pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "b": [True, False]})
    yield "strings", pd.Series(["a", None], dtype="string")
    yield "series", pd.Series([1, 2], name="s")
    yield "sparse", pd.Series(pd.arrays.SparseArray([0, 0, 1]))
    yield "multi_index", frame.set_index([list("aabbcc"), list("xyzxyz")])
    yield (
        "indexes",
        [pd.RangeIndex(3), days, pd.PeriodIndex(["2026-01"], freq="M"), pd.Index(["a"])],
    )
    yield "intervals", pd.cut(pd.Series(range(6)), 3)
    yield "interval_index", pd.interval_range(0, 3)
    yield "timedelta", pd.to_timedelta(["1 day", "2 h"])
    yield "stamps", [pd.Timestamp("2026-01-01", tz="Europe/Berlin"), pd.Timedelta("1 day")]
    yield "offsets", [pd.offsets.BusinessDay(2), pd.offsets.MonthEnd(), pd.Period("2026-01", "M")]
    yield "missing", [pd.NaT, pd.NA]
    yield "dtypes", [pd.CategoricalDtype(["a"]), pd.DatetimeTZDtype(tz="UTC"), pd.Int64Dtype()]
    yield "named_zone", pd.Series(pd.date_range("2026-01-01", periods=2, tz="America/New_York"))


def statsmodels_values() -> Made:
    import numpy as np
    import statsmodels.api as sm
    from statsmodels.tsa.api import ExponentialSmoothing

    rng = random_numbers(SEED)
    x = sm.add_constant(rng.normal(size=(60, 2)))
    y = x @ [1.0, 2.0, -1.0] + rng.normal(size=60)
    yield "ols", sm.OLS(y, x).fit()
    yield "glm", sm.GLM(y > 1, x, family=sm.families.Binomial()).fit()
    yield "logit", sm.Logit((y > 1).astype(float), x).fit(disp=0)
    yield "smoothing", ExponentialSmoothing(np.abs(y), trend="add").fit()
    yield "arima", sm.tsa.ARIMA(y, order=(1, 0, 0)).fit()


def xgboost_values() -> Made:
    import xgboost as xgb

    x, y, ranks = small_data()
    few = {"n_estimators": 4, "max_depth": 2, "random_state": 0}
    yield "classifier", xgb.XGBClassifier(**few).fit(x, y)
    yield "regressor", xgb.XGBRegressor(**few).fit(x, y)
    yield "forest_classifier", xgb.XGBRFClassifier(**few).fit(x, y)
    yield "forest_regressor", xgb.XGBRFRegressor(**few).fit(x, y)
    yield "ranker", xgb.XGBRanker(**few).fit(x, y, qid=sorted(ranks))
    yield "linear", xgb.XGBRegressor(booster="gblinear", n_estimators=3).fit(x, y)
    yield "booster", xgb.train({"max_depth": 2}, xgb.DMatrix(x, y), 3)
    yield "unfitted", xgb.XGBClassifier()


def lightgbm_values() -> Made:
    import lightgbm as lgb

    x, y, _ = small_data()
    few = {"n_estimators": 4, "num_leaves": 4, "verbosity": -1, "random_state": 0}
    yield "classifier", lgb.LGBMClassifier(**few).fit(x, y)
    yield "regressor", lgb.LGBMRegressor(**few).fit(x, y)
    yield "ranker", lgb.LGBMRanker(**few).fit(x, y, group=[len(y)])
    yield "booster", lgb.train({"verbosity": -1, "num_leaves": 4}, lgb.Dataset(x, y), 3)
    yield "unfitted", lgb.LGBMClassifier()


def catboost_values() -> Made:
    import catboost as cb

    x, y, _ = small_data()
    few = {
        "iterations": 4,
        "depth": 2,
        "verbose": 0,
        "allow_writing_files": False,
        "thread_count": 1,
    }
    yield "classifier", cb.CatBoostClassifier(**few).fit(x, y)
    yield "regressor", cb.CatBoostRegressor(**few).fit(x, y)
    yield "ranker", cb.CatBoostRanker(**few).fit(x, y, group_id=[0] * len(y))
    yield "plain", cb.CatBoost(few).fit(x, y)
    yield "unfitted", cb.CatBoostClassifier()


def small_data() -> tuple[object, object, list[int]]:
    """Return 60 rows of three features, a binary label, and a group for each row."""
    rng = random_numbers(SEED)
    x = rng.normal(size=(60, 3))
    return x, (x[:, 0] + x[:, 1] > 0).astype(int), [i // 20 for i in range(60)]


def write_joblib(writer: Writer) -> None:
    """The same model and arrays in every codec that joblib has."""
    import joblib
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    x, y, _ = small_data()
    rng = random_numbers(SEED)
    objects = {
        "forest": RandomForestClassifier(5, random_state=0).fit(x, y),
        "arrays": {"a": rng.normal(size=(50, 4)), "o": np.array(["x", None], dtype=object)},
    }
    codecs: tuple[object, ...] = (0, 3, "gzip", "bz2", "xz", "lzma", "lz4", ("zlib", 9))
    for name, value in objects.items():
        for codec in codecs:
            label = codec[0] if isinstance(codec, tuple) else codec
            writer.keep(
                "joblib",
                f"joblib/{name}.{label}.joblib",
                lambda path, v=value, c=codec: joblib.dump(v, path, compress=c),
            )
        for protocol in (2, 3, 5):
            writer.keep(
                "joblib",
                f"joblib/{name}.p{protocol}.joblib",
                lambda path, v=value, p=protocol: joblib.dump(v, path, protocol=p),
            )


def write_numpy_files(writer: Writer) -> None:
    """Write npy and npz, with and without pickled objects in them."""
    import numpy as np

    for name, value in numpy_values():
        if isinstance(value, np.ndarray):
            writer.keep("numpy", f"numpy/{name}.npy", lambda p, v=value: np.save(p, v))
            writer.keep(
                "numpy", f"numpy/{name}.npz", lambda p, v=value: np.savez_compressed(p, v=v)
            )


def write_code(writer: Writer) -> None:
    """Write dill and cloudpickle files that carry functions and classes by value."""
    scale = 3

    def closure(x: int) -> int:
        return x * scale

    class Local:
        def predict(self, x: int) -> int:
            return x + 1

    for library in ("dill", "cloudpickle"):
        try:
            module = import_module(library)
        except ImportError:
            continue
        for name, value in (("lambda", lambda x: x + 1), ("closure", closure), ("local", Local())):
            writer.keep(
                library,
                f"code/{library}_{name}.pkl",
                lambda path, v=value, m=module: path.write_bytes(m.dumps(v)),
            )
        plain = {"a": [1, 2], "d": collections.OrderedDict(x=1)}
        writer.keep(
            library,
            f"{library}/plain.pkl",
            lambda path, m=module, v=plain: path.write_bytes(m.dumps(v)),
        )


PICKLED: dict[str, tuple[str, Callable[[], Made], tuple[int, ...]]] = {
    "python": ("python", python_values, (0, 1, 2, 3, 4, 5)),
    "numpy": ("numpy", numpy_values, (0, 2, 3, 4, 5)),
    "scipy": ("scipy", scipy_values, (2, 4, 5)),
    "pandas": ("pandas", pandas_values, (2, 4, 5)),
    "statsmodels": ("statsmodels", statsmodels_values, (4,)),
    "xgboost": ("xgboost", xgboost_values, (2, 4)),
    "lightgbm": ("lightgbm", lightgbm_values, (2, 4)),
    "catboost": ("catboost", catboost_values, (2, 4)),
}


def values_of(writer: Writer, name: str) -> Iterator[tuple[str, object]]:
    """Yield what a library makes; a failure in the middle ends it and is noted."""
    try:
        yield from PICKLED[name][1]()
    except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
        writer.failed.append(f"{name}: {type(error).__name__}: {str(error)[:120]}")


def main(folder: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    warnings.simplefilter("ignore")
    writer = Writer(folder)
    for name, (library, _, protocols) in PICKLED.items():
        for label, value in values_of(writer, name):
            writer.pickled(library, label, value, *protocols)
    from benign_estimators import write_imbalanced, write_sklearn
    from benign_more import write_more
    from benign_torch import write_torch

    steps = (
        write_sklearn,
        write_imbalanced,
        write_joblib,
        write_numpy_files,
        write_torch,
        write_code,
        write_more,
    )
    for step in steps:
        try:
            step(writer)
        except Exception as error:  # noqa: BLE001 -- noted, and the rest goes on
            writer.failed.append(f"{step.__name__}: {type(error).__name__}: {str(error)[:120]}")
    (folder / "index.json").write_text(json.dumps(writer.files, indent=1))
    counts = collections.Counter(f"{f['library']} {f['version']}" for f in writer.files)
    print(json.dumps({"files": len(writer.files), "by": counts, "failed": writer.failed}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
