"""K-means sampling: candidates are grouped around as many centres as are to be measured; the nearest to each is chosen.

J. MacQueen, Some methods for classification and analysis of multivariate observations, Proc. 5th Berkeley Symposium
(1967), and S. P. Lloyd, Least squares quantization in PCM, IEEE Trans. Information Theory 28 (1982). The first centres
are candidates drawn at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from threadpoolctl import ThreadpoolController

from perftransfer.designs._nearest import assign
from perftransfer.designs.interface import Evidence
from perftransfer.space.encoding import matrix
from perftransfer.space.options import Option

TITLE = "k-means"
NEEDS_SOURCE = False


@cache
def _threads() -> ThreadpoolController:
    # Looking for the libraries that start threads takes longer than a whole choice.
    return ThreadpoolController()


def choose(
    candidates: np.ndarray, options: Sequence[Option], order: np.ndarray, n: int, source: Evidence | None
) -> np.ndarray:
    """Take the nearest unused candidate for each of ``n`` centres of the encoded candidates."""
    if n >= len(order):
        return order
    points = matrix(candidates, options, "scaled")
    rng = np.random.default_rng(order)
    clusters = min(n, len(np.unique(points, axis=0)))
    means = KMeans(clusters, init="random", n_init=1, random_state=int(rng.integers(2**31)))
    # Several threads add up in any order, and then not even the same seed gives the same centres.
    with _threads().limit(limits=1):
        means.fit(points)
    return assign(cdist, means.cluster_centers_, points, order, n)
