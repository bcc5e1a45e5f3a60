"""What is asked of every figure: it draws whatever the tables hold, nothing overlaps, units and marks are there."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pytest
import tables
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from perftransfer import figures
from perftransfer.figures import _environments, _matplotlib
from perftransfer.figures._evaluated import Evaluated
from perftransfer.figures.interface import Inputs, NothingToShow
from perftransfer.results.aggregate import Results

NAMES = [
    "designs", "error_against_budget", "error_by_environment", "error_per_target", "influence", "influence_stability",
    "intervals", "learner_comparison", "noise", "ranking", "regret", "similarity", "source_against_target",
]  # fmt: skip
# They show the environments as dots, and say how many are emulated.
NAMELESS = [
    "designs", "error_against_budget", "influence_stability", "intervals", "learner_comparison", "ranking", "regret",
]  # fmt: skip


def draw(name: str, study: Mapping[str, pd.DataFrame], objective: str = "latency_ms") -> Figure:
    figure = figures.CATALOGUE.load(name)()
    inputs = {table: study[table] for table in figure.inputs}
    return figure.draw_or_explain(inputs, "all" if figure.across_objectives else objective)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Text]]:
    """All texts that a figure draws from now on, in ``written``."""
    texts: list[Text] = []
    original = Text.draw

    def recorded(self: Text, renderer: object, *args: object, **kwargs: object) -> None:
        if self.get_visible() and self.get_text().strip():
            texts.append(self)
        original(self, renderer, *args, **kwargs)

    monkeypatch.setattr(Text, "draw", recorded)
    yield texts


def check_layout(figure: Figure, written: list[Text]) -> list[str]:
    """Check that no text overlaps another, leaves the figure, or is too small to read; return the texts."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with _matplotlib.settings():
        written.clear()
        figure.draw_without_rendering()
        texts = list(dict.fromkeys(written))
        boxes = np.array([text.get_window_extent(renderer).extents for text in texts])
    assert max(figure.get_size_inches()) <= 20
    assert min(text.get_fontsize() for text in texts) >= 6
    width, height = figure.bbox.size
    assert (boxes[:, :2] >= -1).all(), [texts[i].get_text() for i in np.flatnonzero((boxes[:, :2] < -1).any(axis=1))]
    assert (boxes[:, 2:] <= (width + 1, height + 1)).all()
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    touching = np.argwhere(np.triu(((high - low) > 1).all(axis=2), 1))  # one pixel of 200 to the inch is a rounding
    assert [(texts[i].get_text(), texts[j].get_text()) for i, j in touching] == []
    return [text.get_text() for text in texts]


def test_the_figures_of_a_study_are_the_files_that_have_a_still_one() -> None:
    assert figures.names() == NAMES
    assert set(figures.CATALOGUE.names()) - set(NAMES) == {
        "configurations", "target_choices", "target_front", "target_option_costs", "target_predicted",
    }  # fmt: skip


def test_loading_the_figures_imports_no_heavy_library() -> None:
    code = (
        "import sys; from perftransfer import figures; figures.names();"
        "sys.exit(bool({'matplotlib', 'pandas', 'vl_convert'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "workflow"})


def test_a_figure_says_what_it_is() -> None:
    for name in figures.CATALOGUE.names():
        figure = figures.CATALOGUE.load(name)
        assert figure.__doc__, name
        assert 0 < len(figure.title) < 60
        assert not set(figure.caption) & set("<>&*`|_")  # means something in RST or HTML
        assert set(figure.inputs) <= set(Inputs.__annotations__)
        if figure.still:
            assert 2 <= figure.caption.count(". ") + 1 <= 4, name
            assert "environments" in figure.inputs


@pytest.mark.parametrize(("name", "n"), [(name, n) for name in NAMES for n in ((4,) if name in NAMELESS else (4, 20))])
def test_nothing_overlaps_and_emulated_is_said(name: str, n: int, written: list[Text]) -> None:
    texts = check_layout(draw(name, tables.study(n, repeats=1 if n == 20 else 5)), written)
    assert any("emulated" in text for text in texts)
    if name not in NAMELESS:
        whole = " ".join("".join(text.split()) for text in texts)
        marks = dict(tables.environments(n)[["environment", "emulated"]].itertuples(index=False))
        for environment, emulated in marks.items():
            mark = ("(e)" if n > _environments.CROWDED else "(emulated)") if emulated else ""
            assert environment + mark in whole


def drop(study: dict[str, pd.DataFrame], table: str, **columns: object) -> dict[str, pd.DataFrame]:
    return {**study, table: study[table].assign(**columns)}


def only(study: dict[str, pd.DataFrame], keep: object) -> dict[str, pd.DataFrame]:
    return {**study, "transfer": study["transfer"][keep].reset_index(drop=True)}


FOUR = tables.study(4)
FEW = {
    **FOUR,
    "transfer": FOUR["transfer"].query("learner in ['NN', 'RF'] or learner.isna()").reset_index(drop=True),
}
ROWS = FEW["transfer"]


DATASET = tables.dataset(4)


def of_dataset(**columns: object) -> dict[str, pd.DataFrame]:
    """The study with other rows of its dataset."""
    return {**FEW, **tables.measured(DATASET.assign(**columns))}


def as_strategies(strategy: str, n: int, stem: str = "of_the_user_") -> list[pd.DataFrame]:
    """The rows of a strategy as if they were of ``n`` others, each worse than the one before."""
    own = ROWS[ROWS["strategy"] == strategy]
    return [own.assign(strategy=f"{stem}{i}", mape=(1 + i / 4) * own["mape"]) for i in range(n)]


LONG = "a" * 40
RENAMED = {"mobilenetv2-128px-1core": LONG, "mobilenetv2-128px-all": "mobilenetv2_at_128_px_on_all_of_the_cores"}
HARD = {
    "one strategy": only(FEW, ROWS["strategy"] == "LMS"),
    "no source": only(FEW, ROWS["source"].isna()),
    "direct transfer only": only(FEW, ROWS["strategy"] == "DM"),
    "one learner": only(FEW, ROWS["learner"] == "RF"),
    "one budget": only(FEW, ROWS["budget"].isin([0, 10])),
    "a learner missing from a strategy": only(FEW, (ROWS["strategy"] != "GS") | (ROWS["learner"] == "RF")),
    "no learners": drop(FEW, "transfer", learner=None),
    "some errors missing": drop(FEW, "transfer", mape=ROWS["mape"].where(ROWS["repeat"] > 0)),
    "infinite and huge errors": drop(
        FEW, "transfer", mape=ROWS["mape"].mask(ROWS["learner"] == "NN", np.inf).mask(ROWS["repeat"] == 0, 1e7)
    ),
    "perfect models": drop(FEW, "transfer", mape=0.0),
    "no results": only(FEW, ROWS["strategy"] == "none"),
    "no spread": of_dataset(latency_ms_cv=np.nan, latency_ms_n=1),
    "no noise at all": of_dataset(latency_ms_cv=0.0),
    "spread in some environments": of_dataset(latency_ms_cv=DATASET["latency_ms_cv"].where(DATASET["image_px"] == 128)),
    "imported": {
        **of_dataset(latency_ms_cv=np.nan, latency_ms_n=np.nan),
        "environments": FEW["environments"].assign(emulated=None, network=None),
    },
    "long names": {
        **{name: table.replace(RENAMED) for name, table in FEW.items()}, **tables.measured(DATASET.replace(RENAMED)),
    },
    "nothing in common": of_dataset(configuration_id=DATASET["environment"] + DATASET["configuration_id"]),
    "one target": only(FEW, ROWS["target"] == "mobilenetv2-128px-all"),
    "one repeat": only(FEW, ROWS["repeat"] == 0),
    "no budget in common": only(FEW, (ROWS["strategy"] != "GS") | (ROWS["budget"] == 5) & (ROWS["strategy"] != "RS")),
    "only designs without transfer": only(FEW, ROWS["strategy"] == "NT"),
    "designs of a fixed size only": only(FEW, (ROWS["strategy"] == "NT") & ROWS["budget"].isin([12, 25])),
    "nothing to compare designs with": only(FEW, (ROWS["strategy"] == "NT") & (ROWS["design"] != "random")),
    "a design not known any more": drop(FEW, "transfer", design=ROWS["design"].replace("kmeans", "of_old_times")),
    "nothing selected": drop(FEW, "influence", selected=False),
    "not known what is selected": drop(FEW, "influence", selected=None),
    "shares of nothing": drop(FEW, "influence", share_of_variance=0.0),
    "options only": {**FEW, "influence": FEW["influence"].query("order == 1")},
    "nothing is alike": drop(FEW, "similarity", pearson=-0.9, spearman=-1.0, common_terms=0.0, kl_divergence=7.5),
    "all is alike": drop(FEW, "similarity", pearson=1.0, spearman=1.0, common_terms=1.0, kl_divergence=0.0),
    "one divergence beyond all": drop(
        FEW, "similarity", kl_divergence=FEW["similarity"]["kl_divergence"].mask(FEW["similarity"].index == 3, np.inf)
    ),
    "no common configurations": drop(FEW, "similarity", pearson=np.nan, spearman=np.nan, kl_divergence=np.nan),
    "not compared": drop(
        FEW, "similarity", pearson=np.nan, spearman=np.nan, kl_divergence=np.nan, common_terms=np.nan
    ),
    "whole numbers": of_dataset(latency_ms=DATASET["latency_ms"].round().astype(int)),
    "strategies not known yet": drop(
        FEW, "transfer", strategy=ROWS["strategy"].replace({"LMS": "jump-start", "NLMS": "gaussian process transfer"})
    ),
    "another objective beside": {
        **FEW, "transfer": pd.concat([ROWS, tables.transfer(4, objective="energy_mj").assign(mape=1e9)]),
    },
    "only strategies without a learner": only(FEW, ROWS["learner"].isna()),
    "only strategies with a learner": only(FEW, ROWS["learner"].notna()),
    "twenty strategies": {**FEW, "transfer": pd.concat([ROWS, *as_strategies("GP", 12)])},
    "several designs of a strategy": {
        **FEW, "transfer": pd.concat([ROWS, ROWS.query("strategy == 'KT'").assign(design="latin_hypercube")]),
    },
    "intervals of one learner of two": drop(
        FEW, "transfer", **{name: ROWS["mape"].where(ROWS["learner"] == "RF") for name in tables.INTERVALS}
    ),
    "endless intervals": drop(FEW, "transfer", interval_width=ROWS["interval_width"].mask(ROWS["repeat"] == 0, np.inf)),
    "intervals that hold nothing": drop(FEW, "transfer", coverage=0.0 * ROWS["coverage"]),
    "many budgets": drop(FEW, "transfer", budget=(ROWS["budget"] + ROWS["repeat"]).where(ROWS["budget"] > 0, 0)),
    "nothing": {name: table.iloc[:0] for name, table in FEW.items()},
    "no columns": {name: pd.DataFrame() for name in FEW},
}  # fmt: skip


def read_by(name: str, transfer: pd.DataFrame) -> pd.DataFrame:
    """What a figure can read of the transfer table: designs alone or all but these; intervals where it shows them."""
    about_designs = transfer["strategy"].isin(["NT", "GS"]) if name == "designs" else transfer["strategy"] != "NT"
    columns = [column for column in transfer if name == "intervals" or column not in tables.INTERVALS]
    return transfer.loc[about_designs, columns].reset_index(drop=True)


def different(name: str) -> set[str]:
    """Of the cases that change the transfer table alone, those that are not the same to a figure as one before."""
    drawn, cases = [read_by(name, ROWS)], set()
    for case, study in HARD.items():
        if {table for table in study if study[table] is not FEW[table]} == {"transfer"}:
            rows = read_by(name, study["transfer"])
            if not any(rows.equals(other) for other in drawn):
                drawn.append(rows)
                cases.add(case)
    return cases


def affected() -> list[tuple[str, str]]:
    """Each figure with the cases that change a table that it draws; of the environments, most draw the names alone.

    Of cases that are the same to a figure there is one.
    """
    pairs = []
    cases = {name: different(name) for name in ("designs", "intervals", "")}
    for name, (case, study) in itertools.product(NAMES, HARD.items()):
        read = {
            "influence": ["influence"], "influence_stability": ["influence"], "noise": ["ranges", "transfer"],
            "similarity": ["similarity"], "source_against_target": ["values"],
        }  # fmt: skip
        changed = {table for table in study if study[table] is not FEW[table]}
        if changed == {"transfer"} and case not in cases.get(name, cases[""]):
            continue
        if changed & {*read.get(name, ["transfer"])}:
            pairs.append((name, case))
    return pairs


# Cases whose layout is the hardest: laid out, not only computed.
LAID_OUT = {
    "infinite and huge errors", "long names", "twenty strategies", "nothing selected", "shares of nothing",
    "options only", "nothing is alike", "spread in some environments", "no spread", "nothing in common",
    "intervals that hold nothing",
}  # fmt: skip
# With twenty strategies, these are laid out by the test that gives the strategies long names.
TWENTY_LONG_NAMES = ["error_against_budget", "intervals", "ranking"]
# Cases that take other ways through the drawing: drawn, on a layout that is like those above.
DRAWN = {
    "perfect models", "direct transfer only", "several designs of a strategy", "one strategy", "no learners",
    "one target", "many budgets", "no source",
}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), affected())
def test_hard_tables(name: str, case: str, written: list[Text]) -> None:
    figure = figures.CATALOGUE.load(name)()
    if case in LAID_OUT and not (case == "twenty strategies" and name in TWENTY_LONG_NAMES):
        check_layout(draw(name, HARD[case]), written)
        return
    inputs = {table: HARD[case][table] for table in figure.inputs}
    try:
        data = figure.select(inputs, "all" if figure.across_objectives else "latency_ms")
    except NothingToShow as reason:
        assert str(reason)
        return
    assert case not in ("nothing", "no columns")
    if case in DRAWN:
        with _matplotlib.settings():
            figure.draw(data)


def test_nothing_is_said_to_be_nothing(written: list[Text]) -> None:
    assert any("Nothing to show" in text for text in check_layout(draw("noise", HARD["nothing"]), written))


@pytest.mark.parametrize("name", sorted({*NAMES} - {"error_by_environment"}))  # which shows those that there are
def test_an_objective_that_is_not_there(name: str) -> None:
    # The noise of an objective is none of another's, neither are its errors.
    figure = figures.CATALOGUE.load(name)()
    inputs = FEW | {"values": np.nan * FEW["values"]}
    with pytest.raises(NothingToShow):
        figure.select({table: inputs[table] for table in figure.inputs}, "energy_mj")


@pytest.mark.parametrize("name", NAMES)
def test_two_environments(name: str) -> None:
    figure = figures.CATALOGUE.load(name)()
    study = tables.small()
    data = figure.select({table: study[table] for table in figure.inputs}, "latency_ms")
    with _matplotlib.settings():
        figure.draw(data)


@pytest.mark.parametrize("name", ["error_by_environment", "ranking", "similarity"])
def test_forty_environments(name: str, written: list[Text]) -> None:
    assert not any("Nothing to show" in text for text in check_layout(draw(name, tables.study(40, repeats=1)), written))


@pytest.mark.parametrize("name", TWENTY_LONG_NAMES)
def test_twenty_strategies_with_long_names(name: str, written: list[Text]) -> None:
    names = [f"{LONG}{i}" for i in range(12)]
    rows = pd.concat([ROWS, *as_strategies("KT", 12, LONG)])
    assert set(names) <= set(check_layout(draw(name, {**FEW, "transfer": rows}), written))


@pytest.mark.parametrize("name", ["intervals", "ranking"])
def test_a_hundred_targets(name: str, written: list[Text]) -> None:
    targets = [f"machine{i:03d}" for i in range(100)]
    spread = np.linspace(1, 50, 100)
    rows = [
        pd.DataFrame({"target": targets, "mape": error * spread, "coverage": 0.9}).assign(
            source=None, strategy=strategy, objective="latency_ms", design="random", learner=None, budget=5, repeat=0,
            interval_width=error, interval_score=2 * error,
        )
        for strategy, error in (("KT", 1.0), ("GP", 2.0))
    ]  # fmt: skip
    texts = check_layout(draw(name, {"environments": pd.DataFrame(), "transfer": pd.concat(rows)}), written)
    assert "Targets: 100." in texts


@pytest.mark.parametrize("name", ["error_by_environment", "similarity"])
def test_a_hundred_environments_are_all_named(name: str, written: list[Text]) -> None:
    names = [f"machine{i:03d}" for i in range(100)]
    pairs = pd.DataFrame(itertools.permutations(names, 2), columns=["source", "target"]).assign(objective="latency_ms")
    rows = pairs.assign(strategy="LMS", design="random", learner="RF", budget=5, repeat=0, mape=10.0)
    alike = pairs.assign(pearson=0.5, spearman=0.5, kl_divergence=0.1, common_terms=0.5)
    study = {"environments": pd.DataFrame(), "transfer": rows, "similarity": alike}
    assert set(names) <= set(check_layout(draw(name, study), written))


SHOW_RESULTS = [
    "error_against_budget", "error_by_environment", "error_per_target", "intervals", "learner_comparison", "noise",
    "ranking",
]  # fmt: skip


def same(a: object, b: object) -> bool:
    """Whether two selections hold the same numbers."""
    if isinstance(a, pd.DataFrame | pd.Series):
        return a.equals(b)
    if isinstance(a, Results) and isinstance(b, Results):
        return a.cells.reset_index(drop=True).equals(b.cells.reset_index(drop=True))
    if isinstance(a, Evaluated):
        return same(vars(a), vars(b))
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(same(a[name], b[name]) for name in a)
    return isinstance(a, _environments.Environments) or a == b


@pytest.mark.parametrize("name", [*SHOW_RESULTS, "designs"])
def test_results_of_designs_change_no_other_figure_nor_do_intervals(name: str) -> None:
    without = read_by(name, ROWS)
    assert len(without) < len(ROWS)
    figure = figures.CATALOGUE.load(name)()
    found = [vars(figure.select({**FEW, "transfer": rows}, "latency_ms")) for rows in (ROWS, without)]
    assert same(*found)


def test_noise_says_that_there_are_no_repeats(written: list[Text]) -> None:
    assert any("no repeated processes" in text or "spread is unknown" in text
               for text in check_layout(draw("noise", HARD["no spread"]), written))  # fmt: skip
    texts = check_layout(draw("noise", HARD["spread in some environments"]), written)
    assert texts.count("no repeated processes") == 2


def test_error_of_a_perfect_model_is_half_the_difference_of_two_processes() -> None:
    from perftransfer.fitting.noise import spreads

    rows = pd.DataFrame({"environment": "a", "x_ms": 10.0, "x_ms_cv": [np.std([9, 11], ddof=1) / 10], "x_ms_n": 2})
    assert spreads(rows, "x_ms")["floor"].item() == pytest.approx(100 * 1 / 10)


def test_the_check_finds_an_overlap(written: list[Text]) -> None:
    figure = draw("noise", FEW)
    figure.text(0.1, 0.1, "across the names", rotation=90)
    with pytest.raises(AssertionError, match="across the names"):
        check_layout(figure, written)


def test_two_environments_can_be_compared(written: list[Text]) -> None:
    assert "mobilenetv2-128px-all" in check_layout(draw("source_against_target", tables.study(2)), written)


def test_one_environment_has_nothing_to_compare(written: list[Text]) -> None:
    texts = check_layout(draw("source_against_target", tables.study(1)), written)
    assert any("a comparison needs two" in text for text in texts)
