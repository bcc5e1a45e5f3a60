"""What each option costs from the recommended configuration: all single changes, measured or predicted."""

from __future__ import annotations

import dataclasses

import known
import numpy as np
import pandas as pd
import pytest

from perftransfer.recommend.option_costs import COLUMNS, of_chosen, option_costs_table
from perftransfer.recommend.recommendation import predict_space, recommend
from perftransfer.recommend.transferred_model import Measured, TransferredModel
from perftransfer.space.options import configuration_id

IDS = list(known.CONFIGURATIONS)
TRUTH = dict(zip(IDS, known.TARGET, strict=True))


def costs(model: TransferredModel) -> tuple[str, pd.DataFrame]:
    """The recommended configuration of a model, and what its options cost."""
    models = {model.recipe.objective: model}
    rows = recommend(models, known.FRAME, predict_space(models, known.FRAME), 2)
    table = of_chosen(option_costs_table(models, rows, known.CONFIGURATIONS), rows)
    return str(rows.sort_values("rank")["configuration_id"].iloc[0]), table


def test_every_other_level_that_the_space_allows_is_there_once() -> None:
    best, table = costs(known.model(measured=10))
    assert tuple(table) == COLUMNS
    expected = set()
    for option in known.SPACE.options:
        for level in option.levels:
            changed = {**known.CONFIGURATIONS[best], option.name: level}
            if option.name == "mode":
                # Parallel mode activates the workers, which have their default then.
                changed["workers"] = 1 if level == "parallel" else None
            if configuration_id(changed) in TRUTH and configuration_id(changed) != best:
                expected.add((option.name, configuration_id(changed)))
    assert set(zip(table["option"], table["configuration_id"], strict=True)) == expected
    assert len(table) == len(expected) == 5
    assert (table["recommended"] != table["level"]).all()


def test_measured_where_both_were_measured_else_both_predicted() -> None:
    model = known.model(measured=len(IDS))
    best, table = costs(model)
    assert set(table["status"]) == {"measured"}
    assert table["value"].tolist() == pytest.approx([TRUTH[one] for one in table["configuration_id"]])
    assert (table["reference"] == TRUTH[best]).all()
    assert table["change"].tolist() == pytest.approx((table["value"] / TRUTH[best] - 1).tolist())
    assert table[["low", "high"]].isna().all().all()

    changed = table["configuration_id"].iloc[0]
    without = known.model(measured=len(IDS)).target.without(np.array([_row(model, changed)]))
    _, again = costs(model.with_target(without))
    row = again[again["configuration_id"] == changed].iloc[0]
    assert row["status"] == "predicted"
    assert row["low"] < row["change"] < row["high"]
    assert row["change"] == pytest.approx(row["value"] / row["reference"] - 1)
    # Not the measured value, but what the model says of it.
    assert row["reference"] != TRUTH[best]
    assert row["reference"] == pytest.approx(TRUTH[best], rel=0.1)


def test_where_the_recommended_one_was_not_measured_all_is_predicted() -> None:
    model = known.model(measured=len(IDS))
    best, _ = costs(model)
    _, table = costs(model.with_target(model.target.without(np.array([_row(model, best)]))))
    assert set(table["status"]) == {"predicted"}


def test_what_failed_has_no_value() -> None:
    model = known.model(measured=len(IDS))
    _, table = costs(model)
    changed = table["configuration_id"].iloc[-1]
    row = _row(model, changed)
    target = dataclasses.replace(model.target.without(np.array([row])), failed=model.target.codes[[row]])
    assert isinstance(target, Measured)
    _, again = costs(model.with_target(target))
    failed = again[again["configuration_id"] == changed].iloc[0]
    assert failed["status"] == "failed"
    assert np.isnan([failed["value"], failed["change"], failed["low"], failed["high"]]).all()


def test_of_more_is_better_the_recommended_one_is_the_reference_too() -> None:
    model = known.model(measured=len(IDS))
    recipe = dataclasses.replace(model.recipe, objective="throughput_per_s", scale="-log")
    sources = {name: dataclasses.replace(one, y=1e3 / one.y) for name, one in model.sources.items()}
    target = dataclasses.replace(model.target, y=1e3 / model.target.y)
    best, table = costs(TransferredModel(recipe, model.options, known.SPACE, sources, target))
    assert TRUTH[best] == pytest.approx(min(TRUTH.values()), rel=0.05)
    assert (table["change"] < 0.05).all()
    assert table["change"].min() < -0.3


def test_what_was_chosen_after_it_was_measured_side_by_side_is_the_reference() -> None:
    models = {"latency_ms": known.model(measured=len(IDS))}
    rows = recommend(models, known.FRAME, predict_space(models, known.FRAME), 3)
    table = option_costs_table(models, rows, known.CONFIGURATIONS)
    assert set(table["recommended_id"]) == set(rows["configuration_id"])
    for chosen in rows["configuration_id"]:
        of_it = of_chosen(table, rows.assign(chosen=rows["configuration_id"] == chosen))
        assert (of_it["reference"] == TRUTH[chosen]).all()
        assert len(of_it) >= 5


def _row(model: TransferredModel, configuration: str) -> int:
    codes = known.ALL[IDS.index(configuration)]
    (row,) = np.flatnonzero((model.target.codes == codes).all(axis=1))
    return int(row)
