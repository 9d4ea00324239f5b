"""What honest pickles use of SciPy."""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import STORED, Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "scipy.sparse scipy.sparse.*",
        "csr_matrix csc_matrix coo_matrix lil_matrix dok_matrix dia_matrix bsr_matrix csr_array "
        "csc_array coo_array lil_array dok_array dia_array bsr_array",
        "a sparse matrix: it holds arrays and checks their shape",
    ),
    Allow(
        "scipy.spatial.* scipy.spatial",
        "cKDTree KDTree Rotation __pyx_unpickle_Rotation ConvexHull Delaunay",
        "holds arrays of numbers",
        STORED,
    ),
    Allow(
        "scipy.interpolate scipy.interpolate.*",
        "*Spline* *Interpolator* interp1d PPoly BPoly Rbf",
        "holds the coefficients of a curve",
        STORED,
    ),
    Allow(
        "scipy.stats.*",
        "*_gen rv_frozen rv_continuous_frozen rv_discrete_frozen *_frozen gaussian_kde _PSD "
        "CovVia* rv_continuous rv_discrete rv_histogram",
        "a distribution with its parameters",
        STORED,
    ),
    Allow(
        "scipy._lib._bunch scipy.stats.*",
        "*Result",
        "a tuple of results",
        STORED,
    ),
    Allow(
        "scipy.optimize scipy.optimize.*",
        "OptimizeResult LbfgsInvHessProduct Bounds LinearConstraint",
        "holds the result of an optimisation",
        STORED,
    ),
    Allow("scipy._lib._util", "MapWrapper", "a wrapper of the built-in map", STORED),
)
