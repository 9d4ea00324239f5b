"""Names of metrics as people write them, and what each may mean.

A name is taken apart: words that say how classes are averaged and words that say nothing (`test`,
`score`) are set aside, and what is left is looked up.
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from modelwarden.core.values import dataclass
from modelwarden.metrics import measure

AVERAGED = ("precision", "recall", "f1")
_MARGINS = {
    "roc_auc": 0.01,
    "matthews_corrcoef": 0.02,
    "cohen_kappa": 0.02,
    "r2": 0.02,
    "spearman": 0.02,
    "pearson": 0.02,
}
_RELATIVE = 0.05

# Name without its separators, to the measurement.
_NAMES = {
    "accuracy": "accuracy acc top1 top1acc top1accuracy classificationaccuracy categoricalaccuracy"
    " sparsecategoricalaccuracy binaryaccuracy correct",
    "balanced_accuracy": "balancedaccuracy bacc balancedacc bac uar",
    "error_rate": "error errorrate err misclassificationrate zerooneloss",
    "precision": "precision ppv positivepredictivevalue",
    "recall": "recall sensitivity tpr truepositiverate hitrate",
    "specificity": "specificity tnr truenegativerate selectivity",
    "false_positive_rate": "fpr falsepositiverate fallout",
    "f1": "f1 f1measure f f1metric fmeasure dice",
    "roc_auc": "rocauc auc auroc aucroc areaunderroc areaundercurve areaundertheroccurve"
    " areaundertheroc cstatistic roc",
    "average_precision": "averageprecision ap prauc aucpr auprc areaunderprcurve",
    "matthews_corrcoef": "matthewscorrcoef mcc matthewscorrelation matthewscorrelationcoefficient"
    " phi",
    "cohen_kappa": "cohenkappa kappa cohenskappa",
    "log_loss": "logloss crossentropy crossentropyloss nll negativeloglikelihood",
    "brier_score": "brier brierscore brierloss",
    "expected_calibration_error": "ece expectedcalibrationerror calibrationerror",
    "top_k_accuracy": "top5 top5acc top5accuracy top5categoricalaccuracy",
    "rmse": "rmse rootmeansquarederror rmsd",
    "mean_squared_error": "mse meansquarederror",
    "mae": "mae meanabsoluteerror",
    "median_absolute_error": "medianabsoluteerror medae",
    "r2": "r2 rsquared rsquare coefficientofdetermination r2coefficient",
    "spearman": "spearman spearmanr spearmanrho spearmancorrelation spearmanrankcorrelation"
    " cosinespearman spearmancosine",
    "pearson": "pearson pearsonr pearsoncorrelation correlation r pearsoncosine cosinepearson",
}
_KNOWN = {word: name for name, words in _NAMES.items() for word in words.split()}

_AVERAGES = {
    "macro": "macro",
    "micro": "micro",
    "weighted": "weighted",
    "binary": "binary",
    "samples": "samples",
    "unweighted": "macro",
}
_EMPTY = frozenset(
    "test eval evaluation val valid validation dev overall total mean avg average final best score"
    " metric value on the set of in ovr holdout".split()
)
_WHY_NOT = {
    "loss": "the loss of a training run is not said to be any particular metric",
    "em": "exact match is a metric of text that is generated",
    "exactmatch": "exact match is a metric of text that is generated",
    "bleu": "BLEU is a metric of text that is generated",
    "rouge": "ROUGE is a metric of text that is generated",
    "wer": "the word error rate is a metric of speech",
    "cer": "the character error rate is a metric of speech",
    "perplexity": "perplexity is a metric of language models",
    "map": "mean average precision is a metric of detection and retrieval",
    "iou": "IoU is a metric of segmentation and detection",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that a name may mean.

    Attributes:
        name: of a measurement of the catalogue, or one less such a one.
        measure: the measurement it is computed from.
        turned: the value is one less the measurement.
        averaging: of classes; None where there is nothing to average.
    """

    name: str
    measure: str
    turned: bool = False
    averaging: str | None = None

    @property
    def higher_is_better(self) -> bool:
        """Direction of the claim's own metric."""
        return measure(self.measure).higher_is_better != self.turned

    @property
    def unit_scale(self) -> bool:
        """It lies within −1 to 1."""
        entry = measure(self.measure)
        return (entry.low >= -1 and entry.high <= 1) or self.measure == "r2"

    def margin(self, value: float) -> float:
        """Return the default for what is of no practical matter: 5 % of a claim without a scale."""
        if self.unit_scale:
            return _MARGINS.get(self.measure, 0.01)
        return _RELATIVE * abs(value)


def readings(
    metric: str, averaging: str | None, *, binary: bool, regression: bool
) -> tuple[tuple[Reading, ...], str]:
    """Return what a name may mean, and why it means nothing here when that is so.

    Args:
        metric: as it was written.
        averaging: as the claim states it beside the name.
        binary: the task has a positive class.
        regression: the task is one.
    """
    name, found = _taken_apart(metric)
    averaging = averaging or found
    if name is None:
        return (), _reason(metric)
    if averaging == "samples":
        return (), "averaging over samples is for tasks with several labels a row"
    if regression != (name in _NUMBERS):
        kind = "a regression" if regression else "a classifier"
        return (), f"{name} is no metric of {kind}"
    if name == "error_rate":
        return (Reading(name, "accuracy", turned=True),), ""
    if name in {"specificity", "false_positive_rate"}:
        reading = Reading(name, "false_positive_rate", turned=name == "specificity")
        return ((reading,), "") if binary else ((), _POSITIVE)
    if name in AVERAGED:
        return _averaged(name, averaging, binary=binary)
    if name == "roc_auc" and not binary:
        return (Reading("roc_auc_ovr", "roc_auc_ovr"),), ""
    if name == "average_precision" and not binary:
        return (), _POSITIVE
    return (Reading(name, name),), ""


_POSITIVE = "it needs a positive class, and the task has none"
_NUMBERS = frozenset(
    "rmse mean_squared_error mae median_absolute_error r2 spearman pearson".split()
)


def _averaged(name: str, averaging: str | None, *, binary: bool) -> tuple[tuple[Reading, ...], str]:
    if averaging == "binary" and not binary:
        return (), _POSITIVE
    if averaging is not None:
        return (_one(name, averaging),), ""
    wanted = ("binary", "macro", "weighted", "micro") if binary else ("macro", "weighted", "micro")
    return tuple(_one(name, each) for each in wanted), ""


def _one(name: str, averaging: str) -> Reading:
    whole = name if averaging == "binary" else f"{name}_{averaging}"
    return Reading(whole, whole, averaging=averaging)


def _taken_apart(metric: str) -> tuple[str | None, str | None]:
    """Return the metric's own name and the averaging that stands in it."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", metric.strip()).lower()
    text = text.replace("²", "2").replace("'", "")
    words = [w for w in re.split(r"[^a-z0-9]+", text) if w]
    averaging = next((_AVERAGES[w] for w in words if w in _AVERAGES), None)
    kept = [w for w in words if w not in _AVERAGES]
    for chosen in (kept, [w for w in kept if w not in _EMPTY]):
        name = _KNOWN.get("".join(chosen))
        if name is not None:
            return name, averaging
    for word, meaning in _AVERAGES.items():  # `f1macro`, without any separator
        joined = "".join(kept)
        if joined.startswith(word) or joined.endswith(word):
            name = _KNOWN.get(joined.removeprefix(word).removesuffix(word))
            if name is not None:
                return name, meaning
    return None, averaging


def _reason(metric: str) -> str:
    key = re.sub(r"[^a-z0-9]", "", metric.lower())
    for word, why in _WHY_NOT.items():
        if key == word or re.fullmatch(rf"(sacre|test|eval|val)?{word}[\dl]*(sum)?", key):
            return why
    near = get_close_matches(key, list(_KNOWN), n=1, cutoff=0.75)
    hint = f"; did it mean {_KNOWN[near[0]]}?" if near else ""
    return f"no metric of this name is known{hint}"
