"""K-means sampling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from perftransfer.designs._nearest import assign
from perftransfer.designs.interface import Design, Evidence
from perftransfer.space.options import Option

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


@cache
def _threads() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    # Looking for the libraries that start threads takes longer than a whole choice.
    return ThreadpoolController()


class KMeans(Design):
    """K-means sampling: the candidates nearest to the centres of groups of candidates.

    There are as many groups as configurations to measure. The first centres are candidates drawn at random.

    J. MacQueen, Some methods for classification and analysis of multivariate observations, Proc.
    5th Berkeley Symposium (1967), and S. P. Lloyd, Least squares quantization in PCM, IEEE Trans.
    Information Theory 28 (1982).
    """

    title = "k-means"

    def choose(
        self, candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
    ) -> np.ndarray:
        """Take the nearest unused candidate for each of ``n`` centres of the encoded candidates."""
        from scipy.spatial.distance import cdist
        from sklearn import cluster

        from perftransfer.space.encoding import matrix

        if n >= len(order):
            return order
        points = matrix(candidates, options, "scaled")
        rng = np.random.default_rng(order)
        clusters = min(n, len(np.unique(points, axis=0)))
        means = cluster.KMeans(clusters, init="random", n_init=1, random_state=int(rng.integers(2**31)))
        # Several threads add up in any order, and then not even the same seed gives the same centres.
        with _threads().limit(limits=1):
            means.fit(points)
        return assign(cdist, means.cluster_centers_, points, order, n)
