"""Results of strategies on an objective, as figures draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perftransfer.figures._environments import Environments
from perftransfer.figures.interface import Inputs, NothingToShow
from perftransfer.lazy import pd
from perftransfer.results.aggregate import Results


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Results on an objective, and the environments that are targets in them."""

    objective: str
    results: Results
    targets: Environments

    @classmethod
    def of(cls, inputs: Inputs, objective: str, designs: bool = False) -> Evaluated:
        """Take an objective's strategies, or the ``designs`` without transfer.

        Raises
        ------
        NothingToShow
            If no strategy has an error.
        """
        take = Results.from_designs if designs else Results.of
        results = take(inputs["transfer"], objective)
        if results.rows.empty:
            raise NothingToShow(f"no strategy was evaluated on {objective}")
        return cls(objective, results, Environments(inputs["environments"], results.rows["target"]))

    @property
    def notes(self) -> tuple[str, str]:
        """How many targets there are, and how many results are excluded."""
        return self.targets.counted(), excluded(self.results.missing, self.results.total)


def excluded(missing: int, total: int) -> str:
    """Return the sentence that says how many results are not finite, "" if all are."""
    return f"{missing:,} of {total:,} results are not finite and excluded." if missing else ""


def quartiles(values: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the quartiles ``low``, ``middle`` and ``high`` of ``value``, indexed by ``by``."""
    groups = values.groupby(list(by), sort=True)["value"]
    return pd.DataFrame({"low": groups.quantile(0.25), "middle": groups.median(), "high": groups.quantile(0.75)})


def at_largest_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each strategy at its largest budget."""
    return rows[rows["budget"] == rows.groupby("strategy")["budget"].transform("max")]


def budgets_in_words(rows: pd.DataFrame) -> str:
    """Return the budgets of ``rows``, those of exceptional strategies named: "budget 40 (DM: 0)"."""
    by_strategy = rows.groupby("strategy")["budget"].max().astype(int)
    largest = by_strategy.max()
    others = ", ".join(f"{name}: {budget}" for name, budget in by_strategy.items() if budget != largest)
    return f"budget {largest}" + (f" ({others})" if others else "")
