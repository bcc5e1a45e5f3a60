"""What the figures show, by the artists that they draw: values, marks, names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
import tables
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.text import Text

from perftransfer import figures
from perftransfer.figures import _environments, _matplotlib, _palette, error_by_environment


def draw(name: str, study: Mapping[str, pd.DataFrame], objective: str = "latency_ms") -> Figure:
    inputs = {"environments": pd.DataFrame(), "values": pd.DataFrame(), **study}
    return figures.CATALOGUE.load(name)().draw_or_explain(inputs, objective)


def cells(*rows: tuple[object, ...], **columns: object) -> pd.DataFrame:
    """Rows (strategy, source, target, budget, repeat, error) of a table of results."""
    table = pd.DataFrame(rows, columns=["strategy", "source", "target", "budget", "repeat", "mape"])
    return table.assign(**{"objective": "latency_ms", "design": "random", "learner": "RF", **columns})


def panels(figure: Figure) -> dict[str, Axes]:
    """Return the panels by their title."""
    return {axes.get_title(loc="left").strip(): axes for axes in figure.axes if axes.get_title(loc="left")}


def marks(axes: Axes, strategy: str) -> list[tuple[float, float]]:
    """Return where the markers of a strategy stand."""
    look = _palette.KNOWN[strategy]
    own = [line for line in axes.lines if line.get_marker() == look.marker and line.get_color() == look.colour]
    return [(float(x), float(y)) for line in own for x, y in line.get_xydata()]


def bars(axes: Axes, strategy: str) -> list[tuple[float, float]]:
    """Return the ends of the horizontal bars of a strategy."""
    colour = _palette.KNOWN[strategy].colour
    found = [item for item in axes.collections if isinstance(item, LineCollection)]
    own = [item for item in found if np.allclose(item.get_colors()[0][:3], _rgb(colour))]
    return [(float(part[0, 0]), float(part[1, 0])) for item in own for part in item.get_segments()]


def _rgb(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def words(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(Text) if text.get_text()}


# Error by environment


def test_a_point_is_the_median_over_repeats_then_sources_and_its_bar_spans_the_sources() -> None:
    rows = cells(
        ("LMS", "b", "a", 5, 0, 10.0), ("LMS", "b", "a", 5, 1, 30.0), ("LMS", "c", "a", 5, 0, 50.0),
        ("RS", None, "a", 5, 0, 40.0), ("RS", None, "a", 5, 1, 60.0), ("RS", None, "a", 5, 2, 80.0),
    )  # fmt: skip
    (axes,) = draw("error_by_environment", {"transfer": rows}, "all").axes
    assert [x for x, _ in marks(axes, "LMS")] == [pytest.approx(35)]  # 50 counts as much as the two of the other source
    assert bars(axes, "LMS") == [pytest.approx((20, 50))]
    assert [x for x, _ in marks(axes, "RS")] == [pytest.approx(60)]
    assert bars(axes, "RS") == [pytest.approx((40, 80))]


def test_over_all_learners_counts_each_alike_and_needs_all() -> None:
    rows = pd.concat(
        [
            cells(("RS", None, "a", 5, 0, 10.0), ("RS", None, "a", 5, 1, 10.0), ("LMS", "b", "a", 5, 0, 5.0)),
            cells(("RS", None, "a", 5, 0, 40.0), ("LMS", "b", "a", 5, 0, np.nan), learner="RT"),
        ]
    )
    found = panels(draw("error_by_environment", {"transfer": rows}, "all"))
    over_all, forest = (next(axes for title, axes in found.items() if end in title) for end in ("all learners", "RF"))
    assert [x for x, _ in marks(over_all, "RS")] == [pytest.approx(25)]
    assert marks(over_all, "LMS") == []
    assert [x for x, _ in marks(forest, "LMS")] == [pytest.approx(5)]


def test_environments_are_compared_at_the_largest_common_budget() -> None:
    budgets = {"RS": (5, 10, 20), "LMS": (5, 10), "DM": (0,)}
    rows = cells(*((name, None, "a", budget, 0, 1.0 + budget) for name, own in budgets.items() for budget in own))
    common = error_by_environment.at_common_budget(rows)
    assert dict(zip(common["strategy"], common["budget"], strict=True)) == {"RS": 10, "LMS": 10, "DM": 0}
    figure = draw("error_by_environment", {"transfer": rows}, "all")
    assert "Error by environment, budget 10 (DM: 0)" in words(figure)
    apart = rows[(rows["strategy"] != "RS") | (rows["budget"] == 20)]
    common = error_by_environment.at_common_budget(apart)
    assert dict(zip(common["strategy"], common["budget"], strict=True)) == {"RS": 20, "LMS": 10, "DM": 0}


def test_all_objectives_are_in_one_picture_each_on_its_own_scale() -> None:
    rows = cells(("RS", None, "a", 5, 0, 10.0), ("RS", None, "b", 5, 0, 12.0))
    both = pd.concat([rows, rows.assign(objective="power_reading_sum", mape=1000.0)])
    figure = draw("error_by_environment", {"transfer": both}, "all")
    assert {"latency (ms)", "power reading sum"} <= words(figure)
    upper, lower = figure.axes
    assert [x for x, _ in marks(upper, "RS")] == pytest.approx([10, 12])
    assert [x for x, _ in marks(lower, "RS")] == pytest.approx([1000, 1000])
    assert upper.get_xlim()[1] < 20 < 500 < lower.get_xlim()[1]


# Names


SHEET = pd.DataFrame(
    {
        "environment": ["tx2-200", "tx2-400", "tx1-200"],
        "hardware": ["TX2", "TX2", "TX1"],
        "network": "Xception",
        "image_px": [200, 400, 200],
        "emulated": [False, True, None],
    }
)


def test_environments_are_written_as_in_the_paper() -> None:
    names = _environments.Environments(SHEET, SHEET["environment"])
    assert names.descriptions() == ["(TX2, Xception, 200)", "(TX2, Xception, 400) (emulated)", "(TX1, Xception, 200)"]
    assert names.axis("target") == "target (hardware, model, size)"


@pytest.mark.parametrize("change", [{"hardware": "TX2"}, {"network": None}, {"image_px": [200, np.nan, 200]}])
def test_all_go_by_their_names_where_a_description_is_missing_or_shared(change: dict[str, object]) -> None:
    names = _environments.Environments(SHEET.assign(**change), SHEET["environment"])
    assert names.descriptions() == ["tx2-200", "tx2-400 (emulated)", "tx1-200"]
    assert names.axis("target") == "target"


def test_an_environment_that_is_not_shown_decides_nothing() -> None:
    sheet = SHEET.assign(hardware="TX2")
    assert _environments.Environments(sheet, ["tx1-200"]).descriptions() == ["(TX2, Xception, 200)"]
    assert _environments.Environments(sheet, ["tx1-200", "elsewhere"]).descriptions() == ["tx1-200", "elsewhere"]


@pytest.mark.parametrize("name", ["error_by_environment", "similarity"])
def test_figures_write_environments_as_in_the_paper(name: str) -> None:
    pairs = list(itertools.permutations(SHEET["environment"], 2))
    rows = cells(*(("LMS", a, b, 5, 0, 10.0) for a, b in pairs))
    alike = pd.DataFrame(pairs, columns=["source", "target"]).assign(objective="latency_ms", pearson=0.5)
    found = words(draw(name, {"environments": SHEET, "transfer": rows, "similarity": alike}))
    assert any("(TX1, Xception, 200)" in text for text in found)
    assert any("(emulated)" in " ".join(text.split()) for text in found)


# Designs


def of_designs() -> pd.DataFrame:
    """Two targets; k-means errs half as much as random samples, guided sampling a quarter, Plackett-Burman twice."""
    rows = [
        cells((strategy, source, target, budget, 0, hard * part), design=design)
        for target, hard in (("a", 10.0), ("b", 100.0))
        for strategy, source, design, budget, part in (
            ("NT", None, "random", 8, 2), ("NT", None, "plackett_burman", 8, 4),
            ("NT", None, "random", 45, 1), ("NT", None, "kmeans", 45, 0.5), ("GS", "c", "guided", 45, 0.25),
            ("GS", "c", "guided", 20, 0.1), ("RS", None, "random", 45, 0.01),
        )
    ]  # fmt: skip
    return pd.concat(rows)


def test_designs_stand_at_equal_budget_the_best_on_top() -> None:
    figure = draw("designs", {"transfer": of_designs()})
    first = [axes for axes in figure.axes if axes.get_subplotspec().is_first_col()]
    assert [axes.get_ylabel() for axes in first] == ["budget\n8", "budget\n45"]
    assert [[text.get_text() for text in axes.get_yticklabels()] for axes in first] == [
        ["simple random sampling", "Plackett-Burman design"],
        ["guided sampling (GS)", "k-means", "simple random sampling"],
    ]
    assert marks(first[1], "GS") == [pytest.approx((13.75, 0.5))]
    assert marks(first[1], "RS") == [pytest.approx((55, 2.5))]


def test_designs_are_compared_with_random_samples_on_the_same_target() -> None:
    figure = draw("designs", {"transfer": of_designs()})
    small, large = (axes for axes in figure.axes if not axes.get_subplotspec().is_first_col())
    assert marks(large, "GS") == [pytest.approx((0.25, 0.5))]
    assert marks(large, "RS") == []  # the line says it
    for axes, ratio, row in ((small, 2, 1.5), (large, 0.5, 1.5)):
        from perftransfer.figures.designs import PLAIN

        found = [line.get_xydata()[0] for line in axes.lines if line.get_marker() == PLAIN.marker]
        assert found == [pytest.approx((ratio, row))]
        references = [line for line in axes.lines if line.get_linestyle() == "--" and len(line.get_xdata()) == 2]
        assert [line.get_xdata()[0] for line in references] == [pytest.approx(1)]


def test_every_design_on_offer_has_a_name() -> None:
    from perftransfer.figures.designs import label

    for name in ("random", "kmeans", "latin_hypercube", "box_behnken"):
        assert "_" not in label(name)
    assert label("of_old_times") == "of old times"


# Learners


def test_learners_stand_side_by_side_at_the_largest_budget() -> None:
    rows = [
        cells((strategy, None, target, budget, 0, hard * quality / max(budget, 1)), learner=learner)
        for strategy, budgets in (("RS", (5, 10)), ("DM", (0,)))
        for budget in budgets
        for target, hard in (("a", 100.0), ("b", 200.0), ("c", 600.0))
        for learner, quality in (("NN", 2.0), ("RF", 1.0))
    ]
    figure = draw("learner_comparison", {"transfer": pd.concat(rows)})
    assert "Learners side by side: latency (ms), budget 10 (DM: 0)" in words(figure)
    looks = _palette.learner_styles(["NN", "RF"])
    axes = panels(figure)["RS"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["NN", "RF"]
    for learner, place in (("NN", (0, 40)), ("RF", (1, 20))):
        found = [line for line in axes.lines if line.get_marker() == looks[learner].marker]
        assert [tuple(line.get_xydata()[0]) for line in found] == [pytest.approx(place)]
    below = figure.axes[2]
    curves = {line.get_marker(): line.get_xydata().tolist() for line in below.lines}
    assert curves[looks["RF"].marker] == [pytest.approx([5, 40]), pytest.approx([10, 20])]
    assert "one budget only" in words(figure)


# Influence


def influences() -> pd.DataFrame:
    """Option x matters everywhere, y hardly anywhere, and x together with y in environment c only."""
    rows = [
        ("a", "x", 1, 0.6, True), ("b", "x", 1, 0.5, True), ("c", "x", 1, 0.4, True),
        ("a", "y", 1, 0.01, False), ("b", "y", 1, 0.02, False), ("c", "y", 1, 0.09, True),
        ("c", "x:y", 2, 0.3, True),
    ]  # fmt: skip
    columns = ["environment", "term", "order", "share_of_variance", "selected"]
    return pd.DataFrame(rows, columns=columns).assign(objective="latency_ms")


def test_terms_say_where_they_are_selected() -> None:
    figure = draw("influence_stability", {"influence": influences()})
    assert {"3 of 3", "1 of 3: c", "x × y"} <= words(figure)
    strip = figure.axes[0]
    assert [text.get_text() for text in strip.get_yticklabels()] == ["x", "y"]
    open_dots, full_dots = strip.lines
    assert open_dots.get_markerfacecolor() == "white"
    assert np.sort(open_dots.get_xydata(), axis=0) == pytest.approx(np.array([(1, 1.5), (2, 1.5)]))
    shares = [x for x, y in full_dots.get_xydata() if y == 0.5]
    assert shares == pytest.approx([60, 50, 40])
    assert [x for x, y in full_dots.get_xydata() if y == 1.5] == pytest.approx([9])


def test_the_mean_of_a_term_counts_environments_that_do_without_it() -> None:
    means = draw("influence_stability", {"influence": influences()}).axes[2].collections[-1]
    assert isinstance(means, LineCollection)
    assert [part[0, 0] for part in means.get_segments()] == pytest.approx([10])


# Similarity


def test_cells_are_source_by_target_and_darker_is_more_alike() -> None:
    found = tables.similarity(4)
    study = {"environments": tables.environments(4), "similarity": found}
    figure = draw("similarity", study)
    names = tables.environments(4)["environment"].tolist()
    for axes, column in zip(figure.axes, ["pearson", "spearman", "common_terms", "kl_divergence"], strict=False):
        mesh = next(item for item in axes.collections if isinstance(item, QuadMesh))
        values = mesh.get_array()
        table = found.pivot_table(index="source", columns="target", values=column, dropna=False)
        wanted = table.reindex(index=names, columns=names).to_numpy()
        assert np.ma.filled(values, np.nan) == pytest.approx(wanted, nan_ok=True)
        best = values.argmin() if column == "kl_divergence" else values.argmax()
        mesh.update_scalarmappable()
        assert mesh.get_facecolors()[:, :3].sum(axis=1)[~values.mask.ravel()].min() == pytest.approx(
            mesh.get_facecolors()[best, :3].sum()
        )


# Scales


@pytest.mark.parametrize(("low", "high"), [(1, 9), (3, 300), (0.5, 5000), (12, 90), (1e-3, 1e9)])
def test_ticks_have_room_and_there_are_two_at_least(low: float, high: float) -> None:
    found = _matplotlib.sparse(low, high, 1.3)
    assert len(found) >= 2
    scale = 1.3 / np.log10(high / low)
    for a, b in itertools.pairwise(found):
        assert (
            scale * np.log10(b / a)
            > (_matplotlib.width_of(_matplotlib.plain(a)) + _matplotlib.width_of(_matplotlib.plain(b))) / 2
        )


def test_learners_do_not_look_like_strategies() -> None:
    looks = _palette.learner_styles(tables.LEARNERS)
    assert list(looks) == sorted(tables.LEARNERS)
    assert not {look.marker for look in looks.values()} & {look.marker for look in _palette.PAPER.values()}


def with_strategies_that_learn_by_themselves() -> pd.DataFrame:
    """One of a single source and one of all, beside random sampling with two learners."""
    pairs = [("p", "q"), ("q", "p")]
    learners = [cells(*(("RS", None, target, 10, 0, 20.0) for _, target in pairs), learner=one) for one in ("RT", "RF")]
    alone = [("KT", source, target, 10, 0, 7.0) for source, target in pairs]
    alone += [("AUTO", None, target, 10, 0, 5.0) for _, target in pairs]
    return pd.concat([*learners, cells(*alone, learner=None)], ignore_index=True)


def test_strategies_that_use_all_sources_are_no_strategies_without() -> None:
    figure = draw("error_per_target", {"transfer": with_strategies_that_learn_by_themselves()})
    assert {"no source: RS", "all sources: AUTO"} <= words(figure)


def test_strategies_without_a_learner_are_in_every_panel() -> None:
    figure = draw("error_against_budget", {"transfer": with_strategies_that_learn_by_themselves()})
    found = panels(figure)
    assert set(found) == {"all learners", "RT", "RF"}
    for axes in found.values():
        heights = {float(y) for line in axes.lines for y in line.get_ydata()}
        assert {20.0, 7.0, 5.0} <= heights


def test_what_is_better_than_without_a_source_is_framed() -> None:
    found = panels(draw("error_per_target", {"transfer": with_strategies_that_learn_by_themselves()}))
    assert list(found) == ["no single source", "KT"]
    frames = {name: [patch for patch in axes.patches if not patch.get_fill()] for name, axes in found.items()}
    assert len(frames["KT"]) == 2  # 7 % against 20 % of RS, on both targets
    assert len(frames["no single source"]) == 2  # AUTO, not RS itself


# Error against budget


def test_errors_are_medians_over_repeats_then_learners_then_sources_then_targets() -> None:
    rows = [
        # Source p: 2 of RF over its repeats, 6 of RT; source q: 8.
        *(("LMS", "p", "a", 5, repeat, error, "RF") for repeat, error in enumerate((1.0, 2.0, 9.0))),
        ("LMS", "p", "a", 5, 0, 6.0, "RT"), ("LMS", "q", "a", 5, 0, 8.0, "RF"), ("LMS", "q", "a", 5, 0, 8.0, "RT"),
        ("LMS", "p", "b", 5, 0, 10.0, "RF"), ("LMS", "p", "b", 5, 0, 10.0, "RT"),
        *(("RS", None, "a", 5, repeat, error, "RF") for repeat, error in enumerate((10.0, 20.0, 30.0))),
        ("RS", None, "a", 5, 0, 20.0, "RT"), ("RS", None, "b", 5, 0, 40.0, "RF"), ("RS", None, "b", 5, 0, 40.0, "RT"),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["strategy", "source", "target", "budget", "repeat", "mape", "learner"])
    table = table.assign(objective="latency_ms", design="random")
    figure = figures.CATALOGUE.load("error_against_budget")()
    found = figure.select({"environments": pd.DataFrame(), "transfer": table}, "latency_ms").quartiles
    found = found.set_index(["strategy", "learner", "target"])[["low", "middle", "high"]]
    assert found.loc[("LMS", "all", "all targets")].tolist() == pytest.approx([7, 8, 9])
    assert found.loc[("LMS", "all", "a")].tolist() == pytest.approx([5, 6, 7])  # its sources: 4 and 8
    assert found.loc[("RS", "all", "all targets")].tolist() == pytest.approx([25, 30, 35])
    assert found.loc[("RS", "RF", "a")].tolist() == pytest.approx([15, 20, 25])  # its repeats


# Ranking


def of_three_targets(errors: Mapping[str, float], budget: int = 10, **same: object) -> pd.DataFrame:
    """Three targets of which one is ten times as hard, and errors that hardly waver around those given."""
    rows = [
        (strategy, None, target, 0 if strategy == "DM" else budget, 0, error * hard * (1 + 0.01 * ((i + j) % 3)))
        for j, (strategy, error) in enumerate(errors.items())
        for i, (target, hard) in enumerate((("a", 1.0), ("b", 10.0), ("c", 1.0)))
    ]
    return cells(*rows, **same)


def ranked(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_yticklabels()]


def groups(axes: Axes) -> list[tuple[float, float]]:
    """Return the rows that each bar beside a panel joins."""
    found = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 2]
    return [(round(float(low)), round(float(high))) for low, high in found]


def test_strategies_are_ranked_best_first_and_those_not_told_apart_are_joined() -> None:
    rows = [
        *(of_three_targets({"RS": 20.0, "LMS": 5.0}, learner=learner) for learner in ("RF", "RT")),
        of_three_targets({"KT": 4.98, "AUTO": 1.0}, learner=None),
        *(of_three_targets({"DM": 80.0}, learner=learner) for learner in ("RF", "RT")),
    ]
    figure = draw("ranking", {"transfer": pd.concat(rows)})
    (axes,) = figure.axes
    assert ranked(axes) == ["AUTO", "KT", "LMS", "RS", "DM"]
    assert groups(axes) == [(0, 1), (1, 3), (3, 4), (4, 5)]
    assert {"budget 10: 3 targets", "rank", "4"} <= words(figure)
    ((x, y),) = marks(axes, "LMS")
    assert (x, y) == pytest.approx((5 * 10 ** (1 / 3), 2.5), rel=0.02)


def test_each_budget_has_its_own_order() -> None:
    rows = [of_three_targets({"RS": 9.0, "LMS": 5.0, "DM": 6.0}, 5), of_three_targets({"RS": 2.0, "LMS": 4.0}, 40)]
    found = panels(draw("ranking", {"transfer": pd.concat(rows)}))
    assert {name: ranked(axes) for name, axes in found.items()} == {
        "budget 5: 3 targets": ["LMS", "DM", "RS"], "budget 40: 3 targets": ["RS", "LMS", "DM"],
    }  # fmt: skip


def test_two_targets_are_too_few_for_groups() -> None:
    rows = of_three_targets({"RS": 9.0, "LMS": 5.0})
    figure = draw("ranking", {"transfer": rows[rows["target"] != "c"]})
    (axes,) = figure.axes
    assert ranked(axes) == ["LMS", "RS"]
    assert groups(axes) == []
    assert "budget 10: 2 targets" in words(figure)
    assert any("No groups: with fewer than 3 targets" in text for text in words(figure))


def test_targets_on_which_one_fails_are_said_to_be_left_out() -> None:
    rows = pd.concat([of_three_targets({"RS": 9.0, "LMS": 5.0}), of_three_targets({"RS": 9.0, "LMS": 5.0}, 20)])
    failed = (rows["target"] == "a") & (rows["budget"] == 20) & (rows["strategy"] == "LMS")
    figure = draw("ranking", {"transfer": rows.assign(mape=rows["mape"].mask(failed))})
    assert {"budget 10: 3 targets", "budget 20: 2 of 3 targets"} <= words(figure)
    assert any("No groups at budget 20: " in text for text in words(figure))
    assert any("1 of 12 results are not finite" in text for text in words(figure))


def test_a_learner_that_fails_leaves_no_rank_over_all_of_them() -> None:
    rows = pd.concat([of_three_targets({"RS": 9.0, "LMS": 5.0, "GS": 7.0}, learner=one) for one in ("RF", "RT")])
    failed = (rows["learner"] == "RT") & (rows["strategy"] == "LMS")
    (axes,) = draw("ranking", {"transfer": rows.assign(mape=rows["mape"].mask(failed))}).axes
    assert ranked(axes) == ["GS", "RS"]


def test_one_strategy_alone_has_nobody_to_be_ranked_with() -> None:
    assert any(
        "no two strategies" in text for text in words(draw("ranking", {"transfer": of_three_targets({"RS": 9})}))
    )


def test_of_many_budgets_the_ends_and_some_between_are_shown() -> None:
    rows = [of_three_targets({"RS": 9.0, "LMS": 5.0}, budget) for budget in range(1, 31)]
    figure = draw("ranking", {"transfer": pd.concat(rows)})
    found = list(panels(figure))
    assert len(found) == 9
    assert (found[0], found[-1]) == ("budget 1: 3 targets", "budget 30: 3 targets")
    assert any("9 of 30 budgets." in text for text in words(figure))


# Prediction intervals


def with_intervals() -> pd.DataFrame:
    """KT on two targets from two sources; LMS with two learners; RS gives no intervals."""
    rows = [
        ("KT", "p", "a", 10, 0, 5.0, 0.8, 10.0),
        ("KT", "q", "a", 10, 0, 5.0, 1.0, 30.0),
        ("KT", "p", "b", 10, 0, 5.0, 0.7, 40.0),
        ("KT", "p", "b", 10, 1, 5.0, np.nan, np.nan),
    ]  # fmt: skip
    columns = ["strategy", "source", "target", "budget", "repeat", "mape", "coverage", "interval_width"]
    alone = pd.DataFrame(rows, columns=columns).assign(learner=None)
    rows = [
        ("LMS", "p", target, budget, 0, 5.0, cover, 100 * cover)
        for target in ("a", "b")
        for budget, cover in ((5, 0.5), (10, 0.6))
    ]
    crossed = pd.DataFrame(rows, columns=columns)
    without = cells(*(("RS", None, target, 10, 0, 9.0) for target in ("a", "b")))
    table = pd.concat(
        [
            alone,
            crossed.assign(learner="RF"),
            crossed.assign(learner="RT", coverage=crossed["coverage"] + 0.2),
            without,
            without.assign(learner="RT"),
        ]
    )
    return table.assign(objective="latency_ms", design="random", interval_score=2 * table["interval_width"])


def curve(axes: Axes, look: _palette.Style) -> dict[int, float]:
    """Return the values of a curve by budget; its points stand somewhat beside their budget."""
    (line,) = [line for line in axes.lines if line.get_marker() == look.marker and line.get_color() == look.colour]
    return {round(float(x)): float(y) for x, y in line.get_xydata()}


def test_intervals_are_medians_over_repeats_learners_sources_and_targets() -> None:
    figure = draw("intervals", {"transfer": with_intervals()})
    looks = _palette.styles(["KT", "LMS", "RS"])
    found = panels(figure)
    assert list(found) == ["Coverage", "Width", "Interval score"]
    for name, kt, lms in (
        ("Coverage", {10: (90 + 70) / 2}, {5: 60, 10: 70}),
        ("Width", {10: (20 + 40) / 2}, {5: 50, 10: 60}),
        ("Interval score", {10: 60}, {5: 100, 10: 120}),
    ):
        assert curve(found[name], looks["KT"]) == pytest.approx(kt)
        assert curve(found[name], looks["LMS"]) == pytest.approx(lms)
    ends = [
        part[:, 1].tolist()
        for item in found["Coverage"].collections
        if isinstance(item, LineCollection) and np.allclose(item.get_colors()[0][:3], _rgb(looks["KT"].colour))
        for part in item.get_segments()
    ]
    assert ends == [pytest.approx([75, 85])]  # quartiles of 70 and 90
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["LMS", "KT"]
    assert any("1 of 12 results are not finite" in text for text in words(figure))


def test_the_coverage_that_is_promised_is_marked() -> None:
    axes = panels(draw("intervals", {"transfer": with_intervals()}))["Coverage"]
    (line,) = [line for line in axes.lines if line.get_linestyle() == "--" and line.get_marker() == "None"]
    assert set(line.get_ydata()) == {90}
    (band,) = axes.patches
    assert (band.get_y(), band.get_height()) == (85, 10)
    low, high = axes.get_ylim()
    assert low < 60
    assert high > 100


def test_points_of_a_budget_stand_nearer_to_each_other_than_to_the_next_budget() -> None:
    for budgets, points in (([5, 10, 20], 4), ([5, 10, 20], 30), ([5, 6, 7, 100], 12)):
        gap = min(np.diff(np.log(budgets)))
        assert 0 < _matplotlib.apart(budgets, points) * (points - 1) < 0.7 * gap
    assert _matplotlib.apart([5], 3) > 0


def test_where_nobody_gives_intervals_that_is_said() -> None:
    rows = with_intervals()
    for nobody in (rows[rows["strategy"] == "RS"], cells(("RS", None, "a", 5, 0, 9.0))):
        assert any("gives intervals" in text for text in words(draw("intervals", {"transfer": nobody})))


def test_a_design_without_intervals_leaves_those_of_another_design_in_view() -> None:
    rows = pd.concat([with_intervals(), cells(("KT", "p", "a", 10, 0, 5.0), learner=None, design="greedy")])
    figure = draw("intervals", {"transfer": rows})
    look = _palette.styles(["KT (greedy)", "KT (random)", "LMS", "RS"])["KT (random)"]
    assert curve(panels(figure)["Coverage"], look) == pytest.approx({10: 80})
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["LMS", "KT (random)"]


def test_strategies_look_the_same_whoever_gives_intervals() -> None:
    rows = pd.concat([with_intervals(), cells(("AAA", "p", "a", 10, 0, 5.0))])
    look = _palette.styles(["AAA", "KT", "LMS", "RS"])["KT"]
    assert curve(panels(draw("intervals", {"transfer": rows}))["Coverage"], look) == pytest.approx({10: 80})
