"""Compare strategies over several data sets: the cells of each in a file with the columns of transfer.parquet.

    PYTHONPATH=workflow python benchmarks/compare.py xception.parquet nb201.parquet results/default/transfer.parquet

Each file is a data set. Prints, for each data set and over all: mean errors (mape, on the test third) by budget, wins,
ties and losses at equal budget, and ranks. Over all, each data set counts the same: errors are averaged
geometrically, wins are shares, ranks are means. A strategy counts over all at the budgets that it has everywhere.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.results import aggregate, tests
from perftransfer.tables.wins import Wins

_KEY = ["strategy", "design", "learner"]


def name(path: Path) -> str:
    """Name of the data set in a file: the study's, or the file's own."""
    return path.parent.name if path.name == "transfer.parquet" else path.stem


def errors(cells: pd.DataFrame) -> pd.Series:
    """Mean error of each strategy and learner, by objective and budget."""
    means = aggregate.over_targets(aggregate.by_target(cells, "mape", "mean"), "mean")
    return means[means["learner"] != aggregate.ALL].set_index(["objective", *_KEY, "budget"])["value"]


def shares(cells: pd.DataFrame) -> pd.DataFrame:
    """Share of wins, ties and losses of each strategy at each budget, against all others together."""
    counts = Wins().compute({"transfer": cells}).groupby(["objective", "a", "budget"])
    sums = counts[["wins", "ties", "losses", "comparisons"]].sum()
    return sums[["wins", "ties", "losses"]].div(sums["comparisons"], axis=0).rename_axis(["objective", "way", "budget"])


def ranks(cells: pd.DataFrame) -> pd.Series:
    """Rank of each strategy by Scott and Knott's test, over the mean of the learners."""
    table = tests.rankings(cells, "mape")
    table = table[(table["learner"] == aggregate.ALL) & (table["family"] == tests.STRATEGIES)]
    return table.set_index(["objective", "way", "budget"])["rank"].astype(float)


def by_budget(values: pd.Series) -> pd.DataFrame:
    """Turn the index's last level into columns."""
    *rows, column = values.index.names
    return values.rename("value").reset_index().pivot_table("value", rows, column, aggfunc="first")


def over_all(parts: dict[str, pd.Series]) -> pd.DataFrame:
    """A column for each budget, of the mean over data sets and objectives of what all of them have."""
    joined = pd.concat(parts, names=["data set"])
    where = [level for level in joined.index.names if level not in ("data set", "objective")]
    groups = joined.groupby(where)
    return by_budget(groups.mean()[groups.count() == joined.groupby(["data set", "objective"]).ngroups])


def read(path: Path) -> pd.DataFrame:
    """Cells of a file; of a strategy for all sources that was given single ones as well, those apart."""
    cells = tables.read(path)
    single = cells["source"].notna()
    both = single & cells["strategy"].isin(cells.loc[~single, "strategy"])
    return cells.assign(strategy=cells["strategy"].where(~both, cells["strategy"] + " (one source)"))


def main() -> None:
    """Read, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    files = parser.parse_args().files
    if len(set(map(name, files))) < len(files):
        raise UserError(f"two data sets have the same name: {', '.join(map(name, files))}")
    sets = {name(path): read(path) for path in files}
    by_error = {key: errors(cells) for key, cells in sets.items()}
    by_share = {key: shares(cells) for key, cells in sets.items()}
    by_rank = {key: ranks(cells) for key, cells in sets.items()}
    with pd.option_context("display.width", 200, "display.max_rows", None, "display.max_columns", None):
        for key in sets:
            print(f"\n{key}: mean error (%)\n{by_budget(by_error[key]).round(2).to_string()}")
            text = (100 * by_share[key]).round().astype(int).astype(str).agg(" / ".join, axis=1)
            print(f"\n{key}: wins / ties / losses (%)\n{by_budget(text).to_string()}")
            print(f"\n{key}: rank\n{by_budget(by_rank[key]).to_string()}")
        logs = {key: np.log(part) for key, part in by_error.items()}
        print(f"\nall: mean error (%), geometric\n{np.exp(over_all(logs)).round(2).to_string()}")
        won = {key: part["wins"] for key, part in by_share.items()}
        print(f"\nall: share of wins (%)\n{(100 * over_all(won)).round(1).to_string()}")
        print(f"\nall: mean rank\n{over_all(by_rank).round(2).to_string()}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
