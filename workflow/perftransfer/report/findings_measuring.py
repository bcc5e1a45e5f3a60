"""What became of the measurements: how many succeeded, failed, were disturbed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from perftransfer import objectives
from perftransfer.measuring.interference import DISTURBED_ABOVE
from perftransfer.report.finding import Finding
from perftransfer.results.formatting import known, listed
from perftransfer.results.table import Cell, PageTable

_COLUMNS = [
    "environment", "engine", "configuration_id", "order", "status", "error", "disturbed", "steady", "stopped",
]  # fmt: skip
_LONGEST = 300  # characters of an error's text
SIMULATED = "simulated"
# Share of measurements from which their quality is a main finding.
_POOR = 0.05
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
    days: dict[str, list[Finding]] = field(default_factory=dict)

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


def outcomes(found: Outcomes) -> list[Finding]:
    """Find what became of the measurements, and how many others disturbed."""
    if not found.all:
        return [Finding("nothing_measured")]
    failed = {status: one.measurements for status, one in sorted(found.failures.items())}
    findings = [Finding("measurements", {"total": found.all, "good": found.good, "failed": failed}, table="failures")]
    if found.without_value:
        findings.append(Finding("without_value", {"configurations": found.without_value}, table="failures"))
    if found.watched:
        facts = {"disturbed": found.disturbed, "total": found.watched, "limit": 100 * DISTURBED_ABOVE}
        findings.append(Finding("disturbed", facts))
    elif found.good:
        findings.append(Finding("disturbance_unknown"))
    # Timed out, not good enough.
    if found.unsteady:
        findings.append(Finding("not_steady", {"measurements": found.unsteady, "total": found.good}))
    if found.vague:
        findings.append(Finding("not_precise", {"measurements": found.vague, "total": found.good}))
    if found.simulated:
        findings.append(Finding("simulated", {"measurements": found.simulated, "total": found.all}))
    return findings


def quality(found: Outcomes) -> list[Finding]:
    """Find what limits the trust in the measurements as a whole: many that failed or were disturbed."""
    failed = found.all - found.good
    facts = {"failed": failed, "disturbed": found.disturbed, "total": found.all}
    return [Finding("poor_measurements", facts)] if failed + found.disturbed > _POOR * found.all else []


def drift(sentinels: pd.DataFrame) -> list[Finding]:
    """Find how far the default configuration, measured again and again, moved while an environment was measured.

    sentinels: ``environment, started_at, status, latency_ms``. The drift is the slope after Theil and Sen over the
    order of its measurements; the spread that of what is left.
    """
    findings = []
    good = sentinels[sentinels["status"] == "ok"] if len(sentinels) else sentinels
    for environment, rows in good.groupby("environment", sort=False) if len(good) else ():
        values = rows.sort_values("started_at", kind="stable")["latency_ms"].to_numpy(dtype=float)
        if len(values) < _FEWEST_SENTINELS:
            continue
        slope, level, *_ = theilslopes(values)
        expected = level + slope * np.arange(len(values))
        facts = {
            "environment": str(environment),
            "measurements": len(values),
            "drift": float(100 * slope * (len(values) - 1) / np.median(values)),
            "spread": float(100 * np.std(values - expected, ddof=1) / np.median(values)),
        }
        findings.append(Finding("drift", facts))
    return findings


def _days(measurements: pd.DataFrame, objective: str) -> list[Finding]:
    """Find how far a configuration's value moves from day to day (UTC): the median of the days' relative spread."""
    rows = known(measurements, ["environment", "configuration_id", "status", "started_at", objective])
    rows = rows[(rows["status"] == "ok") & rows["started_at"].notna() & rows[objective].notna()]
    rows = rows.assign(day=rows["started_at"].astype(str).str[:10])
    by_day = rows.groupby(["environment", "configuration_id", "day"], sort=False)[objective].median().astype(float)
    groups = by_day.groupby(level=["environment", "configuration_id"], sort=False)
    spread = (100 * groups.std(ddof=1) / groups.mean())[groups.size() >= 2]
    return [
        Finding(
            "day_to_day",
            {
                "environment": str(environment),
                "days": rows.loc[rows["environment"] == environment, "day"].nunique(),
                "quantity": objectives.split(objective)[0],
                "spread": float(values.median()),
                "configurations": len(values),
            },
        )
        for environment, values in spread.groupby(level="environment", sort=False)
    ]


def failures(found: Outcomes) -> PageTable | None:
    """Return the statuses other than ok with the first error's text; None if all went well."""
    if not found.failures:
        return None
    body = []
    for status, one in sorted(found.failures.items()):
        first = one.error or "no text"
        text = first if len(first) <= _LONGEST else f"{first[:_LONGEST]} …"
        cells = [status, f"{one.measurements:,}", f"{len(one.configurations):,}"]
        body.append([*map(Cell, cells), Cell(listed(one.environments, most=3)), Cell(text)])
    return PageTable(
        "Measurements without a result, and the first error of each kind.",
        ["status", "measurements", "configurations", "environments", "first error"],
        body,
        frozenset({3, 4}),
    )
