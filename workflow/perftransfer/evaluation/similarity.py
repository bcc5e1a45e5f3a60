"""similarity.parquet: how alike environments are, by their values and by what influences them.

Which aspects to compare is after Jamshidi et al., "Transfer Learning for Performance Modeling of Configurable Systems:
An Exploratory Analysis", ASE 2017: linear and rank correlation of the values of common configurations, divergence of
the distributions, and how far influential options and interactions are the same and equally important. They find the
latter two by t-tests, regression trees and stepwise regression; here all come from the project's stepwise regression.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from perftransfer.scales import SCALES

COLUMNS = (
    "objective", "source", "target", "n", "pearson", "spearman", "kl_divergence", "common_terms",
    "influence_rank_correlation",
)  # fmt: skip

# With two points every correlation is 1 or -1.
_MIN_PAIRS = 3
# Bins of the histograms: their width in standard deviations, and how many there are on each side of the one in the
# middle. The middles of bins are at 0, 1 and -1, where standardised values of few levels lie: no rounding may move
# those into the next bin. The outermost bins are open.
_WIDTH = 0.5
_SIDE = 6
# Environments that are compared with as many others at once: what is computed on the way is this many columns, not all.
_BLOCK = 64
# The number of cores may change the last digits of a product of matrices; the table has the same bytes anywhere.
_DECIMALS = 12


def similarity_table(
    values: Callable[[str], pd.DataFrame],
    influence: pd.DataFrame,
    environments: Sequence[str],
    objectives: Sequence[str],
    *,
    scale: str,
) -> pd.DataFrame:
    """One row per objective and ordered pair of different environments, in the order given; columns ``COLUMNS``.

    values: of an objective, a row per configuration and a column per environment, NaN where not measured. influence:
    see DESIGN (``influence.parquet``). scale: of learning, one of ``SCALES``.

    - ``n``: configurations measured in both; with fewer than 3 the next three are NaN.
    - ``pearson``, ``spearman``: correlation of the objective (in its own unit) over these configurations; NaN if it is
      constant in one of the two. Pearson is 1 if a line leads from source to target, Spearman if any rising curve does.
    - ``kl_divergence``: of the source's distribution of the objective over these configurations from the target's,
      D(source || target) = sum of p ln(p / q), in nats. Both are first taken to the scale of learning and standardised
      by their own mean and standard deviation: what is left is the shape, after the linear shift that LMS would undo.
      p and q are the shares in 13 bins, half a standard deviation wide, the first and the last open, after adding one
      configuration to each bin (Laplace), so that it is always finite; with few configurations that pulls it towards
      0. Published scripts of the ASE paper (pooyanjamshidi/ase17, proc_x264.m) compare kernel densities at 1,000 points
      that each span their own environment's range: there, too, location and range do not count.
    - ``common_terms``: terms (options and interactions) that the stepwise regression selected in both, as a share of
      those that it selected in either (Jaccard); NaN if none was selected in either.
    - ``influence_rank_correlation``: Spearman's correlation of the share of variance over the terms selected in either,
      0 where a term was not selected; NaN for fewer than 3 terms, or if all shares of one environment are equal.
    """
    names = list(environments)
    source, target = np.nonzero(~np.eye(len(names), dtype=bool))
    labels = np.array(names, dtype=object)
    frames = []
    for objective in objectives:
        matrices = {
            **_by_values(values(objective).reindex(columns=names).to_numpy(dtype=float), SCALES[scale].forward),
            **_by_influence(influence[influence["objective"] == objective], names),
        }
        pairs = {name: np.round(matrix[source, target], _DECIMALS) for name, matrix in matrices.items()}
        keys = {"objective": objective, "source": labels[source], "target": labels[target]}
        frames.append(pd.DataFrame({**keys, **pairs}))
    table = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
    return table[list(COLUMNS)].astype({"objective": "str", "source": "str", "target": "str", "n": "int64"})


def _by_values(values: np.ndarray, forward: Callable[[np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
    """Compare the columns of ``values``, shape (configurations, environments); NaN where not measured.

    Returns matrices of shape (environments, environments), sources in rows.
    """
    environments = values.shape[1]
    out = {name: np.full((environments,) * 2, np.nan) for name in ("n", "pearson", "spearman", "kl_divergence")}
    # Environments measured in the same configurations are compared with others all at once.
    patterns, which = np.unique(~np.isnan(values), axis=1, return_inverse=True)
    groups = [(patterns[:, i], np.flatnonzero(which == i)) for i in range(patterns.shape[1])]
    blocks = [(pattern, part) for pattern, rows in groups for part in np.split(rows, range(_BLOCK, len(rows), _BLOCK))]
    for (pattern, rows), (other_pattern, columns) in itertools.combinations_with_replacement(blocks, 2):
        common = pattern & other_pattern
        here, there = np.ix_(rows, columns), np.ix_(columns, rows)
        out["n"][here], out["n"][there] = common.sum(), common.sum()
        if common.sum() < _MIN_PAIRS:
            continue
        x, y = values[np.ix_(common, rows)], values[np.ix_(common, columns)]
        ranks = stats.rankdata(x, axis=0), stats.rankdata(y, axis=0)
        for name, correlations in {"pearson": _correlations(x, y), "spearman": _correlations(*ranks)}.items():
            out[name][here], out[name][there] = correlations, correlations.T
        p, q = _shares(forward(x)), _shares(forward(y))
        out["kl_divergence"][here], out["kl_divergence"][there] = _divergences(p, q), _divergences(q, p)
    return out


def _standardised(x: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and standard deviation 1; zeros where a column is constant."""
    constant = np.ptp(x, axis=0) == 0
    deviation = np.where(constant, 1.0, x.std(axis=0))
    return np.where(constant, 0.0, (x - x.mean(axis=0)) / deviation)


def _correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each column of ``x`` with each of ``y``; NaN where one is constant."""
    correlations = np.clip(_standardised(x).T @ _standardised(y) / len(x), -1.0, 1.0)
    correlations[np.ptp(x, axis=0) == 0] = np.nan
    correlations[:, np.ptp(y, axis=0) == 0] = np.nan
    return np.asarray(correlations)


def _shares(x: np.ndarray) -> np.ndarray:
    """Smoothed shares of the bins, shape (bins, environments), of ``x``, shape (configurations, environments)."""
    bins = 2 * _SIDE + 1
    # Rounded, so that a shift of the values cannot carry one over the edge of its bin.
    bin_indices = np.rint(np.round(_standardised(x) / _WIDTH, 9)).clip(-_SIDE, _SIDE).astype(int) + _SIDE
    columns = x.shape[1]
    counts = np.bincount((bin_indices * columns + np.arange(columns)).ravel(), minlength=bins * columns)
    return (counts.reshape(bins, columns) + 1) / (len(x) + bins)


def _divergences(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence in nats of each column of ``p`` from each of ``q``."""
    # Never below 0, but for rounding.
    result: np.ndarray = np.maximum((p * np.log(p)).sum(axis=0)[:, None] - p.T @ np.log(q), 0.0)
    return result


def _by_influence(influence: pd.DataFrame, environments: Sequence[str]) -> dict[str, np.ndarray]:
    """Compare what was selected for each environment; matrices of shape (environments, environments)."""
    selected = influence[influence["selected"].astype(bool)]
    table = selected.pivot_table("share_of_variance", "term", "environment").reindex(columns=list(environments))
    shares = table.to_numpy(dtype=float)
    chosen = ~np.isnan(shares)
    shares = np.where(chosen, shares, 0.0)
    both = chosen.T.astype(float) @ chosen
    either = np.diag(both)[:, None] + np.diag(both) - both
    correlations = np.full(both.shape, np.nan)
    for i in range(len(environments)):
        # All targets of a source at once; what neither selected does not count.
        counted = chosen[:, [i]] | chosen
        source_shares, target_shares = np.where(counted, shares[:, [i]], np.nan), np.where(counted, shares, np.nan)
        enough = counted.sum(axis=0) >= _MIN_PAIRS
        correlations[i, enough] = _rank_correlations(source_shares[:, enough], target_shares[:, enough])
    return {
        "common_terms": np.divide(both, either, out=np.full(both.shape, np.nan), where=either > 0),
        "influence_rank_correlation": correlations,
    }


def _rank_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each column of ``a`` with the same of ``b``; NaN are left out, the same in both."""
    ranks = [stats.rankdata(x, axis=0, nan_policy="omit") for x in (a, b)]
    left, right = (np.nan_to_num(x - np.nansum(x, axis=0) / np.isfinite(x).sum(axis=0)) for x in ranks)
    length = np.sqrt((left**2).sum(axis=0) * (right**2).sum(axis=0))
    result: np.ndarray = np.divide(
        (left * right).sum(axis=0), length, out=np.full(length.shape, np.nan), where=length > 0
    )
    return result
