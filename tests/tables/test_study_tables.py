"""What is asked of every table, and what each of them is there for."""

from __future__ import annotations

import functools
import io

import numpy as np
import pandas as pd
import pytest
from figures import tables
from pandas.testing import assert_frame_equal
from wide import by_configuration

from perftransfer.evaluation.similarity import similarity_table
from perftransfer.results.aggregate import ALL
from perftransfer.space.options import Option
from perftransfer.tables import CATALOGUE, names

NAMES = [
    "claims", "environments", "errors", "fit_seconds", "needed", "options", "ranking",
    "search_significance", "searches", "significance", "similarity", "wins",
]  # fmt: skip
STRATEGIES = ["RS", "GS", "DM", "LMS", "NLMS"]
OPTIONS = tuple(Option(name, (0, 1, 2), True, 1) for name in tables.OPTIONS)
KEY = ["family", "objective", "learner", "budget"]


def with_two_designs(transfer: pd.DataFrame) -> pd.DataFrame:
    """The paper's strategies, and two designs without transfer, one of them better by a tenth."""
    random = transfer[transfer["strategy"] == "RS"]
    others = [
        random.assign(strategy="NT", design=design, mape=random["mape"] * factor)
        for design, factor in (("lhs", 0.9), ("sobol", 1.0))
    ]
    return pd.concat([transfer[transfer["strategy"].isin(STRATEGIES)], *others], ignore_index=True)


def timing(transfer: pd.DataFrame) -> pd.DataFrame:
    """Seconds of each fit, the more the larger the budget; none where a source was not the first."""
    first = ~transfer.duplicated(["target", "strategy", "design", "learner", "budget", "repeat"])
    seconds = (0.01 + 0.001 * transfer["budget"] + 0.0001 * transfer["repeat"]).where(first, 0.0)
    return transfer[["source", "target", "strategy", "design", "learner", "budget"]].assign(fit_seconds=seconds)


def study(n: int) -> dict[str, pd.DataFrame]:
    influence = tables.influence(n)
    found = {
        "environments": tables.environments(n),
        "ranges": tables.ranges(tables.dataset(n)),
        "configurations": tables.dataset(1),
        "transfer": with_two_designs(tables.transfer(n, repeats=2)),
        "search": tables.search(n),
        "influence": influence.assign(selected=influence["share_of_variance"] > 0.02),
    }
    names = list(found["environments"]["environment"])
    found["similarity"] = similarity_table(
        by_configuration(tables.dataset(n)), found["influence"], names, ["latency_ms"], scale="log"
    )
    return found | {"timing": timing(found["transfer"])}


STUDY = study(8)


def make(name: str, content: dict[str, pd.DataFrame], seed: int = 0) -> pd.DataFrame:
    table = CATALOGUE.load(name)()
    return table.compute({**{name: content[name] for name in table.inputs}, "options": OPTIONS, "seed": seed})


@functools.cache
def made(name: str) -> pd.DataFrame:
    """The table of ``STUDY``; not to be changed."""
    return make(name, STUDY)


def shown(name: str, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    return CATALOGUE.load(name)().for_report(made(name) if frame is None else frame)


def test_a_study_can_name_these_tables():
    assert names() == NAMES
    # The others are on the page alone.
    assert {CATALOGUE.load(name).csv for name in {*CATALOGUE.names()} - {*NAMES}} == {False}


@pytest.mark.parametrize("name", NAMES)
def test_a_table_says_what_it_is(name):
    table = CATALOGUE.load(name)
    assert table.__doc__
    assert 0 < len(table.title) < 60
    assert table.caption.endswith(".")
    assert not set(table.caption) & set("<>&*`|_")  # means something in RST or HTML
    assert set(table.inputs) <= {
        "environments",
        "ranges",
        "configurations",
        "transfer",
        "influence",
        "similarity",
        "timing",
        "search",
    }


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_unique_and_in_an_order_that_depends_on_the_content_alone(name):
    frame = made(name)
    assert len(frame) > 0
    assert not frame.duplicated().any()
    assert frame.index.tolist() == list(range(len(frame)))
    # The others, and the table of similarities, are in the order of the study.
    mixed = STUDY | {table: STUDY[table].sample(frac=1, random_state=0) for table in ("transfer", "timing")}
    assert_frame_equal(make(name, mixed), frame, check_exact=True)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_is_not_more_than_there_is(name):
    frame = shown(name)
    assert 0 < len(frame) <= len(made(name))
    assert frame.index.tolist() == list(range(len(frame)))
    page = CATALOGUE.load(name)().on_page(frame, "latency_ms")
    assert page is not None
    assert len(page.rows) == len(frame)
    assert {len(row) for row in page.rows} == {len(page.head)}


# That of the environments has columns for each objective that it finds in its rows.
@pytest.mark.parametrize("name", sorted({*NAMES} - {"environments"}))
def test_without_rows_there_are_columns(name):
    empty = {table: frame.iloc[:0] for table, frame in STUDY.items()}
    frame = make(name, empty)
    assert list(frame.columns) == list(made(name).columns)
    if name != "options":
        assert len(frame) == len(shown(name, frame)) == len(shown(name, through_a_file(frame))) == 0


def test_options_tell_their_levels_and_where_they_play_a_part():
    options = (
        Option("threads", (1, 2, 4), True, 2),
        Option("mode", ("fast", "safe"), False, "safe"),
        Option("depth", (1, 8), True, 8, conditional=True),
    )
    configurations = pd.DataFrame(
        [("c0", 1, "fast", "8"), ("c1", 4, "safe", "inactive")],
        columns=["configuration_id", "threads", "mode", "depth"],
    )
    frame = CATALOGUE.load("options")().compute({"configurations": configurations, "options": options})
    assert frame.to_numpy().tolist() == [
        ["threads", True, False, "1, 2, 4", 3, "2", 2],
        ["mode", False, False, "fast, safe", 2, "safe", 2],
        ["depth", True, True, "1, 8", 2, "8", 1],
    ]


def test_environments_tell_their_description_and_their_values():
    environments = pd.DataFrame(
        {"environment": ["b", "a"], "hardware": ["board"] * 2, "cores": [None] * 2, "emulated": [False, True]}
    )
    values = pd.DataFrame(
        {
            "environment": ["b", "b", "b", "a", "a"],
            "configuration_id": ["c0", "c1", "c2", "c0", "c1"],
            "x_ms": [4.0, 2.0, 9.0, 1.0, np.nan],
            "x_ms_cv": np.nan,
            "x_ms_n": 1,
        }
    )
    table = make("environments", {"environments": environments, "ranges": tables.ranges(values, "x_ms")})
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
    assert (
        (frame["median_mape_low"] <= frame["median_mape"]) & (frame["median_mape"] <= frame["median_mape_high"])
    ).all()
    # In the made-up table all other metrics are a hundredth of the error.
    ways = frame[frame["strategy"] != "NT"]
    assert ways["median_mape_all"].to_numpy() == pytest.approx(ways["median_mape"].to_numpy() / 100)
    rows = STUDY["transfer"].query("strategy == 'LMS' and learner == 'RT' and budget == 10")
    found = frame.query("strategy == 'LMS' and learner == 'RT' and budget == 10")
    by_target = {
        name: rows.groupby(["target", "source"])["mape"].agg(name).groupby("target").agg(name).agg(name)
        for name in ("mean", "median")
    }
    assert found["median_mape"].item() == pytest.approx(by_target["median"])
    assert found["mean_mape"].item() == pytest.approx(by_target["mean"])
    assert make("errors", STUDY, seed=1)["median_mape_low"].ne(frame["median_mape_low"]).any()


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
    assert table["target"].tolist() == [name for name in STUDY["environments"]["environment"] for _ in range(2)]
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
    environments = pd.DataFrame({"environment": sorted(set(cells["target"])), **columns})
    similarity = STUDY["similarity"].iloc[:0]
    frame = make("claims", {"environments": environments, "transfer": cells, "similarity": similarity})
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
    assert untold.loc[across, "finding"] == "This study has no hardware"


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


def cells(*rows: tuple[str, str | None, str | None, int, float], **columns: object) -> pd.DataFrame:
    """Cells on one target: strategy, learner, source, budget and error; each is a repeat of its own of its kind."""
    table = pd.DataFrame(rows, columns=["strategy", "learner", "source", "budget", "mape"])
    repeat = table.groupby(["strategy", "learner", "source", "budget"], dropna=False).cumcount()
    constant = {"objective": "t_s", "target": "e", "design": "random", **columns}
    return table.assign(**{"repeat": repeat, **constant})


def wins(frame: pd.DataFrame) -> dict[tuple[str, str, int], tuple[int, int, int]]:
    """Wins, ties and losses by pair and budget; each pair is there from both sides."""
    table = make("wins", {"transfer": frame})
    assert (table["comparisons"] == table[["wins", "ties", "losses"]].sum(axis=1)).all()
    keys, counts = (table[names].itertuples(index=False, name=None) for names in (KEY_OF_WINS, COUNTS))
    found = dict(zip(keys, counts, strict=True))
    assert {(b, a, budget): counts[::-1] for (a, b, budget), counts in found.items()} == found
    return found


KEY_OF_WINS, COUNTS = ["a", "b", "budget"], ["wins", "ties", "losses"]


def test_errors_within_a_hundredth_are_ties():
    rows = [("A", "RF", None, 5, error) for error in (9.8, 9.95, 10.0, 10.05, 10.2, 0.0)]
    rows += [("B", "RF", None, 5, error) for error in (10.0, 10.0, 10.0, 10.0, 10.0, 0.0)]
    assert wins(cells(*rows))["A", "B", 5] == (1, 4, 1)


def test_wins_are_counted_where_both_have_a_number():
    frame = cells(
        ("A", "RF", None, 5, 1.0), ("A", "RF", None, 5, np.nan), ("A", "RF", None, 5, 1.0),
        ("A", "RF", None, 5, np.inf),
        ("B", "RF", None, 5, 2.0), ("B", "RF", None, 5, 2.0),
        ("B", "RT", None, 5, 0.5), ("B", "RF", None, 9, 0.5), ("A", "RF", None, 7, 0.5),
    )  # fmt: skip
    # Repeat 1 has no number, repeats 2 and 3 no rival; learner RT and budgets 7 and 9 are those of one alone.
    assert wins(frame) == {("A", "B", 5): (1, 0, 0), ("B", "A", 5): (0, 0, 1)}
    other = pd.concat([frame, cells(("B", "RF", None, 5, 0.1), target="elsewhere")])
    assert wins(other)["A", "B", 5] == (1, 0, 0)
    assert make("wins", {"transfer": frame[frame["strategy"] == "A"]}).empty


def test_wins_are_counted_against_every_learner_and_every_source_where_one_has_none():
    frame = cells(
        ("RS", "RF", None, 5, 10.0), ("RS", "RT", None, 5, 20.0),
        ("LMS", "RF", "s", 5, 5.0), ("LMS", "RF", "t", 5, 15.0),
        ("LMS", "RT", "s", 5, 30.0), ("LMS", "RT", "t", 5, 1.0),
        ("AUTO", None, None, 5, 12.0),
        ("KT", None, "s", 5, 10.0), ("KT", None, "t", 5, 40.0),
    )  # fmt: skip
    found = wins(frame)
    assert found["LMS", "RS", 5] == (2, 0, 2)  # each of the same learner, whatever the source
    assert found["AUTO", "RS", 5] == (1, 0, 1)
    assert found["AUTO", "LMS", 5] == (2, 0, 2)
    assert found["KT", "AUTO", 5] == (1, 0, 1)
    assert found["KT", "RS", 5] == (1, 1, 2)  # both sources against both learners
    assert found["KT", "LMS", 5] == (1, 0, 3)  # each of the same source, whatever the learner


def test_who_measures_nothing_is_compared_with_every_budget():
    frame = cells(
        ("DM", "RF", "s", 0, 10.0),
        ("RS", "RF", None, 5, 20.0),
        ("RS", "RF", None, 9, 5.0),
        ("MKT", None, None, 0, 10.0),
    )
    found = wins(frame)
    assert {key: counts for key, counts in found.items() if key[0] == "DM"} == {
        ("DM", "RS", 5): (1, 0, 0),
        ("DM", "RS", 9): (0, 0, 1),
        ("DM", "MKT", 0): (0, 1, 0),
    }


def test_wins_are_counted_for_each_objective_and_design():
    one = cells(("KT", None, "s", 5, 1.0), ("RS", "RF", None, 5, 2.0))
    frame = pd.concat(
        [
            one,
            one.assign(objective="e_j", mape=[3.0, 2.0]),
            cells(("KT", None, "s", 5, 9.0), design="greedy"),
            cells(("NT", "RF", None, 5, 0.5), design="kmeans"),
        ]
    )
    table = make("wins", {"transfer": frame}).set_index(["objective", "a", "b"])
    assert table.loc[("t_s", "KT (random)", "RS"), "wins"] == 1
    assert table.loc[("t_s", "KT (greedy)", "RS"), "wins"] == 0
    assert table.loc[("e_j", "KT (random)", "RS"), "wins"] == 0
    assert table.loc[("t_s", "NT (kmeans)", "RS"), "wins"] == 1


def test_wins_are_shown_as_a_matrix_at_the_ends_of_the_budgets_that_all_strategies_have():
    table = shown("wins")
    assert list(table.columns) == ["objective", "budget", "strategy", "DM", "GS", "LMS", "NLMS", "RS"]
    assert table["budget"].unique().tolist() == [5, 40]
    assert len(table) == 2 * (5 + 2)  # the designs without transfer have no column
    rows = table[table["budget"] == 40].set_index("strategy")
    assert pd.isna(rows.loc["RS", "RS"])
    assert rows.loc["NT (lhs)", "RS"] == "100 / 0 / 0"
    counts = made("wins").query("a == 'LMS' and b == 'RS' and budget == 40")[["wins", "ties", "losses"]]
    assert rows.loc["LMS", "RS"] == " / ".join(f"{100 * n / counts.sum(axis=1).item():.0f}" for n in counts.iloc[0])


def needed(frame: pd.DataFrame) -> pd.DataFrame:
    return make("needed", {"transfer": frame}).set_index(["strategy", "learner", "error_percent"])


def test_needed_is_the_smallest_budget_at_which_the_median_over_targets_is_low_enough():
    frame = pd.concat(
        cells(
            ("RS", "RF", None, 5, 10.0 + far), ("RS", "RF", None, 10, 5.0), ("RS", "RF", None, 20, 6.0),
            ("RS", "RT", None, 5, 40.0), ("RS", "RT", None, 10, 29.0), ("RS", "RT", None, 20, 4.0),
            ("DM", "RF", "s", 0, 30.0), ("DM", "RT", "s", 0, 31.0), ("KT", None, "s", 5, 2.0), target=target,
        )
        for target, far in (("e", 0.0), ("f", 30.0))
    )  # fmt: skip
    found = needed(frame)
    assert found.index.unique("error_percent").tolist() == [30, 20, 15, 10, 7.5, 5, 3, 2]
    none = [None] * 8
    expected = {
        ("RS", "RF"): [5, 10, 10, 10, 10, 10, None, None],  # 25 at 5; the lowest error is not at the largest budget
        ("RS", "RT"): [10, 20, 20, 20, 20, 20, None, None],
        ("RS", ALL): [10, 10, 20, 20, 20, 20, None, None],
        ("DM", "RF"): [0, *none[1:]],
        ("DM", "RT"): none,
        ("DM", ALL): none,
        ("KT", ""): [5] * 8,
        ("KT", ALL): [5] * 8,
    }
    budgets = found["needed"].groupby(level=["strategy", "learner"])
    assert {way: [None if pd.isna(n) else n for n in own] for way, own in budgets} == expected
    assert found["largest_budget"].groupby("strategy").unique().map(list).to_dict() == {
        "DM": [0],
        "KT": [5],
        "RS": [20],
    }
    best = found[found["best_learner"]].index.droplevel("error_percent").unique().tolist()
    assert best == [("DM", "RF"), ("KT", ""), ("RS", "RT")]


def test_a_budget_at_which_a_target_has_no_number_counts_neither_as_enough_nor_as_tried():
    frame = pd.concat(
        [
            cells(("RS", "RF", None, 5, 20.0), ("RS", "RF", None, 10, 1.0), ("LMS", "RF", "s", 5, 1.0)),
            cells(
                ("RS", "RF", None, 5, 20.0), ("RS", "RF", None, 10, np.nan), ("LMS", "RF", "s", 5, np.nan), target="f"
            ),
        ]
    )
    found = needed(frame).reset_index()
    assert found.loc[(found["strategy"] == "RS") & (found["error_percent"] <= 15), "needed"].isna().all()
    assert set(found.loc[found["strategy"] == "RS", "largest_budget"]) == {5}
    # Of a strategy with no number on some target at any budget nothing is said.
    assert found.loc[found["strategy"] == "LMS", ["needed", "largest_budget"]].isna().all(axis=None)
    assert not found.loc[found["strategy"] == "LMS", "best_learner"].any()


def through_a_file(frame: pd.DataFrame) -> pd.DataFrame:
    """What the report reads of it."""
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)), keep_default_na=False, na_values=[""])


def test_needed_shows_the_best_learner_and_says_what_was_not_reached():
    frame = cells(
        ("RS", "RF", None, 5, 19.0), ("RS", "RF", None, 20, 9.0),
        ("RS", "RT", None, 5, 50.0), ("RS", "RT", None, 20, 19.0),
        ("DM", "RF", "s", 0, 25.0), ("KT", None, "s", 5, 12.0), ("NT", "RF", None, 5, 1.0),
    )  # fmt: skip
    table = shown("needed", through_a_file(make("needed", {"transfer": frame})))
    assert table.columns.tolist()[:6] == ["objective", "strategy", "learner", "30 %", "20 %", "15 %"]
    rows = table.fillna("").set_index(["strategy", "learner"])[["30 %", "20 %", "15 %", "10 %", "7.5 %"]]
    assert rows.apply(list, axis=1).to_dict() == {
        ("DM", "RF"): ["0", *["not with 0"] * 4],
        ("KT", ""): ["5", "5", "5", "not with 5", "not with 5"],
        ("RS", "best: RF"): ["5", "5", "20", "20", "not with 20"],
        ("RS", "median over learners"): ["20", "20", "20", "not with 20", "not with 20"],
    }


def seconds(*rows: tuple[str, str, str | None, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["strategy", "design", "learner", "budget", "fit_seconds"])


TIMES = seconds(
    ("RS", "random", "RF", 5, 0.1), ("RS", "random", "RF", 5, 0.0), ("RS", "random", "RF", 5, 0.3),
    ("RS", "random", "RF", 5, 0.8), ("RS", "random", "RF", 9, 2.0), ("LMS", "random", "RF", 5, 0.5),
    ("LMS", "random", "RT", 5, 0.0), ("KT", "random", None, 5, 4.0), ("NT", "kmeans", "RF", 5, 1.0),
)  # fmt: skip


def test_fits_that_were_done_for_another_cell_have_no_seconds():
    table = make("fit_seconds", {"timing": TIMES}).fillna({"median_seconds": -1})
    columns = ["strategy", "learner", "budget", "cells", "fits", "median_seconds", "total_seconds"]
    assert table[columns].to_numpy().tolist() == [
        ["KT", "", 5, 1, 1, 4.0, 4.0],
        ["LMS", "RF", 5, 1, 1, 0.5, 0.5],
        ["LMS", "RT", 5, 1, 0, -1, 0.0],
        ["NT", "RF", 5, 1, 1, 1.0, 1.0],
        ["RS", "RF", 5, 4, 3, 0.3, pytest.approx(1.2)],
        ["RS", "RF", 9, 1, 1, 2.0, 2.0],
    ]


def test_seconds_are_shown_by_budget_with_those_of_the_whole_study_at_the_end():
    table = shown("fit_seconds", through_a_file(make("fit_seconds", {"timing": TIMES}))).fillna(-1)
    assert list(table.columns) == ["strategy", "learner", "budget 5", "budget 9", "fits", "total"]
    assert table.to_numpy().tolist() == [
        ["KT", "", 4.0, -1, 1, 4.0],
        ["LMS", "RF", 0.5, -1, 1, 0.5],
        ["RS", "RF", 0.3, 2.0, 4, pytest.approx(3.2)],
        ["all", "", -1, -1, 7, pytest.approx(8.7)],
    ]
