"""SOURCE_ORDER: the best configurations of the sources, one after the other."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from perftransfer.gaussian_process.prior import SourceValues
from perftransfer.search.interface import History, SearchMethod


class SOURCE_ORDER(SearchMethod):  # noqa: N801
    """Proposes candidates in the order of their mean rank over the sources, whatever is measured in the target.

    Zero-shot transfer (Wistuba, Schilling and Schmidt-Thieme, "Sequential model-free hyperparameter tuning", ICDM
    2015, in its simplest form). It needs no model of the target. Where a source was not measured, its value is
    predicted from the measurements of all sources.
    """

    title = "best of the sources in order"
    is_random = False
    needs_source = True

    @cached_property
    def _order(self) -> np.ndarray:
        sources = [(source.codes, source.y) for source in self.sources]
        values, _ = SourceValues(sources, self.options).predict(self.candidates)
        return np.argsort(rankdata(values, axis=0).mean(axis=1), kind="stable")

    def _choose(self, history: History, is_free: np.ndarray, n: int) -> np.ndarray:
        return np.asarray(self._order[is_free[self._order]][:n])
