"""Regret of simulated searches, over all searches of a method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from perftransfer.lazy import np, pd
from perftransfer.results import tests

#: Which sources a method searched with.
ALL_SOURCES, ONE_SOURCE, NO_SOURCE = "all", "one", "none"
#: Numbers of measurements that tables show.
SHOWN = (3, 5, 8, 12, 16, 20, 30, 50)
#: Regret (fraction) below which a search counts as done.
CLOSE = 0.01
_QUANTILES = {"low": 0.25, "median": 0.5, "high": 0.75, "worst_tenth": 0.9}


def sources_used(sources: pd.Series, n_sources: pd.Series) -> pd.Series:
    """Say which sources each search had: ``ALL_SOURCES``, ``ONE_SOURCE`` or ``NO_SOURCE``.

    Parameters
    ----------
    sources
        Column of this name of search.parquet.
    n_sources
        The largest number of sources that a search of the same target had.
    """
    counts = sources.str.count(", ") + 1
    used = np.where(counts == n_sources, ALL_SOURCES, ONE_SOURCE)
    return pd.Series(np.where(sources == "", NO_SOURCE, used), index=sources.index)


def regrets(search: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Return the distribution of the regret over searches: every target, set of sources and repeat is one.

    Before a search has a value, its regret counts as infinite.

    Returns
    -------
    DataFrame
        Columns ``method, sources, n``; ``mean``, ``low`` and ``high`` (quartiles), ``median`` and ``worst_tenth`` (90th
        percentile), in percent; ``searches`` and ``targets``, their numbers.
    """
    if search.empty:
        return pd.DataFrame(columns=["method", "sources", "n", *_QUANTILES, "mean", "searches", "targets"])
    rows = _in_percent(search[search["objective"] == objective])
    groups = rows.groupby(["method", "sources", "n"], sort=True)
    # Not interpolated: between a value and none at all there is nothing.
    columns = {name: groups["regret"].quantile(share, interpolation="higher") for name, share in _QUANTILES.items()}
    counts = {"mean": groups["regret"].mean(), "searches": groups.size(), "targets": groups["target"].nunique()}
    return pd.DataFrame(columns | counts).reset_index()


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the searches of an objective with their regret in percent, and which sources they had."""
    n_sources = (rows["sources"].str.count(", ") + 1).groupby(rows["target"]).transform("max")
    return rows.assign(sources=sources_used(rows["sources"], n_sources), regret=100 * rows["regret"].fillna(np.inf))


def comparisons(search: pd.DataFrame) -> pd.DataFrame:
    """Compare methods in pairs, target by target, by their regret after some numbers of measurements.

    Methods with all sources and with one are two families; those without sources are in both. The unit is the target:
    the regret is averaged over repeats and sources first. A target in which a search had no value after n measurements
    is left out of the comparisons of its method.

    Parameters
    ----------
    search
        Rows of ``search.parquet``.

    Returns
    -------
    DataFrame
        Columns ``objective, sources, n`` and those of ``tests.in_pairs``.
    """
    return tests.in_pairs(_families(search), ("objective", "sources", "n"))


def _families(search: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    for objective, part in search.groupby("objective", sort=False):
        rows = _in_percent(part)
        rows = rows[rows["n"].isin(shown(rows["n"].tolist()))]
        for sources in (ALL_SOURCES, ONE_SOURCE):
            if not (rows["sources"] == sources).any():
                continue
            same = rows[rows["sources"].isin([sources, NO_SOURCE])]
            wide = same.pivot_table("regret", ["n", "target"], "method", aggfunc="mean").replace(np.inf, np.nan)
            for n, values in wide.groupby(level="n"):
                yield {"objective": str(objective), "sources": sources, "n": int(str(n))}, values


def needed(quantiles: pd.DataFrame, column: str = "median") -> pd.DataFrame:
    """Return, per ``method`` and ``sources``, the measurements after which ``column`` stays within ``CLOSE``.

    ``needed`` is NaN where it does not; ``final`` is the value at the last n.
    """
    records = []
    for (method, sources), rows in quantiles.sort_values("n").groupby(["method", "sources"], sort=False):
        is_close = rows[column].to_numpy() <= 100 * CLOSE
        records.append(
            {
                "method": method,
                "sources": sources,
                "needed": float(rows["n"].iloc[int(is_close.argmax())]) if is_close.any() else np.nan,
                "final": float(rows[column].iloc[-1]),
                "n": int(rows["n"].iloc[-1]),
            }
        )
    return pd.DataFrame(records, columns=["method", "sources", "needed", "final", "n"])


def shown(n: Sequence[int]) -> list[int]:
    """Return the numbers of measurements that a table shows: those of ``SHOWN`` that were reached, and the last one."""
    last = max(n, default=0)
    return sorted({*(value for value in SHOWN if value <= last), last} - {0})
