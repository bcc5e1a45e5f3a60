"""The figures that answer hold the numbers that the sentences and tables tell, and say what they leave out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import studies

from perftransfer import figures
from perftransfer.figures import _vega, error_against_budget, influence
from perftransfer.figures._vega import Interactive
from perftransfer.figures.interface import Inputs
from perftransfer.results.aggregate import Results
from perftransfer.results.formatting import number

FOUR = studies.named(4)
TABLES = studies.tables(FOUR)
LABELS = {row["environment"]: row["environment"] + " (emulated)" * row["emulated"] for row in FOUR}


def inputs(**changes: object) -> Inputs:
    return {**TABLES, "environments": pd.DataFrame(FOUR), "excerpt": studies.excerpt(FOUR), "maximized": [], **changes}  # type: ignore[typeddict-item]


def shown(objective: str = "latency_ms", **changes: object) -> dict[str, Interactive]:
    """The interactive figures of the study by name."""
    return {one.name.rpartition("-")[2]: one for one in figures.interactive(inputs(**changes), objective)}


@pytest.fixture(scope="module")
def every() -> dict[str, Interactive]:
    return shown()


def rows(figure: Interactive) -> list[dict[str, Any]]:
    return [dict(zip(figure.columns, row, strict=True)) for row in zip(*figure.columns.values(), strict=True)]


def errors(strategy: str, **same: object) -> pd.DataFrame:
    """Errors of a strategy by learner, budget, source and target."""
    found = Results.of(TABLES["transfer"], "latency_ms").by_pair
    found = found[found["strategy"] == strategy]
    for name, value in same.items():
        found = found[found[name] == value]
    return found


def test_the_page_gets_every_interactive_figure(every: dict[str, Interactive]) -> None:
    assert {name: (one.section, one.still) for name, one in every.items()} == {
        "error_against_budget": ("budget", "error_against_budget"),
        "error_per_target": ("transfer", "error_per_target"),
        "influence": ("influence", "influence"),
        "configurations": ("influence", None),
    }
    assert every["influence"].name == "latency_ms-interactive-influence"


def test_the_errors_against_budget_are_those_of_the_still_figure(every: dict[str, Interactive]) -> None:
    found = rows(every["error_against_budget"])
    data = error_against_budget.ErrorAgainstBudget().select(inputs(), "latency_ms").quartiles
    for heading, learner in (("all learners", "all"), ("BRT", "BRT")):
        for budget in studies.BUDGETS:
            (row,) = [
                row
                for row in found
                if (row["strategy"], row["learner"], row["measured"]) == ("LMS", heading, budget)
                and row["target"] == "all targets"
            ]
            (own,) = data.query(
                f"strategy == 'LMS' and learner == '{learner}' and budget == {budget} and target == 'all targets'"
            ).to_dict("records")
            assert row["error"] == pytest.approx(own["middle"], rel=1e-3)
            assert row["low"] == pytest.approx(own["low"], rel=1e-3)
            assert row["low"] <= row["error"] <= row["high"]
    level = [r for r in found if (r["strategy"], r["learner"], r["target"]) == ("DM", "BRT", "all targets")]
    assert [row["budget"] for row in level] == studies.BUDGETS
    assert len({row["error"] for row in level}) == 1
    assert {row["target"] for row in found} == {"all targets", *LABELS.values()}
    first = [one.options[0][0] for one in every["error_against_budget"].controls if isinstance(one, _vega.Choice)]
    assert first == ["all learners", "all targets", "shown"]


def test_the_band_of_one_target_is_there_for_every_strategy(every: dict[str, Interactive]) -> None:
    found = [row for row in rows(every["error_against_budget"]) if row["target"] != "all targets"]
    assert {row["strategy"] for row in found} == set(studies.SHAPES)
    assert all(row["low"] < row["high"] for row in found)
    assert "or of repeats" in every["error_against_budget"].caption


def test_too_many_targets_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_against_budget, "ROWS", 10)
    figure = shown()["error_against_budget"]
    assert {row["target"] for row in rows(figure)} == {"all targets"}
    assert "too many" in figure.caption


def test_pairs_are_medians_over_learners_at_the_largest_budget(every: dict[str, Interactive]) -> None:
    found = rows(every["error_per_target"])
    pairs = errors("LMS", learner="all", budget=30).set_index(["source", "target"])["value"]
    alone = errors("RS", learner="all", budget=30).set_index("target")["value"]
    assert len(found) == len(pairs) == 12
    names = {label: name for name, label in LABELS.items()}
    for row in found:
        assert row["LMS"] == pytest.approx(pairs[names[row["source"]], names[row["target"]]], rel=1e-3)
        assert row["without"] == pytest.approx(alone[names[row["target"]]], rel=1e-3)
    assert every["error_per_target"].table is not None
    assert len(every["error_per_target"].table.rows) == 4


def test_of_many_environments_some_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_vega, "ENVIRONMENTS", 2)
    found = shown()
    assert len(rows(found["error_per_target"])) == 2
    for name in ("error_per_target", "influence"):
        assert "Shown are 2 of 4 environments" in found[name].caption


def test_configurations_have_their_options_and_values(every: dict[str, Interactive]) -> None:
    excerpt = studies.excerpt(FOUR)
    figure = every["configurations"]
    found = rows(figure)
    assert [row["configuration"] for row in found] == list(excerpt.configurations["configuration_id"])
    # The option that influences most comes first.
    assert [row["o0"] for row in found] == [str(level) for level in excerpt.configurations["intra_op_threads"]]
    values = excerpt.by_objective["latency_ms"]
    assert [row["e3"] for row in found] == pytest.approx(values.iloc[:, 3].tolist(), rel=1e-3)
    assert "Shown are" not in figure.caption
    some = shown(excerpt=replace(excerpt, all_configurations=100_000, all_environments=3_000))["configurations"]
    assert "48 of 100,000 configurations" in some.caption
    assert "4 of 3,000 environments" in some.caption


def test_the_best_configuration_is_the_highest_where_more_is_better() -> None:
    column = studies.excerpt(FOUR).by_objective["latency_ms"].iloc[:, 0]
    for maximized, best in (([], column.min()), (["latency_ms"], column.max())):
        table = shown(maximized=maximized)["configurations"].table
        assert table is not None
        assert table.rows[0][1].text == number(best, 3)


def test_nothing_to_show_is_not_shown() -> None:
    empty = studies.excerpt(FOUR)
    empty.by_objective["latency_ms"][:] = np.nan
    assert "configurations" not in shown(excerpt=empty)
    assert shown("energy_mj") == {}


def test_content_can_stand_inside_a_page() -> None:
    named = TABLES["influence"].replace({"net0-128px-all": "</script><b>"})
    text = str(shown(influence=named)["influence"].json)
    assert not set("<>&") & set(text)
    assert "</script><b>" in json.loads(text)["columns"]["environment"]["levels"]


def test_what_influences_least_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influence, "TERMS", 2)
    figure = shown()["influence"]
    assert {row["term"] for row in rows(figure)} == {"intra_op_threads", "precision"}
    assert "the 2 strongest of 6 terms" in figure.caption


def test_long_labels_leave_room_for_the_titles_of_axes(every: dict[str, Interactive]) -> None:
    vega = json.loads(str(every["error_per_target"].json))["vega"]
    axes = [axis for axis in vega["axes"] if axis.get("title")]
    assert len(axes) == 2
    assert vega["config"]["axis"]["maxExtent"] > 1000
    # The legend of a longer level makes the figure larger.
    assert vega["autosize"]["resize"]


def test_the_script_is_vega_and_fetches_nothing_to_be_made() -> None:
    text = str(_vega.script())
    assert text.rstrip().endswith("};")
    assert "window.vega={parse:" in text
    assert len(text) < 700_000
