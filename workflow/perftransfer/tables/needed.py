"""How many measurements in the target each way to transfer needs for which error."""

from __future__ import annotations

from perftransfer import strategies
from perftransfer.lazy import pd
from perftransfer.results import aggregate, formatting
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import CsvTable, Inputs, written

#: Errors in percent of which is told how many measurements they take.
ERRORS = (30.0, 20.0, 15.0, 10.0, 7.5, 5.0, 3.0, 2.0)

COLUMNS = ("objective", "strategy", "design", "learner", "best_learner", "error_percent", "needed", "largest_budget")

_STRATEGY = ["objective", "strategy", "design"]
_WAY = [*_STRATEGY, "learner"]


class Needed(CsvTable):
    """How many measurements in the target each way to transfer needs for which error."""

    title = "Measurements needed"
    caption = (
        "Measurements in the target that a strategy needs to reach an error: the smallest budget tried at which the "
        "median error (MAPE on the held-out third) is at most that; 0 where nothing is measured. Budgets in between "
        "were not tried, so fewer may be enough; “not with 40” means that the error is higher at every budget tried, "
        "the largest of which is 40. The error is the median over repeats, then sources, then targets; a budget at "
        "which a target has no finite error does not count. The best learner has the lowest error at the largest "
        "budget and is chosen by these same errors. All learners, and designs without transfer, are in "
        "tables/needed.csv."
    )
    inputs = ("transfer",)
    section = "budget"

    def compute(self, inputs: Inputs) -> pd.DataFrame:
        """Return one row per (objective, strategy, design, learner) and error.

        ``needed`` is empty if no budget tried is enough; learner all is the median over learners;
        ``best_learner`` says whether it is the strategy's best one; ``largest_budget`` is the largest
        at which every target has a value, empty if there is none.
        """
        errors = aggregate.over_targets(aggregate.by_target(inputs["transfer"], "mape", "median"), "median")
        table = errors[_WAY].drop_duplicates()
        table = table.join(aggregate.complete(errors).groupby(_WAY)["budget"].max().rename("largest_budget"), on=_WAY)
        table = table.merge(aggregate.best_learners(errors).assign(best=True), how="left", on=_WAY)
        table["best_learner"] = table["best"].notna()
        parts = []
        for error in ERRORS:
            parts.append(table.join(aggregate.budgets_needed(errors, error), on=_WAY).assign(error_percent=error))
        table = pd.concat(parts).sort_values(_WAY, kind="stable", ignore_index=True)
        return table[list(COLUMNS)].astype({"needed": "Int64", "largest_budget": "Int64"})

    def for_report(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a column per error: for each strategy its best learner, and the median of several."""
        rows = frame[frame["strategy"] != strategies.NO_TRANSFER]
        rows = rows.assign(strategy=aggregate.ways(rows), learner=rows["learner"].fillna(aggregate.NO_LEARNER))
        rows = rows[rows["best_learner"] | (rows["learner"] == aggregate.ALL)]
        # A strategy with a single learner, or without any, has as its median the same again.
        several = frame.groupby(_STRATEGY)["learner"].transform("size").loc[rows.index] > 2 * len(ERRORS)
        rows = rows[several | rows["best_learner"]]
        best = ("best: " + rows["learner"]).where(several, rows["learner"])
        rows = rows.assign(learner=best.where(rows["best_learner"], "median over learners"), text=_texts(rows))
        key = ["objective", "strategy", "learner"]
        table = rows[key].drop_duplicates()
        for error in ERRORS:
            of_error = rows[rows["error_percent"] == error]
            table = table.merge(of_error[[*key, "text"]].rename(columns={"text": f"{error:g} %"}), how="left", on=key)
        return table.sort_values(key, ignore_index=True)

    def on_page(self, frame: pd.DataFrame, objective: str = "") -> PageTable | None:
        """Return what is said of one objective, strategies in reading order."""
        part = frame[frame["objective"] == objective].drop(columns="objective")
        # Errors that nobody reaches, but for the first of them, tell nothing more.
        errors = [name for name in part if name not in ("strategy", "learner")]
        reached = [name for name in errors if part[name].astype(str).str.replace(",", "").str.isdigit().any()]
        last = errors.index(reached[-1]) + 1 if reached else 0
        part = part.drop(columns=errors[last + 1 :])
        rows = []
        for name in formatting.in_reading_order(part["strategy"]):
            title = formatting.strategy_title(name)
            for _, learner, *texts in part[part["strategy"] == name].itertuples(index=False):
                strategy = Cell(name, title if title != name else "")
                cells = [Cell(written(text)) for text in (learner or None, *texts)]
                rows.append([strategy, *cells])
        return PageTable(self.caption, [str(name) for name in part], rows, frozenset({1})) if rows else None


def _texts(rows: pd.DataFrame) -> pd.Series:
    texts: list[str | None] = []
    for needed, largest in zip(rows["needed"], rows["largest_budget"], strict=True):
        if pd.notna(needed):
            texts.append(f"{needed:.0f}")
        else:
            texts.append(None if pd.isna(largest) else f"not with {largest:.0f}")
    return pd.Series(texts, index=rows.index, dtype=object)
