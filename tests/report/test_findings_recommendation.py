"""What the report says of a target: facts, and their words in a snapshot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import snapshot

from perftransfer.report import findings_recommendation
from perftransfer.report.finding import Finding, sentence
from perftransfer.tables.option_costs import Costs, OptionCosts

OUTLOOK = {"regret": 0.14, "gain": 0.012, "noise": 0.03}
GOAL = {"objectives": ["latency_ms"], "terms": [], "limits": [], "maximized": []}
FACTS = {
    "space": 1152, "budget": 8, "confirmed": True, "strategy": "AUTO", "goal": GOAL, "tolerance": 0.01,
    "stopped_early": False,
    "engine_default": {},
    "disturbance": {"measurements": 16, "disturbed": 3, "configurations": 8, "unreliable": 0},
    "disturbance_confirmed": None,
    "description": {"environment": "new", "engine": "onnxruntime", "network": "mobilenetv2", "batch": 1},
    "configurations": {
        "best": [["precision", "int8"], ["intra_op_threads", 2]], "default": [["precision", "fp32"],
        ["intra_op_threads", 1]], "third": [["precision", "fp32"]],
    },
}  # fmt: skip


def rows(**changes: object) -> pd.DataFrame:
    """The recommended configuration of a target, and the default."""
    best = {
        "environment": "new", "objective": "latency_ms", "rank": 1, "default": False, "pareto": True,
        "changes": "precision=int8 intra_op_threads=2", "predicted": 2.1, "low": 1.8, "high": 2.5,
        "probability_better": 0.97, "measured": 1.9, "measured_n": 3, "configuration_id": "best", "keeps_limits": True,
        "probability_keeps": 1.0, "best_with": "", "chosen": True, "equal": True,
        "configuration": "intra_op_threads=2 precision=int8",
    }  # fmt: skip
    default = {"rank": 310, "default": True, "changes": "", "predicted": 2.8, "low": 2.4, "high": 3.2, "measured": 2.9,
               "measured_n": 3,
               "configuration_id": "default", "chosen": False, "equal": False}  # fmt: skip
    table = pd.DataFrame([{**best, **changes}, {**best, **default, "probability_better": None}])
    if changes.get("rank", 1) > default["rank"]:
        table["chosen"] = ~table["chosen"]
    return table


LIMITED = {
    "objectives": ["latency_ms"],
    "terms": ["p99 latency of at most 2.5 ms", "arena = true"],
    "limits": [{"objective": "latency_ms_p99", "at_most": True, "value": 2.5}],
}


def limited(**changes: object) -> pd.DataFrame:
    """The same, with an objective that is only limited."""
    table = rows(**changes)
    return pd.concat([table, table.assign(objective="latency_ms_p99", measured=[2.9, 3.1])], ignore_index=True)


def by_precision() -> pd.DataFrame:
    """The same, with the best configuration of each precision."""
    table = rows(best_with="precision=int8")
    other = table.iloc[:1].assign(
        best_with="precision=fp32", rank=9, predicted=2.6, changes="arena=false", measured=2.5
    )
    return pd.concat([table, other], ignore_index=True).assign(
        best_with=lambda found: found["best_with"].where(~found["default"], "")
    )


def found(table: pd.DataFrame, outlook: dict[str, Any] | None = OUTLOOK, **changes: object) -> list[Finding]:
    facts = {**FACTS, "outlooks": {"latency_ms": outlook}, **changes}
    (one,) = findings_recommendation.recommended(table, {"new": facts}, {})
    return one.findings


def test_what_to_run_and_how_it_compares_with_the_default() -> None:
    space, best, measured, outlook = found(rows())
    assert space == Finding("measured_of_space", {"space": 1152, "budget": 8})
    assert (best.kind, measured.kind, outlook.kind) == ("recommended", "measured_next_to_default", "worth_measuring")
    facts = dict(best.facts)
    assert (facts["predicted"], facts["low"], facts["high"]) == (2.1, 1.8, 2.5)
    assert (facts["measured"], facts["default_measured"]) == (1.9, 2.9)
    more = dict(outlook.facts)
    assert (more["enough"], more["regret"]) == (True, pytest.approx(14))


@pytest.mark.parametrize(
    ("table", "changes", "kind"),
    [
        (rows(measured=None), {}, "could_not_be_measured"),
        (rows(measured=None), {"confirmed": False}, "not_measured_yet"),
        (rows(rank=311), {}, "default_is_best"),
        (rows(), {"outlook": None}, "nothing_left_to_measure"),
    ],
)
def test_what_is_not_there_is_said(table: pd.DataFrame, changes: dict[str, Any], kind: str) -> None:
    assert kind in [finding.kind for finding in found(table, **changes)]


def test_the_words_of_recommendations() -> None:
    cases = [
        found(rows()),
        found(rows(low=None, high=None, measured=3.5, probability_better=None)),
        found(rows(measured=None), {**OUTLOOK, "noise": None}),
        found(rows(measured=None), {**OUTLOOK, "noise": 0.01}, confirmed=False),
        found(rows(rank=311), None),
        found(limited(keeps_limits=False), goal=LIMITED),
        found(limited(probability_keeps=0.8), goal=LIMITED),
        found(by_precision()),
        found(rows().assign(equal=True)),
    ]
    text = "\n\n".join("\n".join(map(sentence, findings)) for findings in cases)
    snapshot.check("recommendation", text + "\n")


def test_the_report_opens_with_what_to_run() -> None:
    parts = findings_recommendation.recommended(rows(), {"new": {**FACTS, "outlooks": {"latency_ms": OUTLOOK}}}, {})
    (main,) = findings_recommendation.main_findings(parts)
    assert main.kind == "recommended"
    assert sentence(main).startswith("new: Recommended for low latency: precision=int8 intra_op_threads=2.")


@pytest.mark.parametrize(
    ("table", "disturbed", "words"),
    [
        (rows(), 48, "Unreliable: all 48 measurements were disturbed by other processes."),
        (rows(rank=311), 48, "Unreliable: all 48 measurements were disturbed by other processes."),
        (rows(), 31, "Unreliable: 31 of 48 measurements were disturbed by other processes, and 9 of 24 values rest on"),
    ],
)
def test_a_recommendation_from_disturbed_measurements_says_so_wherever_it_is_made(
    table: pd.DataFrame, disturbed: int, words: str
) -> None:
    counts = {"measurements": 48, "disturbed": disturbed, "configurations": 24, "unreliable": min(9, disturbed - 22)}
    texts = [sentence(finding) for finding in found(table, disturbance=counts)]
    assert sum(words in text for text in texts) == 1
    confirmed = {"measurements": 6, "disturbed": 6, "configurations": 2, "unreliable": 2}
    about = {**FACTS, "outlooks": {"latency_ms": OUTLOOK}, "disturbance": counts, "disturbance_confirmed": confirmed}
    (main,) = findings_recommendation.main_findings(findings_recommendation.recommended(table, {"new": about}, {}))
    assert words in sentence(main)
    assert "all 6 measurements side by side were disturbed" in sentence(main)


def test_the_engine_left_alone_is_compared_with_what_is_recommended() -> None:
    measured = {"latency_ms": {"measured": 2.5, "measured_cv": 0.1, "measured_n": 3}}
    kinds = [finding.kind for finding in found(rows(), engine_default=measured)]
    assert kinds.index("engine_default") == kinds.index("measured_next_to_default") + 1
    texts = [sentence(finding) for finding in found(rows(), engine_default=measured)]
    assert any("onnxruntime with its own defaults): 2.50 ms" in text and "24 % lower" in text for text in texts)
    texts = [sentence(finding) for finding in found(rows(rank=311), engine_default=measured)]
    assert any("the default configuration is 16 % higher" in text for text in texts)
    (part,) = findings_recommendation.recommended(
        rows(), {"new": {**FACTS, "outlooks": {"latency_ms": OUTLOOK}, "engine_default": measured}}, {}
    )
    assert [cell.text for cell in part.tables[0].rows[-1]] == [
        "the engine's own defaults", "–", "–", "–", "–", "2.50",
    ]  # fmt: skip
    failed = {"latency_ms": {"measured": None, "error": "takes all CPUs"}}
    texts = [sentence(finding) for finding in found(rows(), engine_default=failed)]
    assert any("could not be measured: takes all CPUs." in text for text in texts)


def test_a_target_ends_with_what_to_paste() -> None:
    ((title, text, remarks),) = snippets(rows())
    assert title == "Python code for ONNX Runtime, for latency"
    assert "options.intra_op_num_threads = 2" in text
    assert "mobilenetv2.int8.onnx" in text
    assert remarks == ()
    # Where the default is best, it is what to paste.
    assert "options.intra_op_num_threads = 1" in snippets(rows(rank=311))[0][1]


COSTS = pd.DataFrame(
    {
        "objective": "latency_ms",
        "option": ["arena", "threads", "threads", "mode", "spinning"],
        "recommended": ["true", "2", "2", "fast", "true"],
        "level": ["false", "1", "4", "slow", "false"],
        "status": ["measured", "predicted", "predicted", "failed", "measured"],
        "value": [2.01, 4.2, 2.0, np.nan, 1.0],
        "change": [0.005, 1.0, -0.05, np.nan, -0.45],
        "low": [np.nan, 0.8, -0.2, np.nan, np.nan],
        "high": [np.nan, 1.2, 0.1, np.nan, np.nan],
    }
)


def test_what_matters_near_the_optimum_is_said() -> None:
    (finding,) = findings_recommendation.near_optimum(Costs("latency_ms", COSTS))
    assert finding.facts == {
        "quantity": "latency", "option": "threads", "recommended": "2", "level": "1", "change": 100, "least": 1,
        "low": pytest.approx(80), "high": pytest.approx(120), "status": "predicted", "negligible": ["arena"],
    }  # fmt: skip
    text = sentence(finding)
    assert "1 instead of 2 makes it 100 % higher (predicted; 90 % interval +80 to +120 %)" in text
    assert "arena" in text
    assert list(findings_recommendation.near_optimum(Costs("latency_ms", COSTS[COSTS["option"] == "mode"]))) == []


def test_costs_stand_by_option_the_most_influential_first_with_how_they_are_known() -> None:
    table = OptionCosts().cells(Costs("latency_ms", COSTS))
    assert table is not None
    cells = [[cell.text for cell in row] for row in table.rows]
    assert [row[0] for row in cells] == ["threads", "threads", "spinning", "arena", "mode"]
    assert cells[0] == ["threads", "2", "1", "4.20", "+100 %", "+80 % to +120 %", "predicted"]
    assert cells[2][4:] == ["−45 %", "–", "measured"]
    assert cells[4][3:] == ["–", "–", "–", "failed"]
    assert OptionCosts().cells(Costs("latency_ms", COSTS.iloc[:0])) is None


def test_one_configuration_for_two_objectives_is_pasted_once() -> None:
    two = {**FACTS, "goal": {**GOAL, "objectives": ["latency_ms", "energy_mj"]}}
    both = pd.concat([rows(), rows().assign(objective="energy_mj")])
    ((title, text, _),) = snippets(both, two)
    assert title.endswith(", for latency and energy")
    assert "latency_ms and energy_mj" in text
    other = pd.concat([rows(), rows(rank=311).assign(objective="energy_mj")])
    assert [title.rpartition(" ")[2] for title, _, _ in snippets(other, two)] == ["latency", "energy"]


def test_what_is_no_code_is_a_table_with_remarks() -> None:
    own = {**FACTS, "description": {"environment": "new", "engine": "mine.Engine", "batch": 8}}
    ((title, text, remarks),) = snippets(rows(), own)
    assert title.startswith("Options and levels")
    assert "intra_op_threads  2" in text
    assert any("batch=8" in remark for remark in remarks)
    refused = {**FACTS, "configurations": {"best": [["execution_mode", "serial"]], "default": []}}
    ((title, _, remarks),) = snippets(rows(), refused)
    assert title.startswith("Options and levels")
    assert "unknown level 'serial'" in remarks[-1]


def snippets(table: pd.DataFrame, facts: dict[str, Any] = FACTS) -> list[tuple[str, str, tuple[str, ...]]]:
    parts = findings_recommendation.snippets(table, facts)
    return [(part.title, part.snippet.text, part.snippet.remarks) for part in parts]


def test_limits_are_said_and_whether_they_are_kept() -> None:
    kept = found(limited(), goal=LIMITED)
    assert [finding.kind for finding in kept] == [
        "measured_of_space", "wanted", "recommended", "measured_next_to_default", "worth_measuring", "limit_broken",
    ]  # fmt: skip
    assert dict(kept[-1].facts) == {"quantity": "p99 latency", "unit": "ms", "measured": 2.9, "limit": 2.5}
    assert "no_limit_kept" in [finding.kind for finding in found(limited(keeps_limits=False), goal=LIMITED)]


def test_what_noise_does_not_tell_apart_is_named() -> None:
    assert "told_apart" not in [finding.kind for finding in found(rows())]
    table = rows()
    (alike,) = [finding.facts for finding in found(table.assign(equal=True)) if finding.kind == "told_apart"]
    assert dict(alike) == {"n": 2, "equal": ["the default configuration"], "was_first": True, "processes": 3}
    third = table.iloc[:1].assign(configuration_id="third", rank=2, changes="arena=false", measured=1.7)
    other = pd.concat([table.assign(chosen=False, equal=False), third.assign(chosen=True, equal=True)])
    (overtaken,) = [finding.facts for finding in found(other) if finding.kind == "told_apart"]
    assert dict(overtaken) == {"n": 3, "equal": [], "was_first": False, "processes": 3}


def test_the_best_of_each_precision_is_named() -> None:
    (other,) = [finding.facts for finding in found(by_precision()) if finding.kind == "best_with"]
    assert (other["chosen"], other["level"], other["measured"]) == ("precision=int8", "precision=fp32", 2.5)
    # Also where the one that is run is not the one that a model ranks first with its level.
    table = by_precision().assign(best_with=["", "", "precision=fp32"])
    assert [finding.facts["chosen"] for finding in found(table) if finding.kind == "best_with"] == ["precision=int8"]
