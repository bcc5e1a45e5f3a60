"""Findings in tables so small that the truth can be seen: facts, not words (these are in snapshots)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import studies
from picking import facts, kinds, the
from scipy.stats import t as student
from wide import by_configuration

from perftransfer.evaluation.searches import empty
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.figures import error_against_budget
from perftransfer.report import (
    findings,
    findings_designs,
    findings_environments,
    findings_transfer,
)
from perftransfer.report.finding import Finding, sentence
from perftransfer.results.aggregate import ALL
from perftransfer.results.evidence import Evidence
from perftransfer.results.table import PageTable
from perftransfer.tables import CATALOGUE

LABELS = {"a": "a", "b": "b (emulated)"}


def cells(rows: list[tuple[str, str, str | None, str, int, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["strategy", "learner", "source", "target", "budget", "mape"])
    repeat = table.groupby(["strategy", "learner", "source", "target", "budget"], dropna=False).cumcount()
    metrics = {"regret": table["mape"] / 1000, "spearman": 0.9, "n_measured": table["budget"]}
    return table.assign(objective="latency_ms", design="random", repeat=repeat, **metrics)


# Two targets, two learners. RF is best everywhere; errors of RF, those of RT are twice as large.
ERRORS = {
    ("RS", None, "a"): {5: 40.0, 10: 20.0, 30: 6.0},
    ("RS", None, "b"): {5: 44.0, 10: 24.0, 30: 8.0},
    ("LMS", "b", "a"): {5: 12.0, 10: 11.0, 30: 10.0},
    ("LMS", "a", "b"): {5: 48.0, 10: 13.0, 30: 12.0},
    ("DM", "b", "a"): {0: 30.0},
    ("DM", "a", "b"): {0: 90.0},
}
ROWS = [
    # The median over three repeats is the middle one, however far the others are.
    (strategy, learner, source, target, budget, factor * error * repeat)
    for (strategy, source, target), errors in ERRORS.items()
    for budget, error in errors.items()
    for learner, factor in (("RF", 1), ("RT", 2))
    for repeat in (0.5, 1, 9)
]
TRANSFER = cells(ROWS)


NONE = pd.DataFrame()


def evidence(objective: str = "latency_ms", **changes: Any) -> Evidence:
    """What is known about an objective: nothing but these tables."""
    tables = dict.fromkeys(("ranges", "influence", "similarity", "transfer"), NONE) | {"search": empty()}
    return Evidence(**{"objective": objective, "labels": LABELS, **tables, **changes})


def results(*strategies: str, table: pd.DataFrame = TRANSFER) -> Evidence:
    return evidence(transfer=table[table["strategy"].isin(strategies)] if strategies else table)


def table_of(name: str, known: Evidence) -> PageTable | None:
    """The table of that name that only the report shows."""
    return CATALOGUE.load(name)().cells(known)  # type: ignore[attr-defined,no-any-return]


def scaled(strategy: str, factor: float) -> pd.DataFrame:
    """TRANSFER with the errors of a strategy multiplied."""
    own = TRANSFER["strategy"] == strategy
    return TRANSFER.assign(mape=TRANSFER["mape"].where(~own, TRANSFER["mape"] * factor))


def test_few_measurements() -> None:
    found = the(findings_transfer.few_measurements(results()), "few_measurements")
    assert (found["strategy"], found["learner"], found["n_learners"]) == ("LMS", "RF", 2)
    assert (found["budget"], found["error"]) == (5, 30.0)
    rs = found["baseline"]
    assert (rs["strategy"], rs["learner"]) == ("RS", "RF")
    assert (rs["needed"], rs["error"], rs["budget_before"], rs["error_before"]) == (10, 22.0, 5, 42.0)


@pytest.mark.parametrize(
    ("factor", "needed", "error", "before"), [(0.1, None, 7.0, None), (0.5, 30, 7.0, 10), (3, 5, 42.0, None)]
)
def test_what_random_sampling_needs_for_the_same(
    factor: float, needed: int | None, error: float, before: int | None
) -> None:
    worse = results(table=scaled("LMS", factor))
    rs = the(findings_transfer.few_measurements(worse), "few_measurements")["baseline"]
    assert (rs["needed"], rs["error"], rs["budget_before"], rs["largest_budget"]) == (needed, error, before, 30)


def test_one_learner_is_not_called_the_best() -> None:
    one = results(table=TRANSFER[TRANSFER["learner"] == "RF"])
    assert the(findings_transfer.few_measurements(one), "few_measurements")["n_learners"] == 1
    assert "best learner" not in sentence(next(findings_transfer.few_measurements(one)))
    assert kinds(findings_transfer.best_learners(one)) == []


def test_many_measurements_and_leaders() -> None:
    found = the(findings_transfer.many_measurements(results()), "many_measurements")
    assert (found["strategy"], found["budget"], found["error"]) == ("RS", 30, 7.0)
    assert (found["next"]["strategy"], found["next"]["error"]) == ("LMS", 11.0)
    assert the(findings_transfer.leaders(results()), "leaders") == {"budgets": {"LMS": [5, 10], "RS": [30]}}
    assert kinds(findings_transfer.leaders(results("LMS", "DM"))) == []


def test_without_measurement() -> None:
    without = list(findings_transfer.without_measurement(results()))
    assert the(without, "without_measurement") == {"strategy": "DM", "learner": "RF", "n_learners": 2, "error": 60.0}
    assert the(without, "pairs_without_measurement") == {
        "best": {"error": 30.0, "source": "b (emulated)", "target": "a"},
        "worst": {"error": 90.0, "source": "a", "target": "b (emulated)"},
    }
    assert the(without, "order_without_measurement") == {"strategy": "DM", "correlation": 0.9}
    rs = the(without, "baseline_to_match")["baseline"]
    assert (rs["needed"], rs["error"], rs["budget_before"]) == (5, 42.0, None)


def test_what_random_sampling_needs_to_be_as_good_as_no_measurement() -> None:
    without = list(findings_transfer.without_measurement(results(table=scaled("DM", 0.5))))
    rs = the(without, "baseline_to_match")["baseline"]
    assert (rs["needed"], rs["budget_before"], rs["error_before"]) == (10, 5, 42.0)


def test_regret_and_best_learner() -> None:
    found = the(findings_transfer.regret(results()), "regret")
    assert found["costs"] == pytest.approx({"RS": 0.7, "DM": 6.0, "LMS": 1.1})
    below = replace(results(), maximize=True)
    assert [the(findings_transfer.regret(one), "regret")["maximize"] for one in (results(), below)] == [False, True]
    assert the(findings_transfer.best_learners(results()), "best_learners") == {
        "strategies": {"RF": ["RS", "DM", "LMS"]}
    }


def test_against_random_sampling() -> None:
    often = the(findings_transfer.how_often(results()), "how_often")
    assert often["at"] == [
        {"budget": 5, "lower_percent": {"LMS": 50.0}},
        {"budget": 30, "lower_percent": {"LMS": 0.0}},
    ]
    assert facts(findings_transfer.where_it_hurts(results()), "negative_transfer") == [
        {"budget": 5, "n_targets": 2, "worse_on": {"LMS": ["b (emulated)"]}},
        {"budget": 30, "n_targets": 2, "worse_on": {"LMS": ["a", "b (emulated)"]}},
    ]
    # The median learner lies between RF and RT: 1.5 times the error of RF.
    found = list(findings_transfer.extremes(results()))
    assert kinds(found) == ["worst_transfer"]
    assert the(found, "worst_transfer") == {
        "budget": 30, "strategy": "LMS", "source": "b (emulated)", "target": "a", "error": 15.0, "baseline_error": 9.0,
    }  # fmt: skip


def test_the_most_helpful_transfer_may_be_from_all_sources() -> None:
    helped = cells([("AUTO", None, None, "a", 30, 0.6), ("AUTO", None, None, "b", 30, 4.0)])
    found = list(findings_transfer.extremes(results(table=pd.concat([TRANSFER, helped], ignore_index=True))))
    best = the(found, "best_transfer")
    assert (best["strategy"], best["source"], best["target"]) == ("AUTO", "", "a")
    assert "from all sources to a" in sentence(found[1])


def test_transfer_that_never_hurts() -> None:
    better = TRANSFER.assign(mape=TRANSFER["mape"].where(TRANSFER["strategy"] != "LMS", 1.0))
    found = list(findings_transfer.where_it_hurts(results(table=better)))
    assert facts(found, "negative_transfer")[0]["worse_on"] == {"LMS": []}


def test_nothing_is_claimed_without_random_sampling() -> None:
    alone = results("LMS", "DM")
    found = the(findings_transfer.few_measurements(alone), "few_measurements")
    assert (found["error"], found["baseline"]) == (30.0, None)
    assert kinds(findings_transfer.no_comparison(alone)) == ["no_baseline"]
    assert kinds(findings_transfer.how_often(alone)) == kinds(findings_transfer.extremes(alone)) == []
    assert table_of("against_random", alone) is None
    assert "baseline_to_match" not in kinds(findings_transfer.without_measurement(alone))


def test_nothing_is_claimed_without_a_source() -> None:
    alone = results("RS")
    assert kinds(findings_transfer.few_measurements(alone)) == []
    assert kinds(findings_transfer.without_measurement(alone)) == []
    assert kinds(findings_transfer.no_comparison(alone)) == ["no_transfer_evaluated"]
    found = the(findings_transfer.many_measurements(alone), "many_measurements")
    assert (found["strategy"], found["error"], found["next"]) == ("RS", 7.0, None)


def test_results_that_are_no_numbers_are_counted_not_used() -> None:
    broken = pd.concat([TRANSFER, cells([("RS", "NN", None, "a", 30, np.nan)] * 3)])
    found = list(findings_transfer.excluded(results(table=broken)))
    assert the(found, "not_finite") == {"missing": 3, "total": 87}
    assert the(findings_transfer.many_measurements(results(table=broken)), "many_measurements")["error"] == 7.0


def test_a_learner_that_failed_where_it_was_difficult_is_not_the_best() -> None:
    lucky = pd.concat([TRANSFER, cells([("RS", "NN", None, "a", 30, 0.1)])])
    assert results(table=lucky).results.best_learner("RS") == "RF"


def test_a_budget_that_the_pool_cannot_give_is_told() -> None:
    short = TRANSFER.assign(n_measured=TRANSFER["n_measured"].clip(upper=20))
    found = list(findings_transfer.excluded(results(table=short)))
    assert the(found, "pool_too_small") == {"short": 24, "total": 84}


@pytest.mark.parametrize("table", [TRANSFER.iloc[:0], pd.DataFrame(), TRANSFER.assign(mape=np.nan)])
def test_no_results_no_claims(table: pd.DataFrame) -> None:
    none = results(table=table)
    for found in (
        findings_transfer.few_measurements(none), findings_transfer.many_measurements(none),
        findings_transfer.leaders(none), findings_transfer.without_measurement(none),
        findings_transfer.regret(none), findings_transfer.best_learners(none),
        findings_transfer.how_often(none), findings_transfer.extremes(none),
    ):  # fmt: skip
        assert kinds(found) == []
    for name in ("error_by_budget", "error_by_learner", "error_by_target", "against_random"):
        assert table_of(name, none) is None
    assert kinds(findings_transfer.no_comparison(none)) == ["no_results"]


def test_measurements_needed() -> None:
    needed = studies.shown({"transfer": TRANSFER}, "needed")[0]
    table = needed.cells("latency_ms")
    assert table is not None
    # The same errors as in the sentences: RS with RF has 42, 22 and 7 %.
    assert table.head[:7] == ["strategy", "learner", "30 %", "20 %", "15 %", "10 %", "7.5 %"]
    assert [[cell.text for cell in row[:7]] for row in table.rows] == [
        ["RS", "best: RF", "10", "30", "30", "30", "30"],
        ["RS", "median over learners", "30", "30", "30", "not with 30", "not with 30"],
        ["DM", "best: RF", *["not with 0"] * 5],
        ["DM", "median over learners", *["not with 0"] * 5],
        ["LMS", "best: RF", "5", "10", "10", "not with 30", "not with 30"],
        ["LMS", "median over learners", "10", "10", *["not with 30"] * 3],
    ]
    assert table.rows[0][0].detail == "random sampling"
    assert needed.cells("energy_mj") is None


def dataset(**columns: list[float]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"environment": name, "configuration_id": list("wxyz"), "latency_ms": values})
        for name, values in columns.items()
    ]
    return pd.concat(frames, ignore_index=True).assign(latency_ms_cv=np.nan, latency_ms_n=np.nan)


DATASET = dataset(a=[1.0, 2, 3, 7.4], b=[2.0, 4, 6, 8], c=[8.0, 6, 4, 2])


def similarity(table: pd.DataFrame, influence: pd.DataFrame | None = None) -> pd.DataFrame:
    none = pd.DataFrame(columns=["environment", "objective", "term", "share_of_variance", "selected"])
    names = list(table["environment"].unique())
    return similarity_table(
        by_configuration(table), none if influence is None else influence, names, ["latency_ms"], scale="linear"
    )


def test_span() -> None:
    found = the(findings_environments.span(evidence(ranges=studies.ranges(DATASET))), "span")
    assert found == {"quantity": "latency", "environments": 3, "low": 4.0, "high": pytest.approx(7.4)}


def test_similarity() -> None:
    found = list(findings_environments.order(evidence(similarity=similarity(DATASET))))
    assert the(found, "order") == {"median": pytest.approx(-1), "pairs": 3}
    ends = the(found, "most_and_least_alike")
    assert ends["most"] == {"pair": ["a", "b (emulated)"], "value": pytest.approx(1)}
    assert ends["least"] == {"pair": ["a", "c"], "value": pytest.approx(-1)}
    two = findings_environments.order(evidence(similarity=similarity(DATASET[DATASET["environment"] != "c"])))
    assert the(two, "order_of_pair") == {"pair": ["a", "b (emulated)"], "value": pytest.approx(1)}


def test_environments_with_nothing_in_common_are_not_compared() -> None:
    apart = similarity(DATASET.assign(configuration_id=DATASET["environment"] + DATASET["configuration_id"]))
    assert kinds(findings_environments.order(evidence(similarity=apart))) == ["order_unknown"]
    assert kinds(findings_environments.distribution(evidence(similarity=apart))) == []
    assert kinds(findings_environments.stability(evidence(similarity=apart))) == []


def test_a_linear_shift_leaves_the_distribution_as_it_is() -> None:
    shifted = similarity(dataset(a=[1.0, 2, 3, 4], b=[12.0, 14, 16, 18], c=[1.0, 1, 1, 8]))
    found = the(findings_environments.distribution(evidence(similarity=shifted)), "divergence")
    assert found["low"] == pytest.approx(0, abs=1e-9)
    assert found["high"] > 0
    assert found["pairs"] == 6


def test_stability_of_influence() -> None:
    rows = [("a", "x", 0.6, True), ("a", "y", 0.3, True), ("b", "x", 0.7, True), ("b", "y", 0.1, False)]
    influence = pd.DataFrame(rows, columns=["environment", "term", "share_of_variance", "selected"])
    two = similarity(DATASET[DATASET["environment"] != "c"], influence.assign(objective="latency_ms"))
    found = the(findings_environments.stability(evidence(similarity=two)), "stability")
    assert found["common_percent"] == {"median": 50.0, "low": 50.0, "high": 50.0, "pairs": 1}


def significance(targets: int) -> pd.DataFrame:
    """Every pair of three strategies, the first by far the best."""
    environments = studies.named(targets)
    return studies.shown(studies.tables(environments), "significance")[0].frame


def test_where_nothing_can_be_significant_it_is_said() -> None:
    found = list(findings_transfer.significant_strategies(evidence(significance=significance(4))))
    assert the(found, "nothing_can_be_significant")["targets"] == 4
    found = list(findings_transfer.significant_strategies(evidence(significance=significance(12))))
    at = the(found, "significant_differences")["at"]
    assert [(row["budget"], row["pairs"]) for row in at] == [(5, 3), (30, 3)]
    assert kinds(findings_transfer.significant_designs(evidence(significance=significance(12)))) == []


def designs(**factors: float) -> pd.DataFrame:
    """Results of designs without transfer whose errors are multiples of those of a simple random sample."""
    rows = [
        {
            "strategy": "NT", "design": design, "learner": "RF", "source": None, "target": target, "budget": 20,
            "repeat": 0, "n_measured": 20, "objective": "latency_ms", "mape": 10 * factor + place, "regret": 0.0,
            "spearman": 1.0,
        }
        for design, factor in {"random": 1.0, **factors}.items()
        for place, target in enumerate("abc")
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_designs_are_compared_with_a_random_sample_of_their_size() -> None:
    known = evidence(transfer=designs(kmeans=0.5, uniform=1.0, multistage=3.0), design_budgets=[20])
    at = the(findings_designs.at_each_budget(known), "designs_at_budget")
    changes = [(c["name"], c["side"], round(c["percent"]), c["lower"], c["higher"], c["total"]) for c in at["changes"]]
    assert changes == [("kmeans", -1, -45, 3, 0, 3), ("uniform", 0, 0, 0, 0, 3), ("multistage", 1, 182, 0, 3, 3)]
    fixed = the(findings_designs.fixed_size(replace(known, design_budgets=[5])), "designs_of_fixed_size")
    assert {change["budget"] for change in fixed["changes"]} == {20}
    assert kinds(findings_designs.fixed_size(known)) == []
    alone = designs(kmeans=0.5)
    none = evidence(transfer=alone[alone["design"] != "random"], design_budgets=[20])
    assert the(findings_designs.no_random_sample(none), "no_random_sample") == {"budgets": [20]}
    assert kinds(findings_designs.at_each_budget(none)) == []


def test_noise() -> None:
    # Two processes at 9 and 11: a perfect model would say 10 and find a mean of 10, off by 1/sqrt(2) of their spread.
    spread = float(np.std([9, 11], ddof=1) / 10)
    noisy = DATASET.assign(
        latency_ms_cv=DATASET["environment"].map({"a": spread, "b": spread / 10}),
        latency_ms_n=DATASET["environment"].map({"a": 2, "b": 2}),
    )
    found = list(findings_environments.noise(evidence(ranges=studies.ranges(noisy), transfer=TRANSFER)))
    assert the(found, "spread_of_processes") == {
        "low": pytest.approx(1.4, abs=0.05), "high": pytest.approx(14, abs=0.5), "quietest": "b (emulated)",
        "noisiest": "a",
    }  # fmt: skip
    difference = the(found, "smallest_difference")
    assert difference["too_noisy"] == {"a": pytest.approx(39, abs=0.5)}
    assert difference["elsewhere"]["high"] == pytest.approx(3.9, abs=0.05)
    perfect = the(found, "error_of_a_perfect_model")
    assert (perfect["low"], perfect["high"]) == (pytest.approx(1.0, abs=0.05), pytest.approx(10, abs=0.5))
    assert (perfect["reached"]["strategy"], perfect["reached"]["budget"], perfect["reached"]["error"]) == (
        "RS",
        30,
        7.0,
    )
    assert the(found, "noise_unknown_in") == {"environments": ["c"]}
    quality = findings_environments.too_noisy(evidence(ranges=studies.ranges(noisy)))
    assert kinds(quality) == ["smallest_difference"]


def test_differences_that_noise_hides_are_told() -> None:
    quiet = DATASET.assign(latency_ms_cv=0.01, latency_ms_n=3)
    # 100 sqrt(2 / 3) percent of a deviation of 0.01, times Student's 97.5 % for two degrees a configuration.
    least = 100 * 0.01 * np.sqrt(2 / 3) * student.ppf(0.975, 2 * (DATASET["environment"] == "a").sum())
    found = the(
        findings_environments.noise(evidence(ranges=studies.ranges(quiet), transfer=TRANSFER)), "smallest_difference"
    )
    assert found["too_noisy"] == {}
    assert found["elsewhere"]["low"] == pytest.approx(least)
    assert kinds(findings_environments.too_noisy(evidence(ranges=studies.ranges(quiet)))) == []


def test_unknown_noise_is_said() -> None:
    found = list(findings_environments.noise(evidence(ranges=studies.ranges(DATASET), transfer=TRANSFER)))
    assert kinds(found) == ["noise_unknown"]


def test_influence() -> None:
    rows = [
        ("a", "threads", 0.5, True), ("a", "precision", 0.3, True), ("a", "threads:precision", 0.05, True),
        ("a", "arena", 0.004, False), ("a", "pattern", 0.02, False),
        ("b", "threads", 0.7, True), ("b", "precision", 0.001, False), ("b", "arena", 0.009, True),
        ("b", "pattern", 0.001, False),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["environment", "term", "share_of_variance", "selected"])
    table["objective"] = "latency_ms"
    found = list(findings_environments.what_matters(evidence(influence=table)))
    explained = the(found, "variance_explained")
    assert (explained["low"], explained["high"]) == (pytest.approx(70.9), pytest.approx(85))
    everywhere = the(found, "matters_everywhere")
    assert (everywhere["environments"], everywhere["mean_shares"]) == (2, {"threads": pytest.approx(60)})
    assert [tuple(term.values()) for term in the(found, "matters_somewhere")["terms"]] == [
        ("precision", 1, pytest.approx(30)),
        ("threads × precision", 1, pytest.approx(5)),
    ]
    # Not selected, yet with 2 % in one environment, "pattern" is not called negligible.
    assert the(found, "negligible")["options"] == ["arena"]
    short = the(findings_environments.main_influence(evidence(influence=table)), "main_influence")
    assert (short["term"], short["mean_share"], short["negligible"]) == ("threads", pytest.approx(60), ["arena"])
    energy = evidence("energy_mj", influence=table)
    assert kinds(findings_environments.main_influence(energy)) == []
    assert kinds(findings_environments.what_matters(energy)) == ["influence_unknown"]


def intervals(rows: list[tuple[str, str | None, str, int, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["strategy", "learner", "target", "budget", "coverage", "interval_width"])
    return table.assign(objective="latency_ms", design="random", source=None, repeat=0)


def test_intervals_are_said_to_hold_what_they_held() -> None:
    """Means over learners, then over targets, at the largest budget."""
    table = intervals(
        [
            ("AUTO", None, "a", 5, 0.1, 500.0),
            ("AUTO", None, "a", 30, 0.92, 30.0),
            ("AUTO", None, "b", 30, 0.88, 10.0),
            ("RS", "RF", "a", 30, 0.9, 50.0),
            ("RS", "RT", "a", 30, 0.7, 60.0),
            ("RS", "RF", "b", 30, 0.8, 70.0),
            ("RS", "RT", "b", 30, 0.8, 80.0),
            ("GS", "RF", "a", 30, float("nan"), float("nan")),
        ]
    )
    table["coverage_near_best"] = [0.0, 0.5, 1.0, *[float("nan")] * 5]
    found = list(findings_transfer.intervals(evidence(transfer=table)))
    assert the(found, "interval_coverage")["near_best"] == {"AUTO": 75.0}
    coverage = the(found, "interval_coverage")
    assert (coverage["nominal"], coverage["budget"]) == (pytest.approx(90), 30)
    assert coverage["coverage"] == pytest.approx({"RS": 80, "AUTO": 90})
    assert (coverage["narrowest"], coverage["width"]) == ("AUTO", 20.0)
    assert the(found, "intervals_too_narrow") == {"strategies": ["RS"]}


def test_designs_of_a_strategy_hold_for_themselves() -> None:
    greedy = intervals([("KT", None, "a", 5, 0.6, 30.0)]).assign(design="greedy")
    drawn = intervals([("KT", None, "a", 5, 0.95, 30.0), ("KT", None, "a", 49, 0.1, 30.0)])
    found = list(findings_transfer.intervals(evidence(transfer=pd.concat([greedy, drawn], ignore_index=True))))
    assert the(found, "interval_coverage")["coverage"] == pytest.approx({"KT (greedy)": 60, "KT (random)": 95})
    assert the(found, "intervals_too_narrow") == {"strategies": ["KT (greedy)"]}


def test_without_intervals_nothing_is_said_of_them() -> None:
    assert kinds(findings_transfer.intervals(evidence(transfer=TRANSFER))) == []
    assert (
        kinds(findings_transfer.intervals(evidence(transfer=intervals([("RS", "RF", "a", 5, float("nan"), 1.0)]))))
        == []
    )


def test_sentences_tables_and_figures_name_the_same_errors() -> None:
    """The one number of a strategy, learner and budget: in findings, in both tables, and in the figure."""
    known = results()
    found = known.results
    errors, needed = (table.frame for table in studies.shown({"transfer": TRANSFER}, "errors", "needed"))
    inputs = {"transfer": TRANSFER, "environments": pd.DataFrame({"environment": ["a", "b"]})}
    drawn = error_against_budget.ErrorAgainstBudget().select(inputs, "latency_ms").quartiles  # type: ignore[arg-type]
    drawn = drawn[drawn["target"] == error_against_budget.ALL_TARGETS].set_index(["strategy", "budget", "learner"])
    for strategy in found.strategies:
        for budget in found.budgets(strategy):
            own = errors[(errors["strategy"] == strategy) & (errors["budget"] == budget)]
            assert own["median_mape"].item() == found.error(strategy, budget, ALL)
            for learner in ("RF", ALL):
                assert drawn.loc[(strategy, budget, learner), "middle"] == found.error(strategy, budget, learner)
    # What random sampling reaches at its largest budget, the table of measurements needed says as well.
    best = the(findings_transfer.many_measurements(known), "many_measurements")
    assert (best["strategy"], best["budget"], best["error"]) == ("RS", 30, 7.0)
    row = needed[(needed["strategy"] == "RS") & (needed["learner"] == "best: RF")].iloc[0]
    reached = {float(column.removesuffix(" %")): row[column] for column in needed if column.endswith(" %")}
    assert {error for error, budget in reached.items() if budget.isdigit()} == {30, 20, 15, 10, 7.5}
    assert {budget for error, budget in reached.items() if error < best["error"]} == {"not with 30"}
    table = table_of("error_by_budget", known)
    assert table is not None
    assert [cell.text for cell in table.rows[0]][:6] == ["RS", "best: RF", "–", "42 %", "22 %", "7.0 %"]


def test_sentence_and_tables_count_the_same_comparisons() -> None:
    """How often a strategy beats random sampling: in the sentence, in its table, and in the table of wins."""
    # Learners, sources and repeats differ; one error is lower by so little that it is a tie.
    noisy = TRANSFER.assign(mape=TRANSFER["mape"] * np.random.default_rng(3).lognormal(0, 0.8, len(TRANSFER)))
    same = (noisy["strategy"] == "LMS") & (noisy["budget"] == 5) & (noisy["repeat"] == 0) & (noisy["target"] == "a")
    noisy.loc[same, "mape"] = (
        0.995
        * noisy.loc[
            (noisy["strategy"] == "RS") & (noisy["budget"] == 5) & (noisy["repeat"] == 0) & (noisy["target"] == "a"),
            "mape",
        ].to_numpy()
    )
    alone = cells([("KT", None, "a", target, 5, 25.0) for target in "ab" for _ in range(3)])  # type: ignore[list-item]
    table = pd.concat([noisy, alone], ignore_index=True)
    (wins,) = studies.shown({"transfer": table}, "wins")
    counts = CATALOGUE.load("wins")().compute({"transfer": table}).set_index(["a", "b", "budget"])  # type: ignore[attr-defined]
    often = the(findings_transfer.how_often(results(table=table)), "how_often")
    assert [set(at["lower_percent"]) for at in often["at"]] == [{"LMS", "KT"}, {"LMS"}]
    for at in often["at"]:
        for strategy, share in at["lower_percent"].items():
            row = counts.loc[(strategy, "RS", at["budget"])]
            assert share == pytest.approx(100 * row["wins"] / row["comparisons"])
    assert counts.loc[("LMS", "RS", 5), "ties"] == 2
    shares = wins.frame[wins.frame["budget"] == 5].set_index("strategy")["RS"]
    cells_of = {row[0].text: row[1].text for row in table_of("against_random", results(table=table)).rows}  # type: ignore[union-attr]
    assert {name: text.removesuffix(" %") for name, text in cells_of.items()} == {
        name: shares[name].split(" / ")[0] for name in ("KT", "LMS")
    }


def test_a_report_opens_with_five_findings_at_most_and_has_room_for_quality() -> None:
    environments = studies.named(4)
    tables = studies.tables(environments)
    study = studies.study(environments)
    found = findings.evidence_on(study, tables)
    recommended = [Finding("default_is_best", {"quantity": "latency"})] * 3
    quality = [Finding("poor_measurements", {"failed": 9, "disturbed": 1, "total": 20})]
    lead = findings.lead(found, recommended, quality)
    assert kinds(lead) == ["default_is_best"] * 3 + ["span", "poor_measurements"]
    assert kinds(findings.lead(found)) == [
        "span",
        "how_soon",
        "few_measurements",
        "negative_transfer",
        "main_influence",
    ]


def test_a_study_that_compares_no_strategies_says_nothing_of_them() -> None:
    compared = results()
    names = [section.name for section in findings.sections(compared)]
    assert {"budget", "transfer"} <= set(names)
    without = evidence(transfer=TRANSFER.iloc[:0])
    left = [name for name in names if name not in ("budget", "transfer")]
    assert [section.name for section in findings.sections(without)] == left
    kinds = {finding.kind for finding in findings.lead({"latency_ms": without})}
    assert "no_results" not in kinds
