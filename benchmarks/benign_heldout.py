"""Honest files of libraries that no list was made with: the figure of first contact.

    python -m venv heldout && heldout/bin/pip install scikit-survival sklearn-crfsuite optuna \
        ngboost gplearn deap pymoo bayesian-optimization kmodes prince factor-analyzer aeon mapie \
        fairlearn minisom datasketch pyts scikit-multilearn Pint uncertainties biopython \
        torch==2.13.0 gpytorch control cvxpy emcee hyperopt mord igraph pydantic attrs trimesh \
        scikit-image joblib pandas
    heldout/bin/python benchmarks/benign_heldout.py OUT
    python benchmarks/false_alarms.py OUT --only ours

Once the lists have been widened with what this shows, it measures nothing any more: take other
libraries then. The figure in `docs/comparison/files.md` names the commit that was asked.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from typing import TYPE_CHECKING

from benign_files import Writer, small_data
from benign_wider import Made, write_all

if TYPE_CHECKING:
    from collections.abc import Callable


def score(point: list[float]) -> float:
    """Return a value to be minimised."""
    return (point[0] - 1) ** 2


def survival() -> Made:
    import numpy as np
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
    from sksurv.nonparametric import SurvivalFunctionEstimator
    from sksurv.util import Surv

    x, _, _ = small_data()
    y = Surv.from_arrays([True, False] * (len(x) // 2), np.arange(1, len(x) + 1))
    yield "cox", CoxPHSurvivalAnalysis(alpha=0.1).fit(x, y)
    yield "coxnet", CoxnetSurvivalAnalysis().fit(x, y)
    forest = RandomSurvivalForest(3).fit(x, y)
    yield "forest", forest
    yield "functions", forest.predict_survival_function(x[:2])
    yield "estimator", SurvivalFunctionEstimator().fit(y)
    yield "target", y


def fields() -> Made:
    from sklearn_crfsuite import CRF

    rows = [[{"w": "a"}, {"w": "b"}]] * 4
    yield "crf", CRF(max_iterations=3).fit(rows, [["X", "Y"]] * 4)


def studies() -> Made:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for label, sampler in {
        "tpe": optuna.samplers.TPESampler(seed=1),
        "random": optuna.samplers.RandomSampler(seed=1),
    }.items():
        study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.MedianPruner())
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=5)
        yield f"study_{label}", study
    yield "trial", study.best_trial
    yield "sampler", optuna.samplers.TPESampler()
    yield "frame", study.trials_dataframe()


def boosted() -> Made:
    from ngboost import NGBClassifier, NGBRegressor
    from ngboost.distns import LogNormal

    x, y, _ = small_data()
    yield "classifier", NGBClassifier(n_estimators=3, verbose=False).fit(x, y)
    yield "regressor", NGBRegressor(n_estimators=3, verbose=False).fit(x, x[:, 0])
    yield "lognormal", NGBRegressor(Dist=LogNormal, n_estimators=3, verbose=False).fit(x, y + 1.0)


def evolved() -> Made:
    from gplearn.genetic import SymbolicRegressor, SymbolicTransformer

    x, y, _ = small_data()
    few = {"population_size": 30, "generations": 2, "random_state": 1}
    yield "regressor", SymbolicRegressor(**few).fit(x, y)
    yield "transformer", SymbolicTransformer(n_components=2, hall_of_fame=4, **few).fit(x, y)


def populations() -> Made:
    from deap import base, creator, gp, tools

    creator.create("Best", base.Fitness, weights=(-1.0,))
    creator.create("Person", list, fitness=creator.Best)
    yield "people", [creator.Person([1, 2]) for _ in range(3)]
    yield "logbook", tools.Logbook()
    yield "hall", tools.HallOfFame(2)
    yield "statistics", gp.PrimitiveSet("main", 1)


def optimised() -> Made:
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.soo.nonconvex.ga import GA
    from pymoo.optimize import minimize
    from pymoo.problems import get_problem

    yield "nsga2", minimize(get_problem("zdt1"), NSGA2(pop_size=10), ("n_gen", 2), seed=1)
    yield "ga", GA(pop_size=10)
    from bayes_opt import BayesianOptimization

    search = BayesianOptimization(None, {"x": (0, 1)}, random_state=1)
    search.register({"x": 0.5}, 1.0)
    yield "bayes", search


def grouped() -> Made:
    import numpy as np
    import pandas as pd
    from factor_analyzer import FactorAnalyzer
    from kmodes.kmodes import KModes
    from kmodes.kprototypes import KPrototypes
    from minisom import MiniSom

    words = np.array([["a", "x"], ["b", "y"], ["a", "y"]] * 5)
    mixed = np.array([["a", 1.0], ["b", 2.0], ["c", 3.0]] * 5, dtype=object)
    yield "kmodes", KModes(2, n_init=1).fit(words)
    yield "kprototypes", KPrototypes(2, n_init=1).fit(mixed, categorical=[0])
    yield "som", MiniSom(2, 2, 3, random_seed=1)
    import prince

    frame = pd.DataFrame(small_data()[0]).add_prefix("c")
    yield "pca", prince.PCA(n_components=2).fit(frame)
    yield "mca", prince.MCA(n_components=1).fit(pd.DataFrame(words, columns=["p", "q"]))
    yield "factors", FactorAnalyzer(1).fit(frame)


def series() -> Made:
    import numpy as np
    from aeon.classification.convolution_based import RocketClassifier
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
    from aeon.clustering import TimeSeriesKMeans
    from pyts.approximation import SymbolicAggregateApproximation
    from pyts.classification import BOSSVS
    from pyts.image import GramianAngularField

    x = np.random.default_rng(1).random((8, 1, 20))
    y = np.array([0, 1] * 4)
    yield "rocket", RocketClassifier(n_kernels=20).fit(x, y)
    yield "neighbours", KNeighborsTimeSeriesClassifier().fit(x, y)
    yield "kmeans", TimeSeriesKMeans(2, max_iter=2).fit(x)
    yield "bossvs", BOSSVS(window_size=6).fit(x[:, 0], y)
    yield "gaf", GramianAngularField(8).fit(x[:, 0])
    yield "sax", SymbolicAggregateApproximation()


def fair() -> Made:
    from fairlearn.metrics import MetricFrame
    from fairlearn.postprocessing import ThresholdOptimizer
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score

    x, y, _ = small_data()
    group = (x[:, 0] > x[:, 0].mean()).astype(int)
    plain = LogisticRegression()
    yield (
        "gradient",
        ExponentiatedGradient(plain, DemographicParity(), max_iter=3).fit(
            x, y, sensitive_features=group
        ),
    )
    yield "threshold", ThresholdOptimizer(estimator=plain).fit(x, y, sensitive_features=group)
    yield (
        "frame",
        MetricFrame(metrics=accuracy_score, y_true=y, y_pred=y, sensitive_features=group),
    )


def conformal() -> Made:
    from mapie.regression import CrossConformalRegressor, SplitConformalRegressor
    from mord import LogisticAT, OrdinalRidge
    from sklearn.linear_model import LinearRegression
    from skmultilearn.problem_transform import BinaryRelevance

    x, y, _ = small_data()
    fitted = LinearRegression().fit(x, y)
    yield "split", SplitConformalRegressor(fitted, prefit=True).conformalize(x, y)
    yield "cross", CrossConformalRegressor(LinearRegression()).fit_conformalize(x, y)
    yield "ordinal", OrdinalRidge().fit(x, y)
    yield "logistic_at", LogisticAT().fit(x, y)
    yield "relevance", BinaryRelevance(LinearRegression())


def sketched() -> Made:
    from datasketch import HyperLogLog, MinHash, MinHashLSH, WeightedMinHashGenerator

    first = MinHash(num_perm=16)
    first.update(b"x")
    index = MinHashLSH(threshold=0.5, num_perm=16)
    index.insert("a", first)
    yield "minhash", first
    yield "lsh", index
    yield "counter", HyperLogLog()
    yield "weighted", WeightedMinHashGenerator(3)


def measured() -> Made:
    import pint
    import uncertainties
    from uncertainties import unumpy

    units = pint.UnitRegistry()
    pint.set_application_registry(units)
    yield "quantity", 3 * units.meter
    yield "unit", units.second
    yield "uncertain", uncertainties.ufloat(1.0, 0.1)
    yield "affine", 2 * uncertainties.ufloat(1.0, 0.1) + 1
    yield "array", unumpy.uarray([1, 2], [0.1, 0.2])


def living() -> Made:
    from Bio import Align, Phylo
    from Bio.Seq import MutableSeq, Seq
    from Bio.SeqFeature import FeatureLocation, SeqFeature
    from Bio.SeqRecord import SeqRecord

    yield "seq", [Seq("ACGT"), MutableSeq("AC")]
    yield "record", SeqRecord(Seq("ACGT"), id="a", features=[SeqFeature(FeatureLocation(0, 2))])
    yield "aligner", Align.PairwiseAligner()
    yield "tree", Phylo.BaseTree.Tree(Phylo.BaseTree.Clade(name="a"))
    yield "matrix", Align.substitution_matrices.load("BLOSUM62")


def systems() -> Made:
    import control
    import cvxpy
    import emcee
    import igraph
    import numpy as np

    yield "transfer", control.tf([1], [1, 2])
    yield "space", control.ss([[1]], [[1]], [[1]], [[0]])
    x = cvxpy.Variable(2)
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(x - 1)))
    problem.solve()
    yield "problem", problem
    yield "sampler", emcee.EnsembleSampler(4, 1, score)
    yield "backend", emcee.backends.Backend()
    yield "graph", igraph.Graph.Ring(5)
    yield "moves", [emcee.moves.StretchMove(), np.random.default_rng(1)]


def tuned() -> Made:
    from hyperopt import Trials, fmin, hp, tpe

    trials = Trials()
    space = {"x": hp.uniform("x", 0, 1), "c": hp.choice("c", [1, 2])}
    fmin(lambda s: s["x"], space, tpe.suggest, 3, trials=trials, show_progressbar=False)
    yield "trials", trials
    yield "space", space


def declared() -> Made:
    import attrs
    import pydantic
    from pydantic.fields import FieldInfo

    yield "field", FieldInfo(default=1)
    yield "secret", pydantic.SecretStr("x")
    yield "url", pydantic.HttpUrl("https://example.com")
    yield "errors", attrs.exceptions.FrozenInstanceError()
    yield "nothing", attrs.NOTHING


def shapes() -> Made:
    import trimesh
    from skimage import transform

    yield "box", trimesh.creation.box()
    yield "cloud", trimesh.PointCloud([[0, 0, 1]])
    yield "affine", transform.AffineTransform(rotation=0.1)
    yield "warp", transform.PiecewiseAffineTransform()


PICKLED: dict[str, tuple[str, Callable[[], Made], tuple[int, ...]]] = {
    "scikit-survival": ("scikit-survival", survival, (2, 5)),
    "sklearn-crfsuite": ("sklearn-crfsuite", fields, (4,)),
    "optuna": ("optuna", studies, (4,)),
    "ngboost": ("ngboost", boosted, (4, 5)),
    "gplearn": ("gplearn", evolved, (2, 4)),
    "deap": ("deap", populations, (4,)),
    "pymoo": ("pymoo", optimised, (4,)),
    "kmodes": ("kmodes", grouped, (2, 4)),
    "aeon": ("aeon", series, (4,)),
    "fairlearn": ("fairlearn", fair, (4,)),
    "mapie": ("mapie", conformal, (3, 5)),
    "datasketch": ("datasketch", sketched, (2, 4)),
    "pint": ("pint", measured, (2, 4)),
    "biopython": ("biopython", living, (2, 4)),
    "control": ("control", systems, (4,)),
    "hyperopt": ("hyperopt", tuned, (4,)),
    "pydantic": ("pydantic", declared, (2, 5)),
    "trimesh": ("trimesh", shapes, (4,)),
}


def write_processes(writer: Writer) -> None:
    """GPyTorch models, as state, module and checkpoint, new and legacy."""
    import gpytorch
    import torch

    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())
    made = {
        "likelihood": likelihood,
        "kernel": kernel,
        "state": likelihood.state_dict(),
        "constraint": gpytorch.constraints.Interval(0.0, 1.0),
        "prior": gpytorch.priors.GammaPrior(1.0, 1.0),
        "normal": gpytorch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)),
    }
    for label, value in made.items():
        for new in (True, False):
            writer.keep(
                "gpytorch",
                f"gpytorch/{label}.{'zip' if new else 'old'}.pt",
                lambda p, v=value, n=new: torch.save(v, p, _use_new_zipfile_serialization=n),
            )


def write_joblib(writer: Writer) -> None:
    """The same kinds of models by joblib, plain and compressed."""
    import joblib

    for library, make in {
        "scikit-survival": survival,
        "ngboost": boosted,
        "kmodes": grouped,
        "mapie": conformal,
    }.items():
        for label, value in make():
            for ending, how in {"joblib": 0, "joblib.z": 3}.items():
                name = f"joblib/{library}_{label}.{ending}"
                writer.keep(library, name, lambda p, v=value, h=how: joblib.dump(v, p, compress=h))


def main(folder: Path) -> None:
    """Write everything and list it."""
    write_all(Writer(folder), PICKLED, (write_processes, write_joblib))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
