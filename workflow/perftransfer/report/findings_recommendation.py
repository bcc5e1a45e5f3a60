"""Which configuration to run in each target, what was promised of it, and what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perftransfer import figures, objectives
from perftransfer.figures._target import Target
from perftransfer.figures._vega import Interactive
from perftransfer.figures.interface import ALL_OBJECTIVES
from perftransfer.recommend.stopping import MORE, REFERENCE_STRATEGY, Outlook
from perftransfer.report.findings_measuring import SIMULATED
from perftransfer.report.table import Cell, Table
from perftransfer.results.formatting import NOTHING, count, number, percent


@dataclass(frozen=True)
class Recommended:
    """What is said of one target: sentences, a table of the configurations for each objective, figures that answer."""

    target: str
    sentences: list[str]
    tables: list[Table]
    figures: Sequence[Interactive] = ()
    emulated: bool = False
    simulated: bool = False


def recommended(
    table: pd.DataFrame,
    known: Mapping[str, Mapping[str, Any]],
    targets: Mapping[str, Target],
    described: Sequence[Mapping[str, Any]] = (),
) -> list[Recommended]:
    """Return what to run in each target. table: recommendation.parquet; known: its metadata, by target.

    targets: what figures show, by target; none for one that has none. described: targets as the resolved study does.
    """
    out = []
    emulated = {str(row["environment"]) for row in described if row.get("emulated") is True}
    simulated = {str(row["environment"]) for row in described if row.get("engine") == SIMULATED}
    for target, rows in table.groupby("environment", sort=False):
        facts = known[str(target)]
        said = [f"Of {count(int(facts['space']), 'configuration')} {int(facts['budget']):,} were measured."]
        tables = []
        for objective, own in rows.groupby("objective", sort=False):
            said += _sentences(str(objective), own, bool(facts["confirmed"]))
            outlook = facts["outlooks"][objective]
            said.append(worth_measuring(str(objective), outlook and Outlook(**outlook), str(facts["strategy"])))
            tables.append(_table(str(objective), own, several=len(facts["outlooks"]) > 1))
        shown = []
        if target in targets:
            shown = figures.interactive({"target": targets[str(target)]}, ALL_OBJECTIVES, str(target))
        out.append(Recommended(str(target), said, tables, shown, target in emulated, target in simulated))
    return out


def worth_measuring(objective: str, outlook: Outlook | None, strategy: str) -> str:
    """Say whether more measurements are worth it. outlook: None if nothing is left to measure."""
    if outlook is None:
        return "Nothing is left to measure."
    now, then = (percent(100 * value) for value in (outlook.now, outlook.then))
    quantity = objectives.split(objective)[0]
    more = count(MORE, "measurement")
    text = f"A further {more} would lower the typical error of a prediction of {quantity} from {now} to about {then}"
    if strategy != REFERENCE_STRATEGY:
        text += f", as {REFERENCE_STRATEGY} sees it: {strategy} does not tell"
    if outlook.noise is None:
        return f"{text}. How noisy a value is was not measured: each rests on one process."
    noise = f"what noise makes of a value (typically {percent(100 * outlook.noise)})"
    if outlook.enough:
        return f"{text}, by less than {noise}: for predicting, these are enough."
    return f"{text}, by more than {noise}: measuring more is worth it."


def _sentences(objective: str, rows: pd.DataFrame, confirmed: bool) -> Iterator[str]:
    quantity, unit = objectives.split(objective)

    def value(one: float) -> str:
        return f"{number(one, 3)} {unit}".strip()

    default, best = rows[rows["default"]].iloc[0], rows.sort_values("rank").iloc[0]
    if best["default"]:
        yield f"For {quantity}, nothing is expected to be better than the default configuration."
        return
    text = f"For low {quantity}, run with {best['changes']}: "
    text += f"{value(best['predicted'])} promised"
    if pd.notna(best["low"]):
        text += f" ({value(best['low'])} to {value(best['high'])} with 90 % probability)"
    if pd.notna(best["probability_better"]):
        text += (
            f", better than the default configuration with a probability of {percent(100 * best['probability_better'])}"
        )
    yield f"{text}."
    if pd.isna(best["measured"]) or pd.isna(default["measured"]):
        yield "It could not be measured, or the default one could not." if confirmed else "It was not measured yet."
        return
    change = 100 * (best["measured"] / default["measured"] - 1)
    than = f"{percent(abs(change))} {'lower' if change < 0 else 'higher'} than"
    text = f"Measured side by side: {value(best['measured'])}, {than} the {value(default['measured'])} of the default"
    if pd.notna(best["low"]):
        inside = best["low"] <= best["measured"] <= best["high"]
        text += f", and {'within' if inside else 'outside'} what was promised"
    yield f"{text}."


def _table(objective: str, rows: pd.DataFrame, several: bool) -> Table:
    quantity, unit = objectives.split(objective)
    body = []
    for _, row in rows.sort_values("rank").iterrows():
        what = "the default configuration" if row["default"] else row["changes"]
        known = pd.notna(row["low"])
        interval = f"{number(row['low'], 3)} to {number(row['high'], 3)}" if known else NOTHING
        chance = percent(100 * row["probability_better"]) if pd.notna(row["probability_better"]) else NOTHING
        cells = [f"{row['rank']:,}", number(row["predicted"], 3), interval, chance, number(row["measured"], 3)]
        body.append([Cell(what, "on the Pareto front" if several and row["pareto"] else ""), *map(Cell, cells)])
    in_unit = f", {unit}" if unit else ""
    return Table(
        f"{quantity.capitalize()} of what is recommended: rank among all configurations by the model, what it promises "
        "(with the interval that is to hold 90 % of configurations named beforehand; of the best of many it holds "
        "fewer), the probability that it beats the default configuration, and the median of the processes in which it "
        "was measured in the end, beside the default one.",
        ["configuration", "rank", f"promised{in_unit}", "interval", "beats the default", f"measured{in_unit}"],
        body,
    )
