"""Error against budget, of the strategies, learner and target that the reader chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from perftransfer import objectives, palette
from perftransfer.report.interactive import Choice, Interactive, Switches, chart, rounded, scale
from perftransfer.results import formatting as words
from perftransfer.results.aggregate import ALL as ALL_LEARNERS
from perftransfer.results.aggregate import KEY, Results, of_learner

#: Points beyond which targets are not told apart.
POINTS = 20_000
ALL = "all targets"
MEDIAN = "median over learners"
#: Strategies up to which their bands can be told apart.
BANDS = 5
_BANDS = (("shown", "shown"), ("hidden", "hidden"))


def figure(results: Results, objective: str, labels: Mapping[str, str]) -> Interactive | None:
    """Return the figure; None if there are no errors."""
    quartiles = _quartiles(results, labels)
    if quartiles.empty:
        return None
    styles = palette.styles(results.strategies)
    budgets = results.common_budgets or [1]
    # What measures nothing in the target has one error, whatever the others may measure.
    flat = quartiles[quartiles["budget"] == 0]
    lines = pd.concat([quartiles[quartiles["budget"] > 0], *(flat.assign(axis=budget) for budget in budgets)])
    lines = lines.assign(axis=lines["axis"].fillna(lines["budget"]).astype(int))
    columns: dict[str, list[Any]] = {
        "strategy": list(lines["strategy"]),
        "learner": list(lines["learner"]),
        "target": list(lines["target"]),
        "measured": lines["budget"].astype(int).tolist(),
        "budget": lines["axis"].tolist(),
        **{name: [rounded(value) for value in lines[name]] for name in ("low", "error", "high")},
    }
    learners = list(dict.fromkeys(lines["learner"]))
    targets = list(dict.fromkeys(lines["target"]))
    several = f" {ALL.capitalize()} only: there are too many to tell them apart here." if len(targets) == 1 else ""
    return Interactive(
        name=f"{objective}-interactive-budget",
        section="budget",
        title=f"Error against budget: {objectives.label(objective)}",
        caption=(
            "MAPE on the held-out test third of the target (lower is better) against the number of target "
            "configurations measured: medians over repeats, then sources, then targets; bands from first to third "
            "quartile over targets, or over the sources of one target. A strategy that measures nothing in the "
            "target (DM) is a level line." + several
        ),
        chart=chart(
            f"Lines: error in percent against budget, one for each strategy, {objectives.label(objective)}.",
            _chart(styles, budgets, scale([*columns["low"], *columns["error"]]), learners[0], targets[0]),
        ),
        columns=columns,
        controls=[
            Switches(
                "strategies",
                "Strategies",
                [(name, f"{name}: {words.strategy_title(name)}", style.colour) for name, style in styles.items()],
            ),
            Choice("learner", "Learner", [(name, _learner(name)) for name in learners]),
            Choice("target", "Target", [(name, name) for name in targets]),
            Choice("bands", "Quartiles", _BANDS if len(styles) <= BANDS else _BANDS[::-1]),
        ],
        still=["error_against_budget"],
    )


def _learner(name: str) -> str:
    title = words.learner_title(name)
    return name if title == name else f"{title} ({name})"


def _quartiles(results: Results, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return strategy, learner, target, budget, and low, error and high in percent.

    Quartiles are over targets, or over the sources of one target.
    """
    columns = ["strategy", "learner", "target", "budget", "low", "error", "high"]
    of_target = results.by_target.rename(columns={"value": "error"}).dropna(subset="error")
    kinds = [results.errors.rename(columns={"value": "error"}).assign(target=ALL)]
    if len(of_target) <= POINTS and len(set(of_target["target"])) > 1:
        sources = results.by_pair.groupby([*KEY, "target"])["value"]
        ends = pd.DataFrame({"low": sources.quantile(0.25), "high": sources.quantile(0.75)})
        of_target = of_target.join(ends, on=[*KEY, "target"])
        kinds.append(of_target.assign(target=of_target["target"].map(lambda name: labels.get(name, name))))
    found = []
    for learner in results.panels().values():
        title = MEDIAN if learner == ALL_LEARNERS else learner
        found += [of_learner(rows, learner).assign(learner=title)[columns] for rows in kinds]
    return pd.concat(found, ignore_index=True).dropna(subset="error").assign(axis=None)


def _chart(
    styles: Mapping[str, palette.Style], budgets: list[int], errors: str, learner: str, target: str
) -> dict[str, Any]:
    colour = {
        "field": "strategy",
        "type": "nominal",
        "scale": {"domain": list(styles), "range": [style.colour for style in styles.values()]},
        # The switches above the figure show the colours.
        "legend": None,
    }
    dashes = [list(style.line[1]) if isinstance(style.line, tuple) else [1, 0] for style in styles.values()]
    percent = {
        "type": "quantitative",
        "scale": {"type": errors, "nice": False, "zero": errors == "linear", "padding": 14},
    }
    x = {
        "field": "budget",
        "type": "quantitative",
        "title": "configurations measured in the target",
        "scale": {"type": "log", "domain": [0.93 * budgets[0], 1.07 * budgets[-1]], "nice": False},
        "axis": {"values": budgets, "grid": False, "format": "d"},
    }
    tooltip = [
        {"field": "strategy", "title": "strategy"},
        {"field": "learner", "title": "learner"},
        {"field": "target", "title": "target"},
        {"field": "measured", "title": "measured in the target"},
        {"field": "error", "title": "median error (%)"},
        {"field": "low", "title": "first quartile (%)"},
        {"field": "high", "title": "third quartile (%)"},
    ]
    dash = {
        "field": "strategy",
        "type": "nominal",
        "scale": {"domain": list(styles), "range": [[4 * part for part in dash] for dash in dashes]},
        "legend": None,
    }
    y = {"field": "error", "title": "MAPE on the test third (%)", **percent}
    return {
        "width": 820,
        "height": 400,
        "params": [
            {"name": "strategies", "value": list(styles)},
            {"name": "learner", "value": learner},
            {"name": "target", "value": target},
            {"name": "bands", "value": "shown"},
        ],
        "transform": [
            {"filter": "datum.learner === learner && datum.target === target"},
            {"filter": "indexof(strategies, datum.strategy) >= 0"},
        ],
        "encoding": {"x": x, "color": colour},
        "layer": [
            {
                "mark": {"type": "area", "opacity": {"expr": "bands === 'shown' ? 0.12 : 0"}, "aria": False},
                "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {"mark": {"type": "line", "strokeWidth": 2.2, "aria": False}, "encoding": {"y": y, "strokeDash": dash}},
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"y": y, "tooltip": tooltip},
            },
        ],
    }
