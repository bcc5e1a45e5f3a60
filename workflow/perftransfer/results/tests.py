"""Tests and intervals on the aggregated results.

Cells share sources and targets, so they are not independent: an environment that is hard to predict occurs in
thousands of them. The unit of every test is therefore the target: repeats and then sources are averaged first
(``aggregate.by_target`` with statistic ``mean``). Sources are held fixed: nothing here says how much depends on which
environments they are. Few targets say little: of 8, no p-value can be below 2/256, and percentile intervals from fewer
than a dozen are too narrow.

A way is what is compared: a strategy with its own design. Strategy NT, no transfer, stands for as many ways as it has
designs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from perftransfer.fitting.seeds import seed_for
from perftransfer.lazy import np, pd
from perftransfer.results.aggregate import (
    ALL,
    GUIDED,
    KEY,
    NO_LEARNER,
    Statistic,
    by_target,
    over_targets,
    ways,
    without_transfer,
)

#: Level of significance, of one family of comparisons as a whole.
LEVEL = 0.05
#: With fewer targets there are neither intervals nor ranks.
MIN_TARGETS = 3

ERROR_COLUMNS = (*KEY, "targets", "targets_missing", "cells_dropped", "value", "low", "high")
_COMPARED = (
    "a", "b", "targets", "median_difference", "rank_biserial", "p", "p_holm", "significant", "comparisons",
    "smallest_p", "can_be_significant",
)  # fmt: skip
COMPARISON_COLUMNS = ("family", "objective", "learner", "budget", *_COMPARED)
RANKING_COLUMNS = (
    "family", "objective", "learner", "budget", "way", "targets", "targets_left_out", "geometric_mean", "rank",
)  # fmt: skip

#: Families of comparisons: ways to use a source (with random sampling), and ways to choose a sample without one (with
#: guided sampling, which asks a source what to measure).
STRATEGIES = "strategies"
DESIGNS = "designs"

# Up to here the null distribution of the signed-rank sum is enumerated.
_MOST_EXACT = 50
# Values closer than this, relative to the larger one, are the same value, computed twice.
_SAME = 1e-9


def errors_with_intervals(
    cells: pd.DataFrame, metric: str, statistic: Statistic, *, seed: int, draws: int = 2000
) -> pd.DataFrame:
    """Aggregate a metric over targets, with a 95 % interval.

    Parameters
    ----------
    cells
        Rows of ``transfer.parquet``.
    metric, statistic
        What to aggregate, and how.
    seed, draws
        See ``interval``.

    Returns
    -------
    pandas.DataFrame
        A row per objective, strategy, design, learner and budget (``ERROR_COLUMNS``): what
        ``aggregate.over_targets`` returns, with ``low`` and ``high`` the ends of the interval.
    """
    values = by_target(cells, metric, statistic)
    table = over_targets(values, statistic)
    groups = {key: part.dropna().to_numpy() for key, part in values.groupby(KEY)["value"]}
    keys = table[KEY].itertuples(index=False, name=None)
    ends = [interval(groups[key], seed=seed, statistic=statistic, draws=draws) for key in keys]
    table[["low", "high"]] = np.array(ends, dtype=float).reshape(-1, 2)
    return table[list(ERROR_COLUMNS)]


def interval(values: np.ndarray, *, seed: int, statistic: Statistic = "mean", draws: int = 2000) -> tuple[float, float]:
    """Bootstrap a 95 % percentile interval of the mean or median of one value per target.

    Whole targets are drawn with replacement, with all that was evaluated on them (a cluster
    bootstrap: Davison and Hinkley, Bootstrap Methods and their Application, 1997, sec. 3.8).

    Parameters
    ----------
    values
        One per target, finite.
    seed
        The study's.
    statistic
        What the interval is of.
    draws
        Number of bootstrap samples.

    Returns
    -------
    tuple of float
        Lower and upper end; NaN for fewer than ``MIN_TARGETS`` targets.
    """
    n = len(values)
    if n < MIN_TARGETS:
        return float("nan"), float("nan")
    counts = _counts(n, seed, draws)
    if statistic == "mean":
        # No product of matrices: its last digits may depend on the number of cores.
        drawn = (counts / n * values).sum(axis=1)
    else:
        order = np.argsort(values, kind="stable")
        up_to = counts[:, order].cumsum(axis=1)
        # The one or two values in the middle of each sample.
        middle = [values[order][(up_to > position).argmax(axis=1)] for position in ((n - 1) // 2, n // 2)]
        drawn = (middle[0] + middle[1]) / 2
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


@lru_cache(maxsize=16)
def _counts(n: int, seed: int, draws: int) -> np.ndarray:
    # Of n targets always the same samples: intervals of two ways differ by the ways, not by the draw.
    rng = np.random.default_rng(seed_for(seed, "bootstrap", n))
    return rng.multinomial(n, np.full(n, 1 / n), size=draws)


def families(cells: pd.DataFrame, metric: str) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield what is compared with each other: the key (family, objective, learner, budget), and targets x ways.

    Ways that measure nothing in the target (DM) were evaluated at budget 0 only: they are set
    against the others at each of their budgets. Those that take no learner are set against the
    others under every learner. Where there are fewer than two ways there is nothing to yield: a
    design whose size is fixed by the options, for one, stands alone at its budget.
    """
    values = _under_every_learner(by_target(cells, metric, "mean"))
    values["way"] = ways(values)
    without = without_transfer(values)
    members = {STRATEGIES: ~without, DESIGNS: without | (values["strategy"] == GUIDED)}
    for family, member in members.items():
        for (objective, learner), group in values[member].groupby(["objective", "learner"], sort=True):
            largest = group.groupby("way")["budget"].max()
            direct = sorted(largest.index[largest == 0])
            # All budgets x all targets, whether or not there is a value.
            wide = group.pivot_table("value", ["budget", "target"], "way", aggfunc="first", dropna=False)
            for budget in sorted(set(group.loc[~group["way"].isin(direct), "budget"])) or [0]:
                table_at = wide.loc[budget].copy()
                if direct:
                    table_at[direct] = wide.loc[0][direct]
                table_at = table_at.dropna(axis=1, how="all")
                if table_at.shape[1] >= 2:
                    yield (
                        {"family": family, "objective": objective, "learner": learner, "budget": int(budget)},
                        table_at,
                    )


def _under_every_learner(values: pd.DataFrame) -> pd.DataFrame:
    """Repeat what was found without a learner under each of the objective's learners; over all of them it is there."""
    without = values["learner"] == NO_LEARNER
    learners = values.loc[~without & (values["learner"] != ALL), ["objective", "learner"]].drop_duplicates()
    repeated = values[without].drop(columns="learner").merge(learners, on="objective")
    return pd.concat([values[~without], repeated], ignore_index=True)


def comparisons(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Every pair of ways in each of ``families``, target by target (``in_pairs``); columns ``COMPARISON_COLUMNS``."""
    return in_pairs(families(cells, metric), ("family", "objective", "learner", "budget"))


def in_pairs(families: Iterable[tuple[dict[str, Any], pd.DataFrame]], key: Sequence[str]) -> pd.DataFrame:
    """Compare every pair of ways in each family, target by target.

    Parameters
    ----------
    families
        The key of each, and values of shape (targets, ways).
    key
        Names of what is in the keys.

    Returns
    -------
    pandas.DataFrame
        The key, and the columns that are described here.

    Notes
    -----
    ``a``, ``b``: two ways. ``median_difference``: of a - b over the targets that both have a value
    for (there are ``targets`` of them), in the unit of the metric; negative if a errs less.
    ``rank_biserial``: matched-pairs rank-biserial correlation (Kerby, Comprehensive Psychology 3,
    2014), the effect size: from -1, a errs less on every target, to 1, more on every one. ``p``:
    Wilcoxon's signed-rank test, two-sided, targets without a difference left out; exact up to 50
    targets (scipy rounds the statistic to the safe side where differences are tied).

    ``p_holm``: p corrected for all comparisons of the family (Holm, Scandinavian Journal of
    Statistics 6, 1979; there are ``comparisons``); ``significant`` if at most 0.05. ``smallest_p``:
    what p would be if all targets agreed, 2/2^n. ``can_be_significant``: whether p_holm could be at
    most 0.05 if so in all comparisons of the family. A corrected p never falls when another p
    rises, so this is its lowest value; where it is false, that nothing is significant says nothing
    about the ways, only about the number of targets.
    """
    rows: list[dict[str, Any]] = []
    differences: list[np.ndarray] = []
    sizes: list[int] = []
    for which, values in families:
        pairs = 0
        # Columns as plain arrays: there are thousands of pairs.
        for (a, x), (b, y) in itertools.combinations(((way, values[way].to_numpy()) for way in values), 2):
            d = np.where(np.abs(x - y) <= _SAME * np.maximum(np.abs(x), np.abs(y)), 0.0, x - y)
            d = d[~np.isnan(d)]
            if len(d):
                differences.append(d)
                rows.append({**which, "a": a, "b": b, "targets": len(d)})
                pairs += 1
        sizes += [pairs] * bool(pairs)
    table = pd.DataFrame(rows, columns=[*key, "a", "b", "targets"])
    n = table["targets"].to_numpy(dtype=int)
    table["median_difference"] = [np.median(d) for d in differences]
    table["p"], table["rank_biserial"] = signed_ranks(differences)
    table["smallest_p"] = np.minimum(1.0, 2.0 ** (1 - n))
    table["comparisons"] = np.repeat(sizes, sizes).astype(int)
    ends = np.cumsum(sizes, dtype=int)[:-1]
    for name, corrected in (("p", "p_holm"), ("smallest_p", "lowest")):
        table[corrected] = np.concatenate([holm(p) for p in np.split(table[name].to_numpy(dtype=float), ends)])
    table["significant"] = table["p_holm"] <= LEVEL
    table["can_be_significant"] = table["lowest"] <= LEVEL
    return table[[*key, *_COMPARED]]


def signed_ranks(differences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """P-value (Wilcoxon's signed-rank test, two-sided) and rank-biserial correlation of each of ``differences``.

    They may be of different lengths; see ``comparisons``.
    """
    # Its import takes more than a second, longer than most tables and figures, which need none of it.
    from scipy import stats

    n = np.array([len(d) for d in differences], dtype=int)
    p, effect = np.ones(len(n)), np.zeros(len(n))
    for method, applies in (("exact", n <= _MOST_EXACT), ("asymptotic", n > _MOST_EXACT)):
        which = np.flatnonzero(applies & np.array([d.any() for d in differences], dtype=bool))
        if not len(which):
            continue
        # In one array, filled up with zeros, which the test leaves out: one by one, thousands of tests take seconds.
        padded = np.zeros((n[which].max(), len(which)))
        for column, i in enumerate(which):
            # Rounded, so that differences that are equal but for rounding share their rank.
            padded[: n[i], column] = np.round(differences[int(i)] / np.abs(differences[int(i)]).max(), 9)
        p[which] = stats.wilcoxon(padded, axis=0, method=method).pvalue
        ranks = stats.rankdata(np.where(padded == 0, np.nan, np.abs(padded)), axis=0, nan_policy="omit")
        effect[which] = np.nansum(np.sign(padded) * ranks, axis=0) / np.nansum(ranks, axis=0)
    return p, effect


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p-values, shape (comparisons,), for their number (Holm 1979): the smallest times all, and so on."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected


def rankings(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Ranks of the ways in each of ``families``, 1 is the lowest error; columns ``RANKING_COLUMNS``.

    metric: an error, 0 or more. Ways that share a rank are not told apart (``scott_knott``). It
    works on logarithms: errors multiply, and a target that is ten times as hard must not decide
    alone; an error of 0 counts as the smallest other one. Only targets on which all ways have a
    value count (``targets``; ``targets_left_out`` are the others), and with fewer than 3 of them
    there is no rank. ``geometric_mean``: of the error over these targets.
    """
    rows: list[dict[str, Any]] = []
    for key, values in families(cells, metric):
        complete = values.dropna().to_numpy()
        n = len(complete)
        logs = np.log(np.maximum(complete, min(complete[complete > 0], default=1.0)))
        ranks = scott_knott(logs) if n >= MIN_TARGETS else [pd.NA] * values.shape[1]
        means = np.exp(logs.mean(axis=0)) if n else np.full(values.shape[1], np.nan)
        for way, mean, rank in zip(values.columns, means, ranks, strict=True):
            counts = {"targets": n, "targets_left_out": len(values) - n}
            rows.append({**key, "way": way, **counts, "geometric_mean": mean, "rank": rank})
    return pd.DataFrame(rows, columns=list(RANKING_COLUMNS)).astype({"rank": "Int64"})


def scott_knott(values: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Group treatments so that means differ between groups and not within; ranks from 1, the lowest, shape (columns,).

    values: shape (blocks, treatments), two blocks or more, no NaN; here targets and ways.

    Scott and Knott, Biometrics 30, 1974, pp. 507-512: treatments sorted by their means are cut in
    two where the sum of squares between the parts, B, is largest; pi B / (2 (pi - 2) s²), where s²
    estimates the variance of a mean from these means and from the error, is compared with
    chi-square with k / (pi - 2) degrees of freedom for k treatments. If it is significant both
    parts are treated alike, otherwise they stay a group. The error is what is left after taking out
    the effects of treatments and blocks, and is assumed to be normal with the same variance for
    all. The level holds for each cut, not for all of them together.
    """
    blocks, treatments = values.shape
    means = values.mean(axis=0)
    residuals = values - means - values.mean(axis=1, keepdims=True) + values.mean()
    freedom = (blocks - 1) * (treatments - 1)
    # Sum of squares of the error of a mean over the blocks: freedom times its variance.
    error = float((residuals**2).sum()) / blocks
    # What is left of equal values after rounding is no difference.
    nothing = 1e-24 * float((values**2).sum())
    order = np.argsort(means, kind="stable")
    ranks = np.empty(treatments, dtype=int)
    for rank, group in enumerate(_cut(means[order], error, freedom, level, nothing), start=1):
        ranks[order[group]] = rank
    return ranks


def _cut(means: np.ndarray, error: float, freedom: int, level: float, nothing: float) -> list[slice]:
    """Slices of the sorted ``means`` that form the groups."""
    from scipy import special

    k = len(means)
    whole = float(((means - means.mean()) ** 2).sum())
    if k < 2 or whole <= nothing:
        return [slice(0, k)]
    size = np.arange(1, k)
    first = np.cumsum(means - means.mean())[:-1]
    between = first**2 * (1 / size + 1 / (k - size))
    at = int(between.argmax())
    variance = (whole + error) / (k + freedom)
    statistic = np.pi / (2 * (np.pi - 2)) * float(between[at]) / variance
    # The upper tail of chi-square.
    if special.chdtrc(k / (np.pi - 2), statistic) > level:
        return [slice(0, k)]
    low = _cut(means[: at + 1], error, freedom, level, nothing)
    high = _cut(means[at + 1 :], error, freedom, level, nothing)
    return [*low, *(slice(part.start + at + 1, part.stop + at + 1) for part in high)]
