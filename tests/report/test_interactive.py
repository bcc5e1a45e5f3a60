"""The figures that answer hold the numbers that the sentences and tables tell, and say what they leave out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import studies

from perftransfer.report import (
    interactive,
    interactive_budget,
    interactive_configurations,
    interactive_influence,
    interactive_pairs,
)
from perftransfer.report.interactive import Interactive
from perftransfer.results.aggregate import ALL, Results
from perftransfer.results.formatting import environment_labels

FOUR = studies.named(4)
LABELS = environment_labels(FOUR)
TABLES = studies.tables(FOUR)
RESULTS = Results.of(TABLES["transfer"], "latency_ms")


def rows(figure: Interactive | None) -> list[dict[str, Any]]:
    assert figure is not None
    return [dict(zip(figure.columns, row, strict=True)) for row in zip(*figure.columns.values(), strict=True)]


def test_the_errors_against_budget_are_those_of_the_results() -> None:
    found = rows(interactive_budget.figure(RESULTS, "latency_ms", LABELS))
    all_targets = [row for row in found if row["target"] == "all targets"]
    for learner, name in ((ALL, "median over learners"), ("BRT", "BRT"), ("SVR", "SVR")):
        for budget in studies.BUDGETS:
            (row,) = [
                row
                for row in all_targets
                if (row["strategy"], row["learner"], row["measured"]) == ("LMS", name, budget)
            ]
            assert row["error"] == pytest.approx(RESULTS.error("LMS", budget, learner), rel=1e-3)
            assert row["low"] <= row["error"] <= row["high"]
    level = [row for row in all_targets if row["strategy"] == "DM" and row["learner"] == "BRT"]
    assert [row["budget"] for row in level] == studies.BUDGETS
    assert len({row["error"] for row in level}) == 1
    assert {row["target"] for row in found} == {"all targets", *LABELS.values()}


def test_too_many_targets_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive_budget, "POINTS", 10)
    figure = interactive_budget.figure(RESULTS, "latency_ms", LABELS)
    assert {row["target"] for row in rows(figure)} == {"all targets"}
    assert figure is not None
    assert "too many" in figure.caption


def test_pairs_are_those_of_the_results() -> None:
    figure = interactive_pairs.figure(RESULTS, "latency_ms", LABELS, list(LABELS))
    found = rows(figure)
    errors = RESULTS.on_pairs("LMS", 30)
    assert len(found) == len(errors) == 12
    names = {label: name for name, label in LABELS.items()}
    for row in found:
        assert row["LMS"] == pytest.approx(errors[names[row["source"]], names[row["target"]]], rel=1e-3)
        assert row["without"] == pytest.approx(RESULTS.on_targets("RS", 30)[names[row["target"]]], rel=1e-3)
    assert figure is not None
    assert figure.table is not None
    assert len(figure.table.rows) == 4


def test_of_many_environments_some_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (interactive_pairs, interactive_influence):
        monkeypatch.setattr(module, "ENVIRONMENTS", 2)
    pairs = interactive_pairs.figure(RESULTS, "latency_ms", LABELS, list(LABELS))
    influence = interactive_influence.figure(TABLES["influence"], "latency_ms", LABELS, list(LABELS))
    assert len(rows(pairs)) == 2
    for figure in (pairs, influence):
        assert figure is not None
        assert "Shown are 2 of 4 environments" in figure.caption


def test_configurations_have_their_options_and_values() -> None:
    excerpt = studies.excerpt(FOUR)
    figure = interactive_configurations.figure(excerpt, "latency_ms", LABELS, TABLES["influence"])
    found = rows(figure)
    assert [row["configuration"] for row in found] == list(excerpt.configurations["configuration_id"])
    # The option that influences most comes first.
    assert [row["o0"] for row in found] == [str(level) for level in excerpt.configurations["intra_op_threads"]]
    values = excerpt.by_objective["latency_ms"]
    assert [row["e3"] for row in found] == pytest.approx(values.iloc[:, 3].tolist(), rel=1e-3)
    assert figure is not None
    assert "Shown are" not in figure.caption
    some = interactive_configurations.figure(
        replace(excerpt, all_configurations=100_000, all_environments=3_000), "latency_ms", LABELS, TABLES["influence"]
    )
    assert some is not None
    assert "48 of 100,000 configurations" in some.caption
    assert "4 of 3,000 environments" in some.caption


def test_nothing_to_show_is_not_shown() -> None:
    empty = studies.excerpt(FOUR)
    empty.by_objective["latency_ms"][:] = np.nan
    assert interactive_configurations.figure(empty, "latency_ms", LABELS, TABLES["influence"]) is None
    assert interactive_configurations.figure(empty, "energy_mj", LABELS, TABLES["influence"]) is None
    none = Results.of(TABLES["transfer"], "energy_mj")
    assert interactive_budget.figure(none, "energy_mj", LABELS) is None
    assert interactive_pairs.figure(none, "energy_mj", LABELS, list(LABELS)) is None
    assert interactive_influence.figure(TABLES["influence"], "energy_mj", LABELS, list(LABELS)) is None


def test_content_can_stand_inside_a_page() -> None:
    figure = interactive_influence.figure(TABLES["influence"], "latency_ms", {"net0-128px-all": "</script><b>"}, LABELS)
    assert figure is not None
    text = str(figure.content)
    assert not set("<>&") & set(text)
    assert "</script><b>" in json.loads(text)["columns"]["environment"]["levels"]


def test_what_influences_nothing_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive_influence, "TERMS", 2)
    figure = interactive_influence.figure(TABLES["influence"], "latency_ms", LABELS, list(LABELS))
    assert {row["term"] for row in rows(figure)} == {"intra_op_threads", "precision"}
    assert figure is not None
    assert "the 2 strongest of 6 terms" in figure.caption


def test_the_script_is_vega_and_fetches_nothing_to_be_made() -> None:
    text = str(interactive.script())
    assert text.rstrip().endswith("};")
    assert "window.vega={parse:" in text
    assert len(text) < 700_000
