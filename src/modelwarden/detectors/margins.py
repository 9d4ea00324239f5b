"""The least effects that matter when data sets are judged: in one place, for users to set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass

if TYPE_CHECKING:
    from modelwarden.detectors.drift import Margins


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMargins:
    """`[assess.data]`.

    Attributes:
        mean: change of a number's mean, in standard deviations.
        distribution: largest difference of two cumulative shares.
        spread: ratio of the mean distances from the median.
        tail: share of rows beyond what one of a thousand passed.
        mix: share of rows with another word than before.
        missing: share of rows that lost their value, or have one now.
        correlation: change of a correlation.
        labels: share of rows with another label than before.
        answers: share of rows with another answer than before.
        errors: change of the error rate, or a share of the spread of a regression's label.
        duplicates: share of rows that repeat within a set. near_duplicates: likewise nearly.
        in_training: share of test rows that training has, beyond coincidence.
        wrong_labels: share of labels that are wrong.
    """

    mean: float = 0.10
    distribution: float = 0.045
    spread: float = 1.12
    tail: float = 0.005
    mix: float = 0.04
    missing: float = 0.02
    correlation: float = 0.10
    labels: float = 0.02
    answers: float = 0.03
    errors: float = 0.05
    duplicates: float = 0.002
    near_duplicates: float = 0.03
    in_training: float = 0.005
    wrong_labels: float = 0.01

    def of_features(self) -> Margins:
        """Return what is asked of a feature."""
        from modelwarden.detectors.drift import Margins  # reading a configuration needs no numpy

        return Margins(
            distribution=self.distribution,
            mean=self.mean,
            spread=self.spread,
            tail=self.tail,
            mix=self.mix,
            missing=self.missing,
        )

    def of_labels(self) -> Margins:
        """Return what is asked of labels, as words or as numbers."""
        from modelwarden.detectors.drift import Margins  # reading a configuration needs no numpy

        return Margins(mix=self.labels, distribution=1.5 * self.labels)

    def of_answers(self) -> Margins:
        """Return what is asked of a model's answers."""
        from modelwarden.detectors.drift import Margins  # reading a configuration needs no numpy

        return Margins(mix=self.answers)


USUAL = DataMargins()
