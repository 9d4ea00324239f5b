"""A learner of words that mean another thing together, wherever they stand in a text.

Words and neighbours are learnt by themselves; "nobody" at the beginning and "dull" at the end are
no neighbours, and each says little alone. So pairs are taken of the few words that tell most and of
those that part the texts most evenly, as what turns a sentence round need not tell anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from modelwarden.detectors.designs import Design
from modelwarden.detectors.wordings import straight
from modelwarden.targets.frames import Floats, Labels

_LEAST = 0.01  # of the texts, in which a word stands and does not


@dataclass(frozen=True, slots=True)
class WordsTogether:
    """Logistic regression on what stands in texts, and on pairs of a few words of them.

    Attributes:
        weight: rows that the ridge is as heavy as.
        telling, parting: how many words are taken that tell classes, that part the texts.
    """

    weight: float = 1.0
    telling: int = 30
    parting: int = 20

    def __call__(self, design: Design, train: Labels, y: Labels, k: int, ask: Labels) -> Floats:
        """Learn from `train` and return probabilities of `ask`; what is no text tells nothing."""
        if design.wordings is None:
            return np.full((len(ask), k), 1.0 / k)
        words = design.wordings.words
        chosen = self._chosen(words[train], y, k)
        stands = (words[:, chosen] > 0).toarray()
        one, two = np.triu_indices(len(chosen), 1)
        both = sparse.csr_matrix((stands[:, one] & stands[:, two]).astype(np.float64) / 2)
        made = sparse.csr_matrix(sparse.hstack([words, both]))
        return straight(made, train, y, k, ask, self.weight)

    def _chosen(self, words: sparse.csr_matrix, y: Labels, k: int) -> Labels:
        """Return columns of words: those that tell most, and those that part most evenly."""
        n = words.shape[0]
        stands = sparse.csr_matrix((np.ones(words.nnz), words.indices, words.indptr), words.shape)
        stands = stands.tocsc()
        share = np.asarray(stands.sum(axis=0)).ravel() / n
        spread = share * (1 - share)
        known = np.flatnonzero(np.minimum(share, 1 - share) >= _LEAST)
        classes = np.eye(k)[y]
        seen = np.asarray(stands[:, known].T @ classes) / n  # (words, k)
        apart = (seen - share[known, None] * classes.mean(axis=0)) ** 2
        telling = (apart / spread[known, None]).sum(axis=1)
        return np.unique(
            np.concatenate(
                [
                    known[np.argsort(-telling, kind="stable")[: self.telling]],
                    known[np.argsort(-spread[known], kind="stable")[: self.parting]],
                ]
            )
        ).astype(np.int64)
