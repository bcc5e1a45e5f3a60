"""How much two environments agree in the order of their configurations."""

from __future__ import annotations

import numpy as np
from scipy.stats import spearmanr

# With two points every correlation is 1 or -1.
_MIN_PAIRS = 3
# Equal rank correlations differ in the last digits if they were summed in another order.
_DIGITS = 9


def rank_agreement(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Compute Spearman's correlation of two environments' values, and Pearson's to decide between equals.

    Parameters
    ----------
    a, b
        Values of the same configurations, shape (rows,); NaN where unknown. Rows with a NaN are ignored.

    Returns
    -------
    tuple of float
        Both correlations; -1 for both where fewer than three rows are left or all values are equal.
    """
    both_known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both_known], b[both_known]
    if len(a) < _MIN_PAIRS or np.ptp(a) == 0 or np.ptp(b) == 0:
        return -1.0, -1.0
    return round(float(spearmanr(a, b).statistic), _DIGITS), float(np.corrcoef(a, b)[0, 1])
