"""All that a study knows about one objective: what sentences and tables of the report read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from perftransfer import objectives
from perftransfer.lazy import pd
from perftransfer.results import influence, searches
from perftransfer.results.aggregate import Results


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that a study knows about one objective.

    Parameters
    ----------
    ranges, influence, similarity, transfer, search
        The tables of these names, of all objectives.
    labels
        What each environment is called, in the order of the study.
    significance
        The table ``significance`` as the report shows it; None if the study does without.
    maximize
        Whether more of it is better.
    scale
        Scale on which models were learnt.
    design_budgets
        Budgets at which designs without transfer are compared; none if no designs are.
    """

    objective: str
    ranges: pd.DataFrame
    influence: pd.DataFrame
    similarity: pd.DataFrame
    transfer: pd.DataFrame
    search: pd.DataFrame
    labels: Mapping[str, str]
    significance: pd.DataFrame | None = None
    maximize: bool = False
    scale: str = "log"
    design_budgets: Sequence[int] = ()

    @property
    def compares_strategies(self) -> bool:
        """Whether strategies were evaluated."""
        return len(self.transfer) > 0

    @property
    def quantity(self) -> str:
        """The objective in words, without its unit."""
        return objectives.split(self.objective)[0]

    @property
    def in_unit(self) -> str:
        """What follows the head of a column: ``", ms"``."""
        unit = objectives.split(self.objective)[1]
        return f", {unit}" if unit else ""

    def label(self, environment: object) -> str:
        """Return what an environment is called."""
        return self.labels.get(str(environment), str(environment))

    def in_order(self, environments: Iterable[object]) -> list[str]:
        """Sort environments as the study does; those that it does not have follow by name."""
        names = set(map(str, environments))
        return [name for name in self.labels if name in names] + sorted(names - set(self.labels))

    @cached_property
    def results(self) -> Results:
        """Results of the strategies."""
        return Results.of(self.transfer, self.objective)

    @cached_property
    def designs(self) -> Results:
        """Results of the designs without transfer."""
        return Results.from_designs(self.transfer, self.objective)

    @cached_property
    def regrets(self) -> pd.DataFrame:
        """Regret of the search methods, see ``searches.regrets``."""
        return searches.regrets(self.search, self.objective)

    @cached_property
    def measured(self) -> pd.DataFrame:
        """Rows of ``ranges`` by environment, where the objective has values; ``factor`` is high by low."""
        from perftransfer.evaluation.ranges import COLUMNS

        rows = self.ranges.reindex(columns=COLUMNS)
        table = rows[(rows["objective"] == self.objective) & (rows["values"] > 0)].set_index("environment")
        return table.assign(factor=(table["high"] / table["low"]).where(table["low"] > 0))

    @cached_property
    def influential(self) -> pd.DataFrame:
        """Rows of ``influence`` with ``matters``, see ``influence.influential``."""
        return influence.influential(self.influence, self.objective)
