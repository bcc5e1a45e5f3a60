"""The figures of a target hold what is predicted, mark what is recommended, and say what they leave out."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perftransfer.figures import _target, interactive
from perftransfer.figures._target import Target
from perftransfer.figures._vega import Interactive
from perftransfer.recommend.recommendation import COLUMNS, pareto_front

NAMES = ["latency_ms", "energy_mj"]


def target(n: int = 40, names: list[str] = NAMES, intervals: bool = True, failed: int | None = None) -> Target:
    rng = np.random.default_rng(2)
    ids = [f"c{i:03}" for i in range(n)]
    table = pd.DataFrame({"configuration_id": ids, "threads": np.arange(n) % 3 + 1, "arena": np.arange(n) % 2 == 0})
    table["status"] = ["ok" if i in (0, 5, 7) else "failed" if i == failed else "" for i in range(n)]
    for name in names:
        table[name] = np.exp(rng.normal(1, 0.5, n))
        table[f"{name}_low"] = table[name] / 1.3 if intervals else np.nan
        table[f"{name}_high"] = table[name] * 1.3 if intervals else np.nan
    good = np.flatnonzero(table["status"] != "failed")
    table["pareto"] = np.isin(np.arange(n), good[pareto_front(table[names].to_numpy()[good])])
    left_out, recommended = [], []
    for name in names:
        chosen = table.iloc[[0, 5, 7]]
        left_out.append(
            pd.DataFrame({"objective": name, "configuration_id": chosen["configuration_id"], "measured": 2.0})
            .assign(predicted=chosen[name], low=chosen[f"{name}_low"], high=chosen[f"{name}_high"])
        )  # fmt: skip
        best = table.iloc[[0, int(table[names[0]].argmin())]]
        row = dict.fromkeys(COLUMNS) | {"environment": "new", "objective": name}
        recommended.append(
            pd.DataFrame([row] * 2).assign(
                configuration_id=list(best["configuration_id"]), default=[True, False], predicted=list(best[name]),
                low=list(best[f"{name}_low"]), high=list(best[f"{name}_high"]), measured=[3.0, np.nan],
            )
        )  # fmt: skip
    costs = pd.concat([option_costs(name, intervals) for name in names])
    return Target("new", "new (emulated)", table, pd.concat(left_out), costs, pd.concat(recommended))


def option_costs(objective: str, intervals: bool = True) -> pd.DataFrame:
    """A change that was measured, two that are predicted, and one that failed."""
    columns = ["option", "recommended", "level", "configuration_id", "status", "value", "reference", "change"]
    rows = [
        ("arena", "true", "false", "c1", "measured", 2.2, 2.0, 0.1),
        ("threads", "2", "1", "c2", "predicted", 4.2, 2.1, 1.0),
        ("threads", "2", "3", "c3", "predicted", 2.0, 2.1, -0.05),
        ("mode", "fast", "slow", "c4", "failed", np.nan, 2.0, np.nan),
    ]
    table = pd.DataFrame(rows, columns=columns)
    predicted = (table["status"] == "predicted") & intervals
    ends = {"low": (table["change"] - 0.2).where(predicted), "high": (table["change"] + 0.2).where(predicted)}
    return table.assign(objective=objective, **ends)


def figures(target: Target) -> list[Interactive]:
    return interactive({"target": target}, "all", target.name)


def rows(figure: Interactive) -> list[dict[str, Any]]:
    return [dict(zip(figure.columns, row, strict=True)) for row in zip(*figure.columns.values(), strict=True)]


def test_each_configuration_stands_at_what_is_predicted_and_is_marked_for_what_it_is() -> None:
    known = target()
    choices, front, *_ = figures(known)
    found = rows(choices)
    assert len(found) == 40
    assert {row["kind"] for row in found} == set(_target.KINDS) - {_target.FAILED}
    assert choices.title == "Configurations to choose from in new (emulated)"
    (default,) = [row for row in found if row["kind"] == _target.DEFAULT]
    assert default["v0"] == pytest.approx(known.predictions["latency_ms"][0], rel=1e-3)
    best = min(found, key=lambda row: float(row["v0"]))
    assert best["kind"] == _target.RECOMMENDED
    on_front = [row for row in rows(front) if row["front"]]
    assert len(on_front) == len(pareto_front(known.predictions[NAMES].to_numpy()))
    for figure in (choices, front):
        assert "the default" in figure.json


def test_what_failed_is_on_no_front() -> None:
    table = target().predictions
    best = int(table["energy_mj"].argmin())
    choices, front, *_ = figures(target(failed=best))
    (row,) = [row for row in rows(front) if row["kind"] == _target.FAILED]
    assert not row["front"]
    assert _target.FAILED in choices.columns["kind"]


def test_of_one_objective_there_is_no_front() -> None:
    assert [figure.name for figure in figures(target(names=["latency_ms"]))] == [
        "new-interactive-target_choices", "new-interactive-target_option_costs", "new-interactive-target_predicted",
    ]  # fmt: skip


def test_options_stand_at_the_ratio_that_they_make_and_measured_is_told_from_predicted() -> None:
    known = target()
    costs = figures(known)[-2]
    latency = [row for row in rows(costs) if row["objective"] == "latency_ms"]
    assert [(row["label"], row["ratio"], row["status"]) for row in sorted(latency, key=lambda row: row["order"])] == [
        ("threads=1", 2.0, "predicted"), ("threads=3", 0.95, "predicted"), ("arena=false", 1.1, "measured"),
    ]  # fmt: skip
    assert [row["low"] is None for row in latency] == [row["status"] == "measured" for row in latency]
    assert "2 changes failed when measured" in costs.caption
    assert [value for value, _ in costs.controls[0].options] == NAMES
    assert "bars" not in figures(target(intervals=False))[-2].caption
    empty = dataclasses.replace(known, option_costs=known.option_costs.iloc[:0])
    assert not any("option_costs" in figure.name for figure in figures(empty))


def test_predicted_stands_beside_measured_left_out_or_afterwards() -> None:
    predicted = figures(target())[-1]
    found = rows(predicted)
    # Of each objective: three left out, and one that was measured afterwards.
    assert len(found) == 2 * (3 + 1)
    assert {row["objective"] for row in found} == set(NAMES)
    assert all(row["low"] < row["predicted"] < row["high"] for row in found)
    assert "each left out once" in predicted.caption
    assert "bars are intervals" in predicted.caption
    without = figures(target(intervals=False))[-1]
    assert rows(without)[0]["low"] is None
    assert "interval" not in without.caption


def test_of_a_large_space_some_are_shown_and_those_that_are_marked_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_target, "CONFIGURATIONS", 12)
    choices = figures(target(200, ["latency_ms"]))[0]
    assert len(choices.columns["kind"]) == 12
    assert "Shown are 12 of 200 configurations" in choices.caption
    assert _target.DEFAULT in choices.columns["kind"]
    assert _target.RECOMMENDED in choices.columns["kind"]


def test_a_figure_is_written_for_papers_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        figures(target())[0].write(tmp_path / folder)
    names = ["new-interactive-target_choices.pdf", "new-interactive-target_choices.svg"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    text = (tmp_path / "a" / names[1]).read_text()
    # In a PDF the parts stand in an order of their own each time.
    assert (tmp_path / "b" / names[1]).read_text() == text
    assert "Configurations to choose from in new (emulated)" in text
    assert "Objective: latency (ms); Option: threads" in text
