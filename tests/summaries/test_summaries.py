"""What is asked of every summary, and what each of them is there for."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from figures import tables
from pandas.testing import assert_frame_equal

from perftransfer import catalogue, summaries
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.evaluation.statistics import ALL
from perftransfer.space.options import Option

NAMES = ["claims", "environments", "errors", "options", "ranking", "significance", "similarity"]
OPTIONS = tuple(Option(name, (0, 1, 2), True, 1) for name in tables.OPTIONS)
KEY = ["family", "objective", "learner", "budget"]


def with_designs(transfer: pd.DataFrame) -> pd.DataFrame:
    """Replace the designs without transfer by two, one of them better by a tenth."""
    random = transfer[transfer["strategy"] == "RS"]
    others = [
        random.assign(strategy="NT", design=design, mape=random["mape"] * factor)
        for design, factor in (("lhs", 0.9), ("sobol", 1.0))
    ]
    return pd.concat([transfer[transfer["strategy"] != "NT"], *others], ignore_index=True)


def study(n: int) -> dict[str, pd.DataFrame]:
    influence = tables.influence(n)
    found = {
        "dataset": tables.dataset(n),
        "transfer": with_designs(tables.transfer(n, repeats=2)),
        "influence": influence.assign(selected=influence["share_of_variance"] > 0.02),
    }
    names = list(found["dataset"]["environment"].unique())
    found["similarity"] = similarity_table(found["dataset"], found["influence"], names, ["latency_ms"], scale="log")
    return found


STUDY = study(8)


def make(name: str, content: dict[str, pd.DataFrame], seed: int = 0) -> pd.DataFrame:
    module = catalogue.module("perftransfer.summaries", name)
    return module.make({table: content[table] for table in module.TABLES}, options=OPTIONS, seed=seed)


@functools.cache
def made(name: str) -> pd.DataFrame:
    """The summary of ``STUDY``; not to be changed."""
    return make(name, STUDY)


def shown(name: str, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    return catalogue.module("perftransfer.summaries", name).shown(made(name) if frame is None else frame)


def test_the_summaries_are_the_modules():
    assert summaries.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_summary_says_what_it_is(name):
    module = catalogue.module("perftransfer.summaries", name)
    assert module.__doc__
    assert 0 < len(module.TITLE) < 60
    assert module.CAPTION.endswith(".")
    assert not set(module.CAPTION) & set("<>&*`|_")  # means something in RST or HTML
    assert set(module.TABLES) <= {"dataset", "transfer", "influence", "similarity"}


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_unique_and_in_an_order_that_depends_on_the_content_alone(name):
    frame = made(name)
    assert len(frame) > 0
    assert not frame.duplicated().any()
    assert frame.index.tolist() == list(range(len(frame)))
    # The dataset and the table of similarities are in the order of the study.
    mixed = {**STUDY, "transfer": STUDY["transfer"].sample(frac=1, random_state=0)}
    assert_frame_equal(make(name, mixed), frame, check_exact=True)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_not_more_than_there_is(name):
    frame = shown(name)
    assert 0 < len(frame) <= len(made(name))
    assert frame.index.tolist() == list(range(len(frame)))


@pytest.mark.parametrize("name", NAMES)
def test_without_rows_there_are_columns(name):
    empty = {table: frame.iloc[:0] for table, frame in STUDY.items()}
    frame = make(name, empty)
    assert list(frame.columns) == list(made(name).columns)
    if name != "options":
        assert len(frame) == len(shown(name, frame)) == 0


def test_options_tell_their_levels_and_where_they_play_a_part():
    options = (
        Option("threads", (1, 2, 4), True, 2),
        Option("mode", ("fast", "safe"), False, "safe"),
        Option("depth", (1, 8), True, 8, conditional=True),
    )
    dataset = pd.DataFrame(
        [("a", "c0", 1, "fast", "8"), ("a", "c1", 4, "safe", "inactive"), ("b", "c0", 1, "fast", "8")],
        columns=["environment", "configuration_id", "threads", "mode", "depth"],
    )
    module = catalogue.module("perftransfer.summaries", "options")
    frame = module.make({"dataset": dataset}, options=options, seed=0)
    assert frame.to_numpy().tolist() == [
        ["threads", True, False, "1, 2, 4", 3, "2", 2],
        ["mode", False, False, "fast, safe", 2, "safe", 2],
        ["depth", True, True, "1, 8", 2, "8", 1],
    ]


def test_environments_tell_their_description_and_their_values():
    dataset = pd.DataFrame(
        {
            "environment": ["b", "b", "b", "a", "a"],
            "hardware": ["board"] * 5,
            "cores": [None] * 5,
            "emulated": [False, False, False, True, True],
            "configuration_id": ["c0", "c1", "c2", "c0", "c1"],
            "x_ms": [4.0, 2.0, 9.0, 1.0, np.nan],
            "x_ms_cv": np.nan,
            "x_ms_n": 1,
        }
    )
    table = make("environments", {"dataset": dataset})
    frame = table.set_index("environment")
    assert frame.index.tolist() == ["b", "a"]
    assert frame.loc["a", "emulated"]
    values = ["configurations", "x_ms_configurations", "x_ms_min", "x_ms_median", "x_ms_max"]
    assert frame[values].to_numpy().tolist() == [[3, 3, 2, 4, 9], [2, 1, 1, 1, 1]]
    # Of which nobody knows anything is not shown.
    assert "cores" in frame
    assert set(table) - set(shown("environments", table)) == {"cores"}


def test_errors_are_those_of_all_ways_with_their_intervals():
    frame = made("errors")
    assert set(frame["strategy"]) == {"RS", "GS", "DM", "LMS", "NLMS", "NT"}
    assert set(frame.loc[frame["strategy"] == "NT", "design"]) == {"lhs", "sobol"}
    assert (frame["targets"] == 8).all()
    assert ((frame["mape_low"] < frame["mape"]) & (frame["mape"] < frame["mape_high"])).all()
    # In the made-up table all other metrics are a hundredth of the error.
    designs = frame["strategy"] == "NT"
    assert frame.loc[~designs, "mape_all"].to_numpy() == pytest.approx(frame.loc[~designs, "mape"].to_numpy() / 100)
    rows = STUDY["transfer"].query("strategy == 'RS' and learner == 'RT' and budget == 10")
    found = frame.query("strategy == 'RS' and learner == 'RT' and budget == 10")["mape"]
    assert found.item() == pytest.approx(rows.groupby("target")["mape"].mean().mean())
    assert make("errors", STUDY, seed=1)["mape_low"].ne(frame["mape_low"]).any()


def test_shown_errors_are_those_of_the_mean_over_learners():
    frame = made("errors")
    rows = frame[frame["learner"] == ALL].drop(columns="learner").reset_index(drop=True)
    assert_frame_equal(shown("errors"), rows)
    # 4 budgets each, but for DM.
    assert len(rows) == 6 * 4 + 1


def test_significance_says_that_ten_pairs_are_too_many_for_eight_targets_and_three_are_not():
    frame = made("significance")
    can = frame.groupby("family")["can_be_significant"]
    assert can.all().to_dict() == {"designs": True, "strategies": False}
    assert can.any().to_dict() == {"designs": True, "strategies": False}
    assert frame.groupby(KEY).size().groupby("family").unique().map(list).to_dict() == {
        "designs": [3],
        "strategies": [10],
    }
    # One design errs a tenth less than the other on every target.
    pair = frame[(frame["a"] == "NT (lhs)") & (frame["b"] == "NT (sobol)")]
    assert (pair["rank_biserial"] == -1).all()
    assert pair["significant"].all()


def test_the_significance_shown_is_that_at_the_ends_of_the_budgets():
    frame = shown("significance")
    assert set(frame["budget"]) == {5, 40}
    assert len(frame) == 2 * (10 + 3)
    assert "learner" not in frame


def test_ranking_starts_at_one_and_is_shown_by_budget():
    frame = made("ranking")
    assert (frame.groupby(KEY)["rank"].min() == 1).all()
    best = frame.loc[frame.groupby(KEY)["geometric_mean"].idxmin(), "rank"]
    assert (best == 1).all()
    table = shown("ranking")
    assert list(table.columns) == ["family", "objective", "way", "budget 5", "budget 10", "budget 20", "budget 40"]
    assert len(table) == 5 + 3
    ten = frame[(frame["learner"] == ALL) & (frame["budget"] == 10)].set_index(["family", "way"])["rank"]
    assert table.set_index(["family", "way"])["budget 10"].to_dict() == ten.to_dict()


def test_a_way_that_lacks_a_budget_is_shown_without_a_rank_there():
    rows = STUDY["transfer"]
    content = {**STUDY, "transfer": rows[(rows["strategy"] != "LMS") | (rows["budget"] == 20)]}
    table = shown("ranking", make("ranking", content)).set_index("way")
    assert table.loc["LMS", ["budget 5", "budget 10", "budget 20"]].isna().tolist() == [True, True, False]


def test_ways_without_a_rank_are_shown_without_one():
    table = shown("ranking", make("ranking", study(2)))
    assert len(table) == 5 + 3
    assert table["budget 5"].isna().all()


def test_similarity_is_shown_by_the_most_and_the_least_similar_source_of_each_target():
    frame, table = made("similarity"), shown("similarity")
    assert len(frame) == 8 * 7
    assert table["target"].tolist() == [name for name in STUDY["dataset"]["environment"].unique() for _ in range(2)]
    assert table["similarity"].tolist() == ["most", "least"] * 8
    ends = frame.groupby("target")["spearman"].agg(["max", "min"])
    rows = table.set_index(["similarity", "target"])["spearman"]
    assert rows["most"].to_dict() == ends["max"].to_dict()
    assert rows["least"].to_dict() == ends["min"].to_dict()


def test_with_two_environments_each_target_has_one_source():
    assert shown("similarity", make("similarity", study(2)))["similarity"].tolist() == ["most", "most"]


def errors(**values: dict[str, list[float]]) -> pd.DataFrame:
    """Cells of one learner and repeat at budget 10: an error per target of each strategy; NaN where there is none."""
    rows = [
        {
            "strategy": strategy, "design": "random", "learner": "RF", "objective": "t_s", "budget": 10, "repeat": 0,
            "target": f"e{i}", "source": None if strategy == "RS" else f"e{i - 1}", "mape": value,
        }
        for strategy, own in values.items()
        for i, value in enumerate(own)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def claims(cells: pd.DataFrame, **columns: list[str]) -> pd.DataFrame:
    dataset = pd.DataFrame({"environment": sorted(set(cells["target"])), **columns})
    frame = make("claims", {"dataset": dataset, "transfer": cells, "similarity": STUDY["similarity"].iloc[:0]})
    return frame.set_index("claim")


GUIDED = "Transferring which options and interactions matter (guided sampling) reduces the cost of a model."
SHIFTS = "Guided sampling does better than shifting the source's model."


def test_a_claim_holds_where_the_test_is_significant():
    hard = [10.0 * i for i in range(1, 9)]
    assert claims(errors(RS=hard, GS=[0.9 * e for e in hard])).loc[GUIDED, "verdict"] == "holds"
    assert claims(errors(RS=hard, GS=[1.1 * e for e in hard])).loc[GUIDED, "verdict"] == "does not hold"
    mixed = [e * (0.9 if i % 2 else 1.1) for i, e in enumerate(hard)]
    assert claims(errors(RS=hard, GS=mixed)).loc[GUIDED, "verdict"] == "undecided"


def test_with_few_targets_a_claim_tends_to_hold_at_most():
    found = claims(errors(RS=[10.0, 20, 30], GS=[9.99, 19.9, 29.999])).loc[GUIDED]
    assert found["verdict"] == "tends to hold"
    assert found["note"] == "3 targets: nothing can be significant"


def test_errors_are_compared_on_the_targets_that_both_have():
    found = claims(errors(RS=[10.0, 10, 10, 200], GS=[11.0, 11, 11, np.nan])).loc[GUIDED]
    assert found["finding"] == "10 measurements: GS 11.0 %, RS 10.0 %"
    assert found["number"].startswith("10: +1.0")
    assert found["note"].endswith("1 target without an error left out")
    # NLMS is not the best shift for having no value where it is difficult.
    found = claims(errors(LMS=[5.0, 5, 5, 100], NLMS=[20.0, 20, 20, np.nan], GS=[10.0, 10, 10, 50])).loc[SHIFTS]
    assert found["finding"].endswith("LMS 28.8 %")


def test_pairs_across_hardware_are_judged_where_there_are_any():
    across = "What was learnt on one hardware serves on another (TX1 and TX2)."
    cells = errors(RS=[10.0] * 4, LMS=[5.0, 50, 5, 50])
    # Only the source of e2 is known to be of other hardware.
    found = claims(cells, hardware=["a", "a", "b", "b"], network=["n"] * 4)
    assert found.loc[across, "finding"] == "10 measurements: LMS 5.0 %, RS 10.0 %"
    assert found.loc["What was learnt with one network serves for another.", "verdict"] == "cannot be answered"
    untold = claims(cells)
    assert untold.loc[across, "finding"] == "No hardware is told"


def test_the_significance_shown_is_that_of_the_budgets_with_the_most_pairs():
    cells = errors(RS=[1.0] * 8)
    designs = pd.concat(
        cells.assign(strategy="NT", design=design, budget=budget)
        for budget, names in ((8, "ab"), (45, "abcd"))
        for design in names
    )
    frame = make("significance", {"transfer": designs})
    assert set(frame["budget"]) == {8, 45}
    assert set(shown("significance", frame)["budget"]) == {45}
