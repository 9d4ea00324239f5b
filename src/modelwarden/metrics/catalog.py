"""Every measurement of this room: what it means, its direction, its interval. No numpy here."""

from __future__ import annotations

from functools import cache
from math import inf

from modelwarden.core import UnknownNameError
from modelwarden.core.values import dataclass

WILSON = "Wilson score; Clopper–Pearson below five on a side"
JACCARD = "that of the share TP / (TP + FP + FN), carried over"
CELLS = "multinomial bootstrap on the cells"
PAIRS = "simultaneous over all pairs of groups, by multinomial bootstrap"
WELCH = "simultaneous over all pairs of groups, by their standard errors (Bonferroni)"
PAIRED = "paired proportions (Agresti–Min)"
MOVER = "Wilson score of each recall, joined (MOVER)"
DELONG = "DeLong on the logit scale, Brunner–Munzel degrees of freedom"
MEAN = "Student's t"
DIFFERENCE = "difference of two shares (Newcombe)"
NORMAL = "normal, by the standard errors of both sides"


@dataclass(frozen=True, slots=True)
class Measure:
    """What one measurement means.

    Attributes:
        name: as in scikit-learn's scorers and in fairlearn, where they have it.
        meaning: one line for somebody who has never heard the name.
        interval: how its interval is made.
        low: smallest value that is possible.
        high: largest value that is possible.
        of_groups: it compares groups, so it belongs to stage `fairness`.
        stage: that takes it.
    """

    name: str
    meaning: str
    higher_is_better: bool
    interval: str
    low: float = 0.0
    high: float = 1.0
    of_groups: bool = False
    stage: str = "performance"

    @property
    def direction(self) -> str:
        """`higher` or `lower`: which is better."""
        return "higher" if self.higher_is_better else "lower"


MEASURES: tuple[Measure, ...] = (
    Measure("accuracy", "Share of all cases that are answered right", True, WILSON),
    Measure(
        "balanced_accuracy",
        "Share answered right in each class, averaged, so that rare classes count as much",
        True,
        MOVER,
    ),
    Measure("precision", "Of the cases called positive, the share that are", True, WILSON),
    Measure("recall", "Of the positive cases, the share that are found", True, WILSON),
    Measure("f1", "Precision and recall in one number, zero if either is zero", True, JACCARD),
    Measure("precision_macro", "Precision of each class, averaged evenly", True, CELLS),
    Measure("recall_macro", "Recall of each class, averaged evenly", True, CELLS),
    Measure("f1_macro", "F1 of each class, averaged evenly: rare classes count fully", True, CELLS),
    Measure("precision_micro", "Precision over all answers; here the accuracy", True, WILSON),
    Measure("recall_micro", "Recall over all answers; here the accuracy", True, WILSON),
    Measure("f1_micro", "F1 over all answers; here the accuracy", True, WILSON),
    Measure("precision_weighted", "Precision of each class, by its size", True, CELLS),
    Measure("recall_weighted", "Recall of each class, by its size; the accuracy", True, WILSON),
    Measure("f1_weighted", "F1 of each class, by its size", True, CELLS),
    Measure(
        "matthews_corrcoef",
        "Agreement of answers and truth: 1 is perfect, 0 is guessing, below 0 is worse",
        True,
        CELLS,
        low=-1.0,
    ),
    Measure(
        "cohen_kappa",
        "Agreement beyond what chance alone would give: 1 is perfect, 0 is chance",
        True,
        CELLS,
        low=-1.0,
    ),
    Measure(
        "roc_auc",
        "Chance that a positive case gets a higher score than a negative one; 0.5 is guessing",
        True,
        DELONG,
    ),
    Measure("roc_auc_ovr", "ROC AUC of each class against the rest, averaged", True, DELONG),
    Measure(
        "average_precision",
        "Precision averaged over all thresholds; guessing gives the share of positives",
        True,
        "bootstrap on at most 1,000 score bins, on the logit scale",
    ),
    Measure(
        "log_loss",
        "Cost of sure and wrong scores, in nats; 0 is perfect",
        False,
        MEAN,
        high=inf,
    ),
    Measure(
        "brier_score",
        "Mean squared distance of the score from what happened; 0 is perfect",
        False,
        MEAN,
    ),
    Measure(
        "expected_calibration_error",
        "How far a stated probability is from what happens, on average",
        False,
        "bootstrap on the bins, less their noise at the lower end",
    ),
    Measure(
        "rmse",
        "Typical size of an error, large ones weigh more; in the unit of the label",
        False,
        "Student's t for the logarithm of the mean square",
        high=inf,
    ),
    Measure("mae", "Mean size of an error, in the unit of the label", False, MEAN, high=inf),
    Measure(
        "median_absolute_error",
        "Half of all errors are smaller than this, in the unit of the label",
        False,
        "order statistics (exact)",
        high=inf,
    ),
    Measure(
        "r2",
        "Share of the variation explained: 1 is perfect, 0 is always saying the mean",
        True,
        "delta method for a ratio of means",
        low=-inf,
    ),
    Measure(
        "spearman",
        "Whether a higher prediction goes with a higher truth: 1 always, 0 not at all",
        True,
        "Fisher's z with the variance of Bonett and Wright",
        low=-1.0,
    ),
    Measure(
        "pearson",
        "How straight the line is between prediction and truth: 1 perfectly, 0 not at all",
        True,
        "Fisher's z",
        low=-1.0,
    ),
    Measure(
        "mean_squared_error",
        "Mean squared size of an error, in squared units of the label",
        False,
        "Student's t for its logarithm",
        high=inf,
    ),
    Measure(
        "top_k_accuracy",
        "Share of cases whose class is among the k with the highest scores",
        True,
        WILSON,
    ),
    Measure(
        "accuracy_over_trivial",
        "Accuracy less that of always saying the most frequent class; above 0 is better",
        True,
        PAIRED,
        low=-1.0,
    ),
    Measure(
        "accuracy_difference",
        "Accuracy less that of the reference model on the same rows; above 0 is better",
        True,
        PAIRED,
        low=-1.0,
    ),
    Measure(
        "roc_auc_difference",
        "ROC AUC less that of the reference model on the same rows; above 0 is better",
        True,
        "paired DeLong",
        low=-1.0,
    ),
    Measure(
        "mae_difference",
        "Mean error less that of the reference model on the same rows; below 0 is better",
        False,
        MEAN,
        low=-inf,
        high=inf,
    ),
    Measure(
        "duplicate_share",
        "Share of test rows that also stand, value for value, in the training set",
        False,
        WILSON,
    ),
    Measure(
        "estimated_accuracy",
        "Share answered right on rows without labels, as far as the scores tell",
        True,
        "normal, of the estimate's own error; blind to concept drift",
    ),
    Measure(
        "estimated_roc_auc",
        "ROC AUC on rows without labels, as far as the scores tell",
        True,
        "Hanley and McNeil; blind to concept drift",
    ),
    Measure(
        "excess_error",
        "Share of a slice's rows answered wrong, beyond what was to be expected; 0 is as expected",
        False,
        "Wilson score, less the expectation",
        low=-1.0,
        stage="slices",
    ),
    Measure(
        "excess_residual",
        "Mean residual of a slice beyond what was to be expected, in the unit of the label",
        False,
        MEAN,
        low=-inf,
        high=inf,
        stage="slices",
    ),
    Measure(
        "clean_accuracy",
        "Share of the attacked sample that is answered right before anything is changed",
        True,
        WILSON,
        stage="robustness",
    ),
    Measure(
        "robust_accuracy",
        "Share of the sample that is still answered right under every attack that was run",
        True,
        WILSON,
        stage="robustness",
    ),
    Measure(
        "robust_accuracy_change",
        "Robust accuracy less that of the earlier model, on the same samples one by one",
        True,
        PAIRED,
        low=-1.0,
        stage="robustness",
    ),
    Measure(
        "attack_success_rate",
        "Of the inputs answered right, the share that an attack turned into a wrong answer",
        False,
        WILSON,
        stage="robustness",
    ),
    Measure(
        "median_queries",
        "Half of the inputs that fell did so within this many questions to the model",
        True,
        "order statistics (exact)",
        high=inf,
        stage="robustness",
    ),
    Measure(
        "median_changes",
        "Half of the rows or texts that fell did so by a change of this many features or words",
        True,
        "order statistics (exact)",
        high=inf,
        stage="robustness",
    ),
    Measure(
        "extraction_agreement",
        "Share of held-out inputs that a copy, learnt from answers alone, answers alike",
        False,
        WILSON,
        stage="privacy",
    ),
    Measure(
        "membership_auc",
        "Chance that a row of the training data is answered more surely than another one",
        False,
        "DeLong, logit scale",
        stage="privacy",
    ),
    Measure(
        "membership_tpr_at_1pct_fpr",
        "Share of training rows that are told as such while one in a hundred others is mistaken",
        False,
        WILSON,
        stage="privacy",
    ),
    Measure(
        "unanswered",
        "Share of odd requests that get no answer",
        False,
        WILSON,
        stage="cost",
    ),
    Measure(
        "evasions_fixed",
        "Share of the evasions of an earlier campaign that do not get past any more",
        True,
        WILSON,
        stage="robustness",
    ),
    Measure(
        "evasions_arrived",
        "Share of the evasions of a campaign that a firewall let through with the same answer",
        False,
        WILSON,
        stage="robustness",
    ),
    Measure(
        "rows_until_refused",
        "Half of the seed files whose campaign a firewall refused were first refused by this row",
        False,
        "order statistics (exact)",
        high=inf,
        stage="robustness",
    ),
    Measure(
        "rows_asked",
        "Rows that a campaign asked of its targets; repeats and further tries are left out",
        False,
        "none: counted",
        high=inf,
        stage="cost",
    ),
    Measure(
        "repeated_rows",
        "Rows that were asked again, as it was not known what had become of them in a kill",
        False,
        "none: counted",
        high=inf,
        stage="cost",
    ),
    Measure(
        "retried_rows",
        "Rows of further tries, where a target was busy, late or lost",
        False,
        "none: counted",
        high=inf,
        stage="cost",
    ),
    Measure(
        "latency",
        "Half of all calls are answered within this many seconds",
        False,
        "order statistics (exact)",
        high=inf,
        stage="cost",
    ),
    Measure(
        "latency_p95",
        "95 of 100 calls are answered within this many seconds",
        False,
        "order statistics (exact)",
        high=inf,
        stage="cost",
    ),
    Measure(
        "throughput",
        "Rows that are answered in a second, one call after another",
        True,
        "from that of the mean time of a call",
        high=inf,
        stage="cost",
    ),
    Measure(
        "peak_memory",
        "The most memory, in bytes, that the model's process held",
        False,
        "none: one reading",
        high=inf,
        stage="cost",
    ),
    Measure(
        "abnormal_inputs_survived",
        "Share of abnormal inputs that get a valid answer, or are clearly refused",
        True,
        WILSON,
        stage="abnormal",
    ),
    Measure(
        "distribution_shift",
        "Largest difference of the shares at or below a value, before and now; 0 is none",
        False,
        DIFFERENCE,
        stage="data",
    ),
    Measure(
        "mix_shift",
        "Share of the rows that would have to change their word to be as before; 0 is none",
        False,
        NORMAL,
        stage="data",
    ),
    Measure(
        "mean_shift",
        "How far a mean moved, in standard deviations of the reference, either way",
        False,
        NORMAL,
        high=inf,
        stage="data",
    ),
    Measure(
        "missing_share_change",
        "How much larger or smaller the share of missing values became; 0 is none",
        False,
        DIFFERENCE,
        stage="data",
    ),
    Measure(
        "prediction_shift",
        "How far the model's answers moved, as `distribution_shift` or `mix_shift` has it",
        False,
        f"of values: {DIFFERENCE}; of classes: {NORMAL}",
        stage="data",
    ),
    Measure("selection_rate", "Share of a group that gets the positive answer", True, WILSON),
    Measure(
        "true_positive_rate", "Of a group's positive cases, the share that is found", True, WILSON
    ),
    Measure(
        "false_positive_rate",
        "Of a group's negative cases, the share that is called positive",
        False,
        WILSON,
    ),
    Measure(
        "demographic_parity_difference",
        "Largest difference between groups in how often the answer is positive; 0 is equal",
        False,
        PAIRS,
        of_groups=True,
    ),
    Measure(
        "equal_opportunity_difference",
        "Largest difference between groups in how often a positive case is found; 0 is equal",
        False,
        PAIRS,
        of_groups=True,
    ),
    Measure(
        "equalized_odds_difference",
        "The larger of the gaps in true and in false positives between groups; 0 is equal",
        False,
        PAIRS,
        of_groups=True,
    ),
    Measure(
        "false_positive_rate_difference",
        "Largest difference between groups in how often a negative case is called positive",
        False,
        PAIRS,
        of_groups=True,
    ),
    Measure(
        "predictive_parity_difference",
        "Largest difference between groups in how often a positive answer is right",
        False,
        PAIRS,
        of_groups=True,
    ),
    Measure(
        "accuracy_score_difference",
        "Largest difference between groups in how often the answer is right",
        False,
        PAIRS,
        of_groups=True,
    ),
    Measure(
        "roc_auc_score_difference",
        "Largest difference between groups in how well the scores rank their cases",
        False,
        WELCH,
        of_groups=True,
    ),
    Measure(
        "mean_prediction_difference",
        "Largest difference between groups in the mean prediction, in the unit of the label",
        False,
        WELCH,
        high=inf,
        of_groups=True,
    ),
    Measure(
        "mean_error_difference",
        "Largest difference between groups in the mean of prediction less truth: who is overrated",
        False,
        WELCH,
        high=inf,
        of_groups=True,
    ),
    Measure(
        "mean_absolute_error_difference",
        "Largest difference between groups in the mean size of an error",
        False,
        WELCH,
        high=inf,
        of_groups=True,
    ),
    Measure(
        "counterfactual_change_rate",
        "Share of rows whose answer changes when nothing but the protected attribute does",
        False,
        WILSON,
        of_groups=True,
    ),
    Measure(
        "protected_attribute_auc",
        "How well the other columns tell the protected attribute: 0.5 not at all, 1 surely",
        False,
        DELONG,
        of_groups=True,
    ),
    Measure(
        "identity_flip_rate",
        "Share of our sentences whose answer an identity term, a name or a pronoun turns",
        False,
        WILSON,
        of_groups=True,
    ),
)


@cache
def _by_name() -> dict[str, Measure]:
    return {entry.name: entry for entry in MEASURES}


def measure(name: str) -> Measure:
    """Return the catalogue's entry.

    Raises:
        UnknownNameError: there is none of this name; it says the nearest.
    """
    known = _by_name()
    if name not in known:
        raise UnknownNameError("measurement", name, known)
    return known[name]
