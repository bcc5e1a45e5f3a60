from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perftransfer.evaluation.ranges import COLUMNS, ranges_table
from perftransfer.fitting.noise import least_difference, spreads

ROWS = pd.DataFrame(
    {
        "environment": list("bbbbaa"),
        "x_ms": [4.0, 2.0, 9.0, np.nan, 1.0, 3.0],
        "x_ms_cv": [0.1, 0.3, np.nan, np.nan, np.nan, np.nan],
        "x_ms_n": [2, 3, 1, np.nan, 1, 1],
    }
)


def table(rows: pd.DataFrame, objectives: list[str]) -> pd.DataFrame:
    return ranges_table(rows.groupby("environment", sort=False), objectives)


def test_a_row_is_an_environment_and_an_objective_in_the_order_given() -> None:
    result = table(ROWS, ["x_ms", "y_mj"])
    assert tuple(result) == COLUMNS
    assert result[["environment", "objective"]].to_numpy().tolist() == [
        ["b", "x_ms"], ["b", "y_mj"], ["a", "x_ms"], ["a", "y_mj"],
    ]  # fmt: skip


def test_configurations_without_a_value_are_counted_and_nothing_more() -> None:
    rows = table(ROWS, ["x_ms"]).set_index("environment")
    expected = {"configurations": 4, "values": 3, "low": 2.0, "median": 4.0, "high": 9.0, "repeated": 2}
    assert rows.loc["b", list(expected)].to_dict() == expected
    assert rows.loc["a", ["configurations", "values", "repeated"]].tolist() == [2, 2, 0]


def test_the_spread_of_processes_is_in_percent_and_unknown_where_there_was_one() -> None:
    rows = table(ROWS, ["x_ms"]).set_index("environment")
    assert rows.loc["b", ["cv_5", "cv_50", "cv_95"]].tolist() == pytest.approx([11, 20, 29])
    spread = spreads(ROWS[:3], "x_ms")
    assert rows.loc["b", ["floor", "least"]].tolist() == [spread["floor"].mean(), least_difference(spread)]
    assert rows.loc["a", list(COLUMNS[8:])].isna().all()


def test_an_objective_that_nobody_measured_has_no_range() -> None:
    rows = table(ROWS, ["y_mj"])
    assert rows["values"].tolist() == rows["repeated"].tolist() == [0, 0]
    assert rows["configurations"].tolist() == [4, 2]
    assert rows[["low", "high", "floor"]].isna().all(axis=None)


def test_a_study_without_environments_has_the_columns() -> None:
    assert tuple(ranges_table([], ["x_ms"])) == COLUMNS
