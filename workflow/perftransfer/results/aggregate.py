"""Aggregate the cells of the evaluation, always in the same order.

A cell is one row of ``transfer.parquet``: a strategy with a learner, a source, a target, a budget
and a repeat. Cells are aggregated over repeats, then over learners (where the summary is over
learners), then over sources, then over targets. The statistic is named everywhere: ``median``
describes (sentences, figures, tables of errors), ``mean`` is what the tests of ``results.tests``
work on. Values that are not finite are excluded and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from perftransfer import strategies
from perftransfer.lazy import np, pd
from perftransfer.results import formatting
from perftransfer.results.paired import Paired

Statistic = Literal["mean", "median"]

#: The baseline that uses no source.
BASELINE = "RS"
#: The strategy whose design reads a source to choose what to measure, but whose learner uses none.
GUIDED = "GS"
#: Stands among the learners for the summary over learners.
ALL = "all"
#: Stands for the learner of a strategy that takes none.
NO_LEARNER = ""

#: What identifies a model, apart from its target and source.
KEY = ["objective", "strategy", "design", "learner", "budget"]
BY_PAIR_COLUMNS = (*KEY, "target", "source", "value")
BY_TARGET_COLUMNS = (*KEY, "target", "value", "cells", "dropped")
OVER_TARGETS_COLUMNS = (*KEY, "value", "low", "high", "targets", "targets_missing", "cells_dropped")

_CELLS = [*KEY, "source", "target", "repeat", "n_measured"]
_STRATEGY = ["objective", "strategy", "design"]
_METRIC = "mape"
_METRICS = (_METRIC, "regret", "spearman")


def by_pair(cells: pd.DataFrame, metric: str, statistic: Statistic) -> pd.DataFrame:
    """Aggregate a metric over repeats, and over learners.

    Parameters
    ----------
    cells
        Rows of ``transfer.parquet``.
    metric
        Column to aggregate.
    statistic
        How.

    Returns
    -------
    pandas.DataFrame
        A row per objective, strategy, design, learner, budget, target and source
        (``BY_PAIR_COLUMNS``), sorted. ``source`` is empty where no single source is used. The rows
        of learner ``all`` are over those learners that have a value.
    """
    return _by_pair(_rows(cells, metric), statistic)


def by_target(cells: pd.DataFrame, metric: str, statistic: Statistic) -> pd.DataFrame:
    """Aggregate a metric to one value per target.

    Parameters
    ----------
    cells
        Rows of ``transfer.parquet``.
    metric
        Column to aggregate.
    statistic
        How: the same at each step.

    Returns
    -------
    pandas.DataFrame
        A row per objective, strategy, design, learner, budget and target (``BY_TARGET_COLUMNS``),
        sorted. ``value`` is NaN where no cell is finite. ``cells`` is the number of cells,
        ``dropped`` that of those that are not finite. Learner ``all`` has no value if one of the
        objective's learners has none: the others alone are an easier problem. Of a strategy without
        a learner it is the value itself.
    """
    rows = _rows(cells, metric)
    unit = [*KEY, "target"]
    without_learner = [name for name in unit if name != "learner"]
    pairs = _by_pair(rows, statistic)
    counts = rows.groupby(unit, observed=True)["dropped"].agg(cells="size", dropped="sum").reset_index()
    counts = counts.astype({**dict.fromkeys(_names(unit), object), "cells": int, "dropped": int})
    values = pairs.groupby(unit)["value"].agg(statistic)
    table = counts.join(values, on=unit)
    if table.empty:
        return table.reindex(columns=list(BY_TARGET_COLUMNS))
    groups = table.groupby(without_learner, sort=True)
    over_learners = groups[["cells", "dropped"]].sum()
    if statistic == "mean":
        # Over sources first: where a learner lacks a source's value, the others' must not weigh more for it.
        over_learners = over_learners.join(groups["value"].mean())
    else:
        over_learners = over_learners.join(
            values.loc[values.index.get_level_values("learner") == ALL].droplevel("learner")
        )
    named = table[table["learner"] != NO_LEARNER]
    learners = named.groupby(without_learner)["learner"].nunique().reindex(over_learners.index, fill_value=0).to_numpy()
    has_all = (groups["value"].count() == groups.size()).to_numpy()
    over_learners = over_learners.reset_index()
    n_learners = over_learners["objective"].map(named.groupby("objective")["learner"].nunique())
    complete = has_all & ((learners == 0) | (learners == n_learners))
    over_learners["value"] = over_learners["value"].where(complete)
    out = pd.concat([table, over_learners.assign(learner=ALL)], ignore_index=True)
    return out.sort_values(unit, ignore_index=True)[list(BY_TARGET_COLUMNS)]


def over_targets(values: pd.DataFrame, statistic: Statistic) -> pd.DataFrame:
    """Aggregate over targets.

    Parameters
    ----------
    values
        What ``by_target`` returns.
    statistic
        How.

    Returns
    -------
    pandas.DataFrame
        A row per objective, strategy, design, learner and budget (``OVER_TARGETS_COLUMNS``),
        sorted. ``value`` is over the ``targets`` that have one; ``low`` and ``high`` are their
        quartiles. ``targets_missing`` counts the targets on which the strategy was evaluated at all
        and that have no value here. ``cells_dropped`` counts cells that are not finite.
    """
    groups = values.groupby(KEY, sort=True)
    table = groups["value"].agg([statistic, "count"]).set_axis(["value", "targets"], axis="columns")
    table["low"], table["high"] = groups["value"].quantile(0.25), groups["value"].quantile(0.75)
    table["cells_dropped"] = groups["dropped"].sum().astype(int)
    table = table.reset_index()
    evaluated = values.groupby(_STRATEGY)["target"].nunique().rename("evaluated")
    table["targets_missing"] = table.join(evaluated, on=_STRATEGY)["evaluated"] - table["targets"]
    return table[list(OVER_TARGETS_COLUMNS)].astype({"targets": int, "targets_missing": int})


def complete(errors: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of ``over_targets`` for which every target has a value.

    Of some of the targets, it would be the error of an easier problem.
    """
    return errors[(errors["targets_missing"] == 0) & errors["value"].notna()]


def best_learners(errors: pd.DataFrame) -> pd.DataFrame:
    """Choose the learner of each strategy that has the lowest error at the strategy's largest budget.

    It is chosen by the very errors that are reported, so these are optimistic. Only learners with a
    value on every target count. Of equal ones the first by name is chosen.

    Parameters
    ----------
    errors
        What ``over_targets`` returns.

    Returns
    -------
    pandas.DataFrame
        A row per objective, strategy and design that has such a learner, with ``learner``.
    """
    single = complete(errors)
    single = single[single["learner"] != ALL]
    last = single[single["budget"] == single.groupby(_STRATEGY)["budget"].transform("max")]
    return last.sort_values([*_STRATEGY, "value", "learner"]).drop_duplicates(_STRATEGY)[[*_STRATEGY, "learner"]]


def budgets_needed(errors: pd.DataFrame, error: float) -> pd.Series:
    """Return the smallest budget at which the error is at most ``error``, with a value on every target.

    Parameters
    ----------
    errors
        What ``over_targets`` returns.
    error
        In the unit of the metric.

    Returns
    -------
    pandas.Series
        ``needed`` by objective, strategy, design and learner; those that never get there are not in
        it.
    """
    reached = complete(errors)
    reached = reached[reached["value"] <= error]
    return reached.groupby([*_STRATEGY, "learner"])["budget"].min().rename("needed")


def ways(rows: pd.DataFrame) -> list[str]:
    """Return what each row's strategy is called: with its design where the strategy was evaluated with several."""
    designs_of = rows.groupby("strategy")["design"].nunique()
    several = {strategies.NO_TRANSFER, *designs_of.index[designs_of > 1]}
    return [
        f"{strategy} ({design})" if strategy in several else strategy
        for strategy, design in zip(rows["strategy"], rows["design"], strict=True)
    ]


def without_transfer(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows compare designs without transfer, rather than strategies."""
    return rows["strategy"] == strategies.NO_TRANSFER


@dataclass(frozen=True, eq=False)
class Results:
    """The errors of one objective, as medians: what sentences, tables and figures describe.

    Attributes
    ----------
    cells
        Rows of ``transfer.parquet``; ``strategy`` is what ``ways`` calls it, what is missing in a
        name is ``""``.
    """

    cells: pd.DataFrame

    @classmethod
    def of(cls, transfer: pd.DataFrame, objective: str) -> Results:
        """Take the strategies of an objective: ways to use a source, and random sampling."""
        return cls(strategies_on(transfer, objective, _METRICS))

    @classmethod
    def from_designs(cls, transfer: pd.DataFrame, objective: str) -> Results:
        """Take the designs without transfer of an objective, each as a strategy, and guided sampling."""
        rows = _on(transfer, objective, _METRICS)
        designs = rows[without_transfer(rows) & (rows["design"] != "")]
        guided = rows[(rows["strategy"] == GUIDED) & rows["budget"].isin(designs["budget"])]
        return cls(pd.concat([designs.assign(strategy=designs["design"]), guided]))

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Cells whose error is finite."""
        result: pd.DataFrame = self.cells[np.isfinite(self.cells[_METRIC])]
        return result

    @property
    def total(self) -> int:
        """Number of cells."""
        return len(self.cells)

    @property
    def missing(self) -> int:
        """Number of cells whose error is not finite; they are excluded."""
        return len(self.cells) - len(self.rows)

    @property
    def short(self) -> int:
        """Number of cells for which fewer configurations were measured than the budget says."""
        return int((self.rows["n_measured"] < self.rows["budget"]).sum())

    @cached_property
    def paired(self) -> Paired:
        """Errors of the strategies, to be compared cell by cell."""
        return Paired(self.rows.assign(way=self.rows["strategy"]))

    @cached_property
    def by_pair(self) -> pd.DataFrame:
        """Errors per strategy, learner, budget, target and source: medians over repeats."""
        return by_pair(self.cells, _METRIC, "median")

    @cached_property
    def by_repeat(self) -> pd.DataFrame:
        """Errors as ``by_pair``, each repeat standing for a source."""
        repeats = "repeat " + self.cells["repeat"].fillna(0).astype(int).astype(str)
        return by_pair(self.cells.assign(source=repeats), _METRIC, "median")

    @cached_property
    def by_target(self) -> pd.DataFrame:
        """Errors per strategy, learner, budget and target: medians over repeats, (learners,) sources."""
        return by_target(self.cells, _METRIC, "median")

    @cached_property
    def errors(self) -> pd.DataFrame:
        """Errors per strategy, learner and budget, with quartiles over targets (see ``over_targets``)."""
        return over_targets(self.by_target, "median")

    @cached_property
    def strategies(self) -> list[str]:
        """Strategies with an error on every target at some budget, in reading order."""
        return formatting.in_reading_order(self._best)

    @cached_property
    def excluded(self) -> list[str]:
        """Strategies of which nothing is said, since at every budget some target has no error."""
        return formatting.in_reading_order(set(self.cells["strategy"]) - set(self._best))

    @cached_property
    def with_source(self) -> list[str]:
        """Strategies that use a source and measure in the target."""
        # A strategy that uses all sources at once names no single one in its cells.
        named = set(self.rows.loc[self.rows["source"] != "", "strategy"])
        uses = {name for name in self.strategies if name in named or strategies.uses_sources(base_name(name))}
        return [name for name in self.strategies if name in uses and self.largest(name) > 0]

    @cached_property
    def direct(self) -> list[str]:
        """Strategies that measure nothing in the target."""
        return [name for name in self.strategies if self.largest(name) == 0]

    @property
    def has_baseline(self) -> bool:
        """Whether there is something without a source to compare with."""
        return BASELINE in self.strategies

    @cached_property
    def _best(self) -> dict[str, str]:
        best = best_learners(self.errors)
        return dict(zip(best["strategy"], best["learner"], strict=True))

    @cached_property
    def _values(self) -> dict[tuple[str, int, str], float]:
        part = complete(self.errors)
        return dict(
            zip(zip(part["strategy"], part["budget"], part["learner"], strict=True), part["value"], strict=True)
        )

    def best_learner(self, strategy: str) -> str:
        """Return the learner with the lowest error at the strategy's largest budget (see ``best_learners``)."""
        return self._best[strategy]

    @cached_property
    def _budgets(self) -> dict[str, list[int]]:
        budgets: dict[str, list[int]] = {name: [] for name in self._best}
        for strategy, budget, learner in self._values:
            if self._best.get(strategy) == learner:
                budgets[strategy].append(budget)
        return {name: sorted(part) for name, part in budgets.items()}

    def budgets(self, strategy: str) -> list[int]:
        """Return the budgets at which the strategy's best learner has an error on every target."""
        return self._budgets[strategy]

    def largest(self, strategy: str) -> int:
        """Return the largest of the strategy's budgets."""
        return self._budgets[strategy][-1]

    @cached_property
    def largest_budgets(self) -> dict[str, int]:
        """Largest budget of each strategy, in reading order."""
        return {name: self.largest(name) for name in self.strategies}

    @cached_property
    def common_budgets(self) -> list[int]:
        """Budgets above 0 that any strategy was given."""
        return sorted({budget for budgets in self._budgets.values() for budget in budgets if budget > 0})

    @cached_property
    def compared_budgets(self) -> list[int]:
        """Budgets of both random sampling and a strategy with a source."""
        if not self.has_baseline:
            return []
        sourced = {budget for name in self.with_source for budget in self._budgets[name]}
        return sorted(sourced & set(self._budgets[BASELINE]))

    def learners(self, strategy: str) -> list[str]:
        """Return the learners of a strategy; ``[""]`` for a strategy without."""
        return self._learners.get(strategy, [])

    @cached_property
    def _learners(self) -> dict[str, list[str]]:
        part = self.rows[["strategy", "learner"]].drop_duplicates()
        return {str(name): sorted(group) for name, group in part.groupby("strategy")["learner"]}

    @cached_property
    def all_learners(self) -> list[str]:
        """Names of all learners, sorted."""
        return sorted(set(self.rows["learner"]) - {NO_LEARNER})

    def panels(self) -> dict[str, str]:
        """Map the heading of each panel of a figure to its learner: the summary over learners first."""
        over_all = {"all learners": ALL} if len(self.all_learners) != 1 else {}
        return over_all | {name: name for name in self.all_learners}

    def error(self, strategy: str, budget: int, learner: str) -> float:
        """Return the median error over targets in percent; NaN unless every target has one.

        Parameters
        ----------
        strategy, budget
            Whose error.
        learner
            A learner, or ``ALL`` for the median over learners.
        """
        return float(self._values.get((strategy, budget, learner), np.nan))

    def best_error(self, strategy: str, budget: int) -> float:
        """Return the error of the strategy's best learner."""
        return self.error(strategy, budget, self.best_learner(strategy))

    def lowest_at(self, budget: int) -> float:
        """Return the lowest error of the best learners at a budget; NaN if there is none."""
        errors = [self.best_error(name, budget) for name in self.strategies if budget in self.budgets(name)]
        return min(errors, default=float("nan"))

    def budget_for(self, strategy: str, error: float, learner: str) -> int | None:
        """Return the smallest budget at which a strategy's error is at most ``error``; None if there is none."""
        part = self.errors[(self.errors["strategy"] == strategy) & (self.errors["learner"] == learner)]
        needed = budgets_needed(part, error)
        return int(needed.iloc[0]) if len(needed) else None

    def lowest(self) -> tuple[str, int] | None:
        """Return strategy and budget of the lowest error that a best learner reaches."""
        options = [(name, budget) for name in self.strategies for budget in self.budgets(name)]
        return min(options, key=lambda option: (self.best_error(*option), option[1], option[0]), default=None)

    def on_targets(self, strategy: str, budget: int, learner: str = ALL, metric: str = _METRIC) -> pd.Series:
        """Return a metric by target: medians over repeats, (learners,) and sources."""
        return self._series(self._by("target", metric), (strategy, budget, learner))

    def on_pairs(self, strategy: str, budget: int, learner: str = ALL, metric: str = _METRIC) -> pd.Series:
        """Return a metric by source and target: medians over repeats (and learners)."""
        return self._series(self._by("pair", metric), (strategy, budget, learner))

    def median(self, strategy: str, budget: int, learner: str, metric: str) -> float:
        """Return the median of a metric over targets."""
        return float(self.on_targets(strategy, budget, learner, metric).median())

    @cached_property
    def _indexed(self) -> dict[tuple[str, str], dict[tuple[str, int, str], pd.Series]]:
        return {}

    def _by(self, level: str, metric: str) -> Mapping[tuple[str, int, str], pd.Series]:
        if (level, metric) not in self._indexed:
            if level == "pair":
                table = self.by_pair if metric == _METRIC else by_pair(self.rows, metric, "median")
                index = ["source", "target"]
            else:
                table = self.by_target if metric == _METRIC else by_target(self.rows, metric, "median")
                index = ["target"]
            groups = table.dropna(subset="value").set_index(index).groupby(["strategy", "budget", "learner"])
            self._indexed[level, metric] = {cast(tuple[str, int, str], key): part["value"] for key, part in groups}
        return self._indexed[level, metric]

    @staticmethod
    def _series(table: Mapping[tuple[str, int, str], pd.Series], key: tuple[str, int, str]) -> pd.Series:
        return table[key] if key in table else pd.Series(dtype=float)


def select_learner(frame: pd.DataFrame, learner: str) -> pd.DataFrame:
    """Select the rows of a learner; with a single one, also those of strategies without, which are the same for all."""
    alone = (frame["learner"] == NO_LEARNER) & (learner != ALL)
    return frame[(frame["learner"] == learner) | alone]


def base_name(way: str) -> str:
    """Return the strategy of what ``ways`` calls ``STRATEGY (design)``."""
    return way.partition(" (")[0]


def strategies_on(transfer: pd.DataFrame, objective: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Select an objective's strategies, each named as ``ways`` does.

    Columns that are missing are empty, names of nothing are ``""``, and metrics are floats.
    """
    rows = _on(transfer, objective, metrics)
    # No transfer stands for many designs: as one strategy it would be the average of good and bad ones.
    rows = rows[~without_transfer(rows)]
    return rows.assign(strategy=ways(rows))


def _on(transfer: pd.DataFrame, objective: str, metrics: Sequence[str]) -> pd.DataFrame:
    rows = transfer.reindex(columns=[*_CELLS, *metrics])
    rows = rows[rows["objective"] == objective]
    rows = rows.assign(**{name: _text(rows[name]) for name in _names(_CELLS)})
    return rows.astype({**dict.fromkeys([*metrics, "n_measured"], float), "budget": int})


def _rows(cells: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Take what is aggregated: names as categories, ``value`` (NaN where not finite), ``dropped``; sorted."""
    cells = cells.reindex(columns=[*_CELLS, metric])
    rows = pd.DataFrame(
        {
            # Categories: from strings of Arrow it takes several times as long to pick thousands of small groups.
            **{name: _text(cells[name]).astype("category") for name in _names(_CELLS)},
            "budget": cells["budget"].astype(int),
            "repeat": cells["repeat"].fillna(0).astype(int),
            "value": cells[metric].astype(float),
        }
    )
    rows["value"] = rows["value"].where(np.isfinite(rows["value"]))
    rows["dropped"] = rows["value"].isna()
    # Sorted, since the last digits of a sum depend on the order of what is summed.
    return rows.sort_values([*KEY, "target", "source", "repeat", "value"], kind="stable", ignore_index=True)


def _by_pair(rows: pd.DataFrame, statistic: Statistic) -> pd.DataFrame:
    unit = [*KEY, "target", "source"]
    single = rows[~rows["dropped"]].groupby(unit, observed=True)["value"].agg(statistic).reset_index()
    single = single.astype({**dict.fromkeys(_names(unit), object), "value": float})
    over = single.groupby([name for name in unit if name != "learner"])["value"].agg(statistic).reset_index()
    table = pd.concat([single, over.assign(learner=ALL)], ignore_index=True) if len(single) else single
    return table.sort_values(unit, ignore_index=True)[list(BY_PAIR_COLUMNS)]


def _names(columns: Iterable[str]) -> list[str]:
    return [name for name in columns if name not in ("budget", "repeat", "n_measured")]


def _text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "")
