"""The results of the evaluation, brought together step by step.

First the median over repeats of each (source, target, strategy, learner, budget); then, for the median learner, the
median over learners of each (source, target); only then the median over sources and targets. A strategy's best
learner is the one with the lowest error at its largest budget: chosen by the errors that are reported, so optimistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import pandas as pd

from perftransfer import strategies
from perftransfer.report import words

#: The baseline that uses no source.
BASELINE = "RS"
#: The strategy whose design asks a source what to measure, but whose learner uses none.
GUIDED = "GS"

_KEY = ["strategy", "budget", "learner", "source", "target"]
_METRICS = ["mape", "regret", "spearman"]
_COLUMNS = [*_KEY, "objective", "design", "n_measured", *_METRICS]


@dataclass(frozen=True, eq=False)
class Results:
    """Results for one objective.

    cells: strategy, budget, learner, source, target ("" for no learner and no source), and the medians over repeats of
    mape (percent), regret (1 is 100 %) and spearman. total, missing: number of results, and of those without an error.
    short: number of results for which fewer configurations could be measured than the budget says.
    """

    cells: pd.DataFrame
    total: int = 0
    missing: int = 0
    short: int = 0

    @classmethod
    def of(cls, transfer: pd.DataFrame, objective: str) -> Results:
        """Take an objective's rows of the table of transfers: ways to use a source, with random sampling."""
        rows = words.known(transfer, _COLUMNS)
        # No transfer stands for many designs: taken for one strategy it would be the average of good and bad ones.
        return cls._of_rows(rows[(rows["objective"] == objective) & (rows["strategy"] != strategies.NO_TRANSFER)])

    @classmethod
    def of_designs(cls, transfer: pd.DataFrame, objective: str) -> Results:
        """Take an objective's rows without transfer, each design for a strategy, and those of guided sampling."""
        rows = words.known(transfer, _COLUMNS)
        rows = rows[rows["objective"] == objective]
        own = rows[(rows["strategy"] == strategies.NO_TRANSFER) & rows["design"].notna()]
        guided = rows[(rows["strategy"] == GUIDED) & rows["budget"].isin(own["budget"])]
        return cls._of_rows(pd.concat([own.assign(strategy=own["design"]), guided]))

    @classmethod
    def _of_rows(cls, rows: pd.DataFrame) -> Results:
        rows = rows.astype(dict.fromkeys([*_METRICS, "budget", "n_measured"], float))
        good = rows[rows["mape"].notna()].astype({"budget": int})
        names = {name: good[name].astype(object).where(good[name].notna(), "") for name in ("learner", "source")}
        cells = good.assign(**names).groupby(_KEY, sort=True)[_METRICS].median().reset_index()
        # Plain objects: from strings of Arrow it takes several times as long to pick hundreds of small groups.
        cells = cells.astype(dict.fromkeys(["strategy", "learner", "source", "target"], object))
        return cls(cells, len(rows), len(rows) - len(good), int((good["n_measured"] < good["budget"]).sum()))

    @cached_property
    def strategies(self) -> list[str]:
        """Strategies in reading order."""
        return words.in_reading_order(self.cells["strategy"])

    @cached_property
    def with_source(self) -> list[str]:
        """Strategies that use a source and measure in the target."""
        # Of one that uses all sources at once no cell names a single one.
        sourced = {
            *self.cells.loc[self.cells["source"] != "", "strategy"],
            *filter(strategies.uses_sources, self.strategies),
        }
        return [name for name in self.strategies if name in sourced and self.largest(name) > 0]

    @cached_property
    def direct(self) -> list[str]:
        """Strategies that measure nothing in the target."""
        return [name for name in self.strategies if self.largest(name) == 0]

    @property
    def has_baseline(self) -> bool:
        """Whether there is something without a source to compare with."""
        return BASELINE in self.strategies

    @cached_property
    def _budgets(self) -> dict[str, list[int]]:
        # Where the best learner has no result, there is nothing to say of the strategy.
        own = self.cells[self.cells["learner"] == self.cells["strategy"].map(self._best)]
        return {str(name): sorted(set(group)) for name, group in own.groupby("strategy")["budget"]}

    def budgets(self, strategy: str) -> list[int]:
        """Budgets of a strategy."""
        return self._budgets[strategy]

    def largest(self, strategy: str) -> int:
        """Largest budget of a strategy."""
        return self._budgets[strategy][-1]

    @cached_property
    def common_budgets(self) -> list[int]:
        """Budgets above 0 that any strategy was given."""
        return sorted({budget for budgets in self._budgets.values() for budget in budgets if budget > 0})

    def learners(self, strategy: str) -> list[str]:
        """Learners of a strategy; [""] for a strategy without."""
        return sorted(set(self.cells.loc[self.cells["strategy"] == strategy, "learner"]))

    @cached_property
    def _best(self) -> dict[str, str]:
        best = {}
        for strategy in self.strategies:
            rows = self.cells[self.cells["strategy"] == strategy]
            errors = rows[rows["budget"] == rows["budget"].max()].groupby("learner")["mape"].agg(["median", "size"])
            # One that failed where it was difficult must not win by what is left.
            complete = errors[errors["size"] == errors["size"].max()]
            best[strategy] = str(complete["median"].idxmin())
        return best

    def best_learner(self, strategy: str) -> str:
        """Learner with the lowest error at the strategy's largest budget."""
        return self._best[strategy]

    @cached_property
    def _pairs(self) -> dict[tuple[str, int, str | None], pd.DataFrame]:
        found: dict[tuple[str, int, str | None], pd.DataFrame] = {}
        pair = ["source", "target"]
        medians = self.cells.groupby(["strategy", "budget", *pair])[_METRICS].median().reset_index()
        for rows, by in ((medians, ["strategy", "budget"]), (self.cells, ["strategy", "budget", "learner"])):
            for key, own in rows.set_index(pair).groupby(by):
                strategy, budget, *learner = cast(tuple[str, int] | tuple[str, int, str], key)
                found[strategy, budget, learner[0] if learner else None] = own[_METRICS]
        return found

    @cached_property
    def _errors(self) -> dict[tuple[str, int, str | None], float]:
        return {key: float(rows["mape"].median()) for key, rows in self._pairs.items()}

    def pairs(self, strategy: str, budget: int, learner: str | None, metric: str = "mape") -> pd.Series:
        """Values of a metric, indexed by source and target; ``learner`` None is the median learner."""
        found = self._pairs.get((strategy, budget, learner))
        return pd.Series(dtype=float) if found is None else found[metric].dropna()

    def error(self, strategy: str, budget: int, learner: str | None) -> float:
        """Error in percent: median over sources and targets; NaN if there is none."""
        return self._errors.get((strategy, budget, learner), float("nan"))

    def best_error(self, strategy: str, budget: int) -> float:
        """Error of the strategy's best learner."""
        return self.error(strategy, budget, self.best_learner(strategy))

    def budget_for(self, strategy: str, error: float, learner: str | None) -> int | None:
        """Return the smallest budget at which a strategy's error is at most ``error``; None if at none."""
        budgets = self.budgets(strategy)
        return next((budget for budget in budgets if self.error(strategy, budget, learner) <= error), None)

    def on_target(self, strategy: str, budget: int) -> pd.Series:
        """Errors by target: median over sources of the median learner."""
        errors = self.pairs(strategy, budget, None)
        return errors.groupby(level="target").median() if len(errors) else errors

    def with_learner(self, strategy: str, name: str | None = None) -> str:
        """Write a strategy and whose error is meant: ``LMS with its best learner (RF)``."""
        name = name or strategy
        found = self.learners(strategy)
        if found == [""]:
            return name
        if len(found) == 1:
            return f"{name} with {found[0]}"
        return f"{name} with its best learner ({self.best_learner(strategy)})"

    def short_name(self, strategy: str) -> str:
        """Write a strategy and its best learner: ``LMS (RF)``."""
        learner = self.best_learner(strategy)
        return f"{strategy} ({learner})" if learner else strategy
