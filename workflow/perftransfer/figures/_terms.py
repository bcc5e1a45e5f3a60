"""The options and interactions that figures show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.figures._environments import Environments
from perftransfer.figures.interface import Inputs, NothingToShow
from perftransfer.lazy import pd
from perftransfer.results.influence import by_mean_share, influential, written

TERMS = 20


@dataclass(frozen=True, eq=False)
class Terms:
    """Influences on an objective.

    Parameters
    ----------
    rows
        Rows of ``influence.influential``.
    shares
        Shares of variance, terms x environments, see ``influence.by_mean_share``.
    """

    objective: str
    rows: pd.DataFrame
    shares: pd.DataFrame
    environments: Environments

    @classmethod
    def of(cls, inputs: Inputs, objective: str) -> Terms:
        """Take all terms of an objective.

        Raises
        ------
        NothingToShow
            If there are none.
        """
        rows = influential(inputs["influence"], objective)
        if rows.empty:
            raise NothingToShow(f"no influences of options on {objective} were found")
        names = Environments(inputs["environments"], rows["environment"])
        return cls(objective, rows, by_mean_share(rows, names.names), names)

    @property
    def strongest(self) -> Mapping[int, pd.DataFrame]:
        """Shares of the strongest terms by the number of their options, in percent."""
        shares = 100 * self.shares.iloc[:TERMS]
        orders = shares.index.get_level_values("order")
        return {int(order): shares[orders == order].droplevel("order") for order in sorted(set(orders))}

    @property
    def note(self) -> str:
        """The sentence that says that not all terms are shown, "" if all are."""
        return fewer(TERMS, len(self.shares))


def heading(order: int) -> str:
    """Return the title of the terms of ``order`` options."""
    return {1: "main effects", 2: "interactions"}.get(order, f"interactions of {order} options")


def labels(shares: pd.DataFrame) -> list[str]:
    """Return the label of the term of each row."""
    return [written(str(term)) for term in shares.index]


def fewer(n: int, total: int) -> str:
    """Return the sentence that says that not all terms are shown, "" if all are."""
    return f"Shown are the {n} strongest of {total:,} terms." if n < total else ""
