"""Share of the variance that each option and interaction explains."""

from __future__ import annotations

from perftransfer.results.evidence import Evidence
from perftransfer.results.formatting import NOTHING, percent
from perftransfer.results.influence import LEAST, by_mean_share, written
from perftransfer.results.table import Cell, PageTable
from perftransfer.tables.interface import ReportTable

_ENVIRONMENTS = 6  # up to which each has a column of its own
_INTERACTIONS = 20


class Influence(ReportTable[Evidence]):
    """Share of the variance that each term explains: by environment, or over them where they are many."""

    title = "Influence"
    caption = (
        "Share of the variance that each option or interaction (×) adds to those that entered the stepwise regression "
        f"before it. {NOTHING}: not in that environment's model, counted as 0 in the mean. Last column: in how many "
        f"environments it was selected and reaches {100 * LEAST:.0f} %."
    )
    section = "influence"

    def cells(self, data: Evidence) -> PageTable | None:
        """Return a row per term: all options, so that one can see which do nothing, and the strongest interactions."""
        rows = data.influential
        if rows.empty:
            return None
        names = data.in_order(rows["environment"])
        shares = 100 * by_mean_share(rows, names).droplevel("order")
        weak = [term for term in shares.index if ":" in term][_INTERACTIONS:]
        matters = rows[rows["matters"]].groupby("term").size()
        each = len(names) <= _ENVIRONMENTS
        body = []
        for term, values in shares.drop(weak).iterrows():
            numbers = [*(values if each else (values.min(), values.max())), values.fillna(0.0).mean()]
            texts = [percent(float(share)).replace("below ", "<") for share in numbers]
            body.append([*map(Cell, [written(str(term)), *texts, f"{matters.get(term, 0)} of {len(names)}"])])
        columns = [data.label(name) for name in names] if each else ["least", "most"]
        left_out = f" {len(weak)} more interactions, all weaker, are left out." if weak else ""
        return PageTable(self.caption + left_out, ["option or interaction", *columns, "mean", "matters in"], body)
