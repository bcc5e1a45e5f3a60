"""What became of the measurements: how many succeeded, failed, were disturbed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from perftransfer import objectives
from perftransfer.measuring.interference import DISTURBED_ABOVE
from perftransfer.report.table import Cell, Table
from perftransfer.results.formatting import count, known, listed, percent

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


@dataclass
class Failures:
    """Measurements that ended with the same status, which is not ok."""

    measurements: int = 0
    configurations: set[str] = field(default_factory=set)
    environments: list[str] = field(default_factory=list)
    error: str = ""


@dataclass
class Outcomes:
    """What became of the measurements, counted environment by environment: the rows of one only are in memory."""

    good: int = 0
    failures: dict[str, Failures] = field(default_factory=dict)
    without_value: int = 0
    simulated: int = 0
    # Of the good ones: those of which it is known whether others disturbed them, those disturbed, not steady, not
    # precise enough.
    watched: int = 0
    disturbed: int = 0
    unsteady: int = 0
    vague: int = 0
    days: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, measurements: Iterable[pd.DataFrame], objectives: Sequence[str]) -> Outcomes:
        """Count; measurements: tables of one environment or several, in the order of the study."""
        found = cls(days={objective: [] for objective in objectives})
        for table in measurements:
            found._add(known(table, _COLUMNS))
            for objective in objectives:
                found.days[objective] += _days(table, objective)
        return found

    def _add(self, rows: pd.DataFrame) -> None:
        keys = ["environment", "configuration_id"]
        good = rows[rows["status"] == "ok"]
        self.good += len(good)
        self.without_value += len(rows[keys].drop_duplicates()) - len(good[keys].drop_duplicates())
        self.simulated += int((rows["engine"] == SIMULATED).sum())
        told = good["disturbed"].dropna()
        self.watched += len(told)
        self.disturbed += int(told.astype(bool).sum())
        self.unsteady += int((~good["steady"].astype("boolean").fillna(True)).sum())
        self.vague += int((good["stopped"] == "time").sum())
        bad = rows[rows["status"] != "ok"].sort_values(["environment", "order"], kind="stable")
        for status, group in bad.groupby("status", sort=True):
            one = self.failures.setdefault(str(status), Failures())
            one.measurements += len(group)
            one.configurations |= set(group["configuration_id"])
            one.environments += [name for name in group["environment"].unique() if name not in one.environments]
            one.error = one.error or next((str(text) for text in group["error"] if isinstance(text, str) and text), "")

    @property
    def all(self) -> int:
        """How many measurements there are."""
        return self.good + sum(one.measurements for one in self.failures.values())


def outcomes(found: Outcomes) -> list[str]:
    """Say how many measurements there are, what became of them, and how many others disturbed."""
    if not found.all:
        return ["Nothing was measured for this study: all values are imported."]
    said = []
    if not found.failures:
        said.append(f"All {count(found.all, 'measurement')} succeeded.")
    else:
        parts = [f"{found.good:,} succeeded"]
        parts += [f"{one.measurements:,} {_SAID.get(status, status)}" for status, one in sorted(found.failures.items())]
        said.append(f"Of {count(found.all, 'measurement')}, {listed(parts)}.")
        if found.without_value:
            has = "has" if found.without_value == 1 else "have"
            said.append(f"{count(found.without_value, 'configuration')} (per environment) therefore {has} no value.")
    said += _disturbed(found)
    said += _unfinished(found)
    if found.simulated:
        said.append(f"{found.simulated:,} of {found.all:,} are simulated: computed from a formula, not measured.")
    return said


def _disturbed(found: Outcomes) -> list[str]:
    if not found.watched:
        return ["The system does not tell whether others used the CPUs meanwhile."] if found.good else []
    n = found.disturbed
    limit = percent(100 * DISTURBED_ABOVE)
    if n == 0:
        return [f"None was disturbed: never did others take more than {limit} of the time of the CPUs measured on."]
    share = percent(100 * n / found.watched)
    return [
        f"{n:,} of {found.watched:,} ({share}) {'was' if n == 1 else 'were'} disturbed: others took more than {limit} "
        "of the time of the CPUs measured on. A configuration's value rests on its undisturbed processes if it has any."
    ]


def _unfinished(found: Outcomes) -> list[str]:
    """Say how many measurements ended for want of time, not because they were good enough."""
    said = []
    if found.unsteady:
        said.append(
            f"{found.unsteady:,} of {found.good:,} were timed although latencies had not become steady within the time "
            "for warm-up."
        )
    if found.vague:
        said.append(
            f"{found.vague:,} of {found.good:,} ended when their time was over, with a median less precise than was "
            "asked for."
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


def _days(measurements: pd.DataFrame, objective: str) -> list[str]:
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


def failures(found: Outcomes) -> Table | None:
    """Return the statuses other than ok with the first error's text; None if all went well."""
    if not found.failures:
        return None
    body = []
    for status, one in sorted(found.failures.items()):
        first = one.error or "no text"
        text = first if len(first) <= _LONGEST else f"{first[:_LONGEST]} …"
        cells = [status, f"{one.measurements:,}", f"{len(one.configurations):,}"]
        body.append([*map(Cell, cells), Cell(listed(one.environments, most=3)), Cell(text)])
    return Table(
        "Measurements without a result, and the first error of each kind.",
        ["status", "measurements", "configurations", "environments", "first error"],
        body,
        frozenset({3, 4}),
    )
