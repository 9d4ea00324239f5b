"""What honest pickles call of scikit-learn: constructors of its compiled classes.

Estimators themselves are made without a call (`needs-code`); these are compiled classes that
restore themselves by being called, in today's modules and in those before 0.22.
"""

from __future__ import annotations

from modelwarden.artifacts.known.allowed import Allow

ALLOWED: tuple[Allow, ...] = (
    Allow(
        "sklearn.tree._tree sklearn.tree.tree",
        "Tree",
        "an empty tree of a given shape; its nodes follow as arrays and are checked",
    ),
    Allow(
        "sklearn.tree._criterion sklearn.tree._splitter sklearn.ensemble._gradient_boosting",
        "Gini Entropy MSE MAE FriedmanMSE Poisson BestSplitter RandomSplitter BestSparseSplitter "
        "RandomSparseSplitter",
        "a split rule of trees: numbers only",
    ),
    Allow(
        "sklearn.neighbors._kd_tree sklearn.neighbors._ball_tree sklearn.neighbors.kd_tree "
        "sklearn.neighbors.ball_tree sklearn.neighbors._dist_metrics "
        "sklearn.neighbors.dist_metrics sklearn.metrics._dist_metrics",
        "newObj",
        "makes an empty object of the class among its arguments, which is judged on its own",
    ),
    Allow(
        "sklearn.neighbors._kd_tree sklearn.neighbors._ball_tree sklearn.neighbors.kd_tree "
        "sklearn.neighbors.ball_tree",
        "KDTree KDTree64 KDTree32 BallTree BallTree64 BallTree32 BinaryTree*",
        "a search tree over arrays",
    ),
    Allow(
        "sklearn.metrics._dist_metrics sklearn.neighbors._dist_metrics "
        "sklearn.neighbors.dist_metrics",
        "*Distance *Distance32 *Distance64 DistanceMetric*",
        "a distance between rows; a user's own function among its arguments is judged on its own",
    ),
    Allow(
        "sklearn._loss._loss",
        "Cy* __pyx_unpickle_*",
        "a loss function in compiled code: numbers only",
    ),
    Allow(
        "sklearn.linear_model._sgd_fast sklearn.linear_model.sgd_fast sklearn._loss._loss",
        "Hinge SquaredHinge Log SquaredLoss Huber EpsilonInsensitive SquaredEpsilonInsensitive "
        "ModifiedHuber LossFunction Regression Classification",
        "a loss function in compiled code: numbers only",
    ),
    Allow(
        "sklearn.utils._weight_vector sklearn.utils.weight_vector sklearn.utils._typedefs",
        "WeightVector WeightVector32 WeightVector64",
        "a vector of numbers",
    ),
    Allow(
        "sklearn.ensemble._hist_gradient_boosting.*",
        "__pyx_unpickle_*",
        "an object that holds numbers",
    ),
    Allow(
        "sklearn.utils._bunch sklearn.utils",
        "Bunch",
        "a dict whose keys are attributes",
    ),
)
