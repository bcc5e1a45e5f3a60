"""What became of the measurements: how many succeeded, failed, were disturbed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from perftransfer import objectives
from perftransfer.measuring.interference import DISTURBED_ABOVE
from perftransfer.report.table import Cell, Table
from perftransfer.report.words import count, known, listed, percent

_COLUMNS = [
    "environment", "engine", "configuration_id", "order", "status", "error", "disturbed", "steady", "stopped",
]  # fmt: skip
_SAID = {
    "timeout": "timed out", "crashed": "crashed", "failed": "failed", "unsupported": "were not supported",
    "not_applied": "were not made since a setting of the hardware could not be applied",
}  # fmt: skip
_LONGEST = 300  # characters of an error's text
SIMULATED = "simulated"
_FEWEST_SENTINELS = 4  # from which a drift can be told from noise


def columns(measured: Sequence[str]) -> list[str]:
    """Names of the columns of the measurements that are looked at here; ``measured``: the objectives."""
    return [*_COLUMNS, "started_at", *measured]


def outcomes(measurements: pd.DataFrame) -> list[str]:
    """Say how many measurements there are, what became of them, and how many others disturbed."""
    rows = known(measurements, _COLUMNS)
    if rows.empty:
        return ["Nothing was measured for this study: all values are imported."]
    good = rows[rows["status"] == "ok"]
    said = []
    if len(good) == len(rows):
        said.append(f"All {count(len(rows), 'measurement')} succeeded.")
    else:
        bad = rows[rows["status"] != "ok"]["status"].value_counts().sort_index()
        parts = [f"{len(good):,} succeeded"]
        parts += [f"{n:,} {_SAID.get(str(status), str(status))}" for status, n in bad.items()]
        said.append(f"Of {count(len(rows), 'measurement')}, {listed(parts)}.")
        keys = ["environment", "configuration_id"]
        lost = len(rows[keys].drop_duplicates()) - len(good[keys].drop_duplicates())
        if lost:
            said.append(
                f"{count(lost, 'configuration')} (per environment) therefore {'has' if lost == 1 else 'have'} no value."
            )
    said += _disturbed(good)
    said += _unfinished(good)
    simulated = int((rows["engine"] == SIMULATED).sum())
    if simulated:
        said.append(f"{simulated:,} of {len(rows):,} are simulated: computed from a formula, not measured.")
    return said


def _disturbed(good: pd.DataFrame) -> list[str]:
    told = good[good["disturbed"].notna()]
    if told.empty:
        return ["The system does not tell whether others used the CPUs meanwhile."] if len(good) else []
    n = int(told["disturbed"].astype(bool).sum())
    limit = percent(100 * DISTURBED_ABOVE)
    if n == 0:
        return [f"None was disturbed: never did others take more than {limit} of the time of the CPUs measured on."]
    share = percent(100 * n / len(told))
    return [
        f"{n:,} of {len(told):,} ({share}) {'was' if n == 1 else 'were'} disturbed: others took more than {limit} of "
        "the time of the CPUs measured on. A configuration's value rests on its undisturbed processes if it has any."
    ]


def _unfinished(good: pd.DataFrame) -> list[str]:
    """Say how many measurements ended for want of time, not because they were good enough."""
    said = []
    unsteady = int((~good["steady"].astype("boolean").fillna(True)).sum())
    if unsteady:
        said.append(
            f"{unsteady:,} of {len(good):,} were timed although latencies had not become steady within the time for "
            "warm-up."
        )
    vague = int((good["stopped"] == "time").sum())
    if vague:
        said.append(
            f"{vague:,} of {len(good):,} ended when their time was over, with a median less precise than was asked for."
        )
    return said


def drift(sentinels: pd.DataFrame) -> list[str]:
    """Say how far the sentinel configuration, measured again and again, moved while an environment was measured.

    sentinels: ``environment, started_at, status, latency_ms``. The drift is the slope after Theil and Sen over the
    order of its measurements; the spread that of what is left.
    """
    said = []
    good = sentinels[sentinels["status"] == "ok"] if len(sentinels) else sentinels
    for environment, rows in good.groupby("environment", sort=False) if len(good) else ():
        values = rows.sort_values("started_at", kind="stable")["latency_ms"].to_numpy(dtype=float)
        if len(values) < _FEWEST_SENTINELS:
            continue
        slope, level, *_ = theilslopes(values)
        expected = level + slope * np.arange(len(values))
        moved = 100 * slope * (len(values) - 1) / np.median(values)
        spread = 100 * np.std(values - expected, ddof=1) / np.median(values)
        said.append(
            f"{environment}: the default configuration, measured {len(values)} times in between to watch the machine, "
            f"drifted by {percent(float(moved))} from first to last, and scattered by {percent(float(spread))} around "
            "that."
        )
    return said


def days(measurements: pd.DataFrame, objective: str) -> list[str]:
    """Say how far a configuration's value moves from day to day, beside what its processes differ by within a day.

    Of environments in which a configuration was measured on two days (UTC) or more: the median over configurations of
    the coefficient of variation of the days' medians.
    """
    rows = known(measurements, ["environment", "configuration_id", "status", "started_at", objective])
    rows = rows[(rows["status"] == "ok") & rows["started_at"].notna() & rows[objective].notna()]
    rows = rows.assign(day=rows["started_at"].astype(str).str[:10])
    by_day = rows.groupby(["environment", "configuration_id", "day"], sort=False)[objective].median().astype(float)
    groups = by_day.groupby(level=["environment", "configuration_id"], sort=False)
    spread = (100 * groups.std(ddof=1) / groups.mean())[groups.size() >= 2]
    said = []
    for environment, values in spread.groupby(level="environment", sort=False):
        n = rows.loc[rows["environment"] == environment, "day"].nunique()
        said.append(
            f"{environment}: measured on {n} days; {objectives.split(objective)[0]} of the same configuration differs "
            f"by {percent(float(values.median()))} between days (coefficient of variation, median over "
            f"{count(len(values), 'configuration')})."
        )
    return said


def failures(measurements: pd.DataFrame) -> Table | None:
    """Return the statuses other than ok with the first error's text; None if all went well."""
    rows = known(measurements, _COLUMNS)
    bad = rows[rows["status"] != "ok"].sort_values(["environment", "order"], kind="stable")
    if bad.empty:
        return None
    body = []
    for status, group in bad.groupby("status", sort=True):
        first = next((str(text) for text in group["error"] if isinstance(text, str) and text), "no text")
        text = first if len(first) <= _LONGEST else f"{first[:_LONGEST]} …"
        cells = [str(status), f"{len(group):,}", f"{group['configuration_id'].nunique():,}"]
        body.append([*map(Cell, cells), Cell(listed(group["environment"].unique(), most=3)), Cell(text)])
    return Table(
        "Measurements without a result, and the first error of each kind.",
        ["status", "measurements", "configurations", "environments", "first error"],
        body,
        frozenset({3, 4}),
    )
