"""FA, feature augmentation: each option once for both environments, once for each alone."""

from __future__ import annotations

import dataclasses

import numpy as np
from sklearn.base import clone

from perftransfer.designs.random import Random
from perftransfer.space.options import to_json
from perftransfer.strategies.interface import Source, Strategy


class FA(Strategy):
    """The learner, fitted to all rows of the source and the target's sample, on three copies of the options.

    Daumé III, "Frustratingly easy domain adaptation", ACL 2007, section 3.2: <x, x, 0> for the source, <x, 0, x> for
    the target. Where he has zeros, a copy of an option is inactive here, which the encodings set apart for every
    learner.
    """

    title = "feature augmentation"
    design = Random
    needs_source = True
    fits_learner_on = "target"

    def fit(self, X: np.ndarray, y: np.ndarray, source: Source | None = None) -> FA:
        """Fit the learner to both environments' rows."""
        assert source is not None
        copies = [
            dataclasses.replace(
                option, name=f"{option.name} ({where})", conditional=where != "both" or option.conditional
            )
            for where in ("both", "source", "target")
            for option in self.options
        ]
        encoding, _ = self.learner.steps[0]
        learner = clone(self.learner).set_params(**{f"{encoding}__options": to_json(copies)})
        there = source.evidence
        rows = np.vstack([self._augmented(there.codes, True), self._augmented(X, False)])
        self.model_ = learner.fit(rows, np.concatenate([there.y, y]))
        return self

    def predict(self, X: np.ndarray, source: Source | None = None) -> np.ndarray:
        """Predict by the learner, for the target."""
        return np.asarray(self.model_.predict(self._augmented(X, False)), dtype=float)

    def _augmented(self, codes: np.ndarray, source: bool) -> np.ndarray:
        """Three copies of the columns, the one of the other environment inactive."""
        inactive = np.tile([len(option.levels) for option in self.options], (len(codes), 1))
        return np.hstack([codes, codes, inactive] if source else [codes, inactive, codes])
