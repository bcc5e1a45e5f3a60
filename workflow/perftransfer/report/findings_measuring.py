"""What became of the measurements: how many succeeded, failed, were disturbed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from perftransfer import objectives
from perftransfer.measuring.interference import DISTURBED_ABOVE
from perftransfer.report.finding import Finding
from perftransfer.tables.failures import Failure

_COLUMNS = [
    "environment", "engine", "configuration_id", "order", "status", "error", "disturbed", "steady", "stopped",
]  # fmt: skip
SIMULATED = "simulated"
# Share of measurements from which their quality is a main finding.
_POOR = 0.05
# Remarks on imports that the page shows; all are in the logs.
_REMARKS = 20
_FEWEST_SENTINELS = 4  # from which a drift can be told from noise


def columns(measured: Sequence[str]) -> list[str]:
    """Names of the columns of the measurements that are looked at here; ``measured``: the objectives."""
    return [*_COLUMNS, "started_at", *measured]


@dataclass
class Outcomes:
    """What became of the measurements, counted environment by environment: the rows of one only are in memory.

    Parameters
    ----------
    watched
        Of the ``good`` measurements, those of which it is known whether others disturbed them.
    disturbed, unsteady, imprecise
        Of the good ones, those that were disturbed, timed before latencies were steady, or ended when their time was
        over.
    days
        Findings on changes from day to day, by objective.
    """

    good: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    without_value: int = 0
    simulated: int = 0
    watched: int = 0
    disturbed: int = 0
    unsteady: int = 0
    imprecise: int = 0
    days: dict[str, list[Finding]] = field(default_factory=dict)

    @classmethod
    def of(cls, measurements: Iterable[pd.DataFrame], objectives: Sequence[str]) -> Outcomes:
        """Count; measurements: tables of one environment or several, in the order of the study."""
        outcomes = cls(days={objective: [] for objective in objectives})
        for table in measurements:
            outcomes._add(table.reindex(columns=_COLUMNS))
            for objective in objectives:
                outcomes.days[objective] += _days(table, objective)
        return outcomes

    def _add(self, rows: pd.DataFrame) -> None:
        keys = ["environment", "configuration_id"]
        good = rows[rows["status"] == "ok"]
        self.good += len(good)
        self.without_value += len(rows[keys].drop_duplicates()) - len(good[keys].drop_duplicates())
        self.simulated += int((rows["engine"] == SIMULATED).sum())
        watched = good["disturbed"].dropna()
        self.watched += len(watched)
        self.disturbed += int(watched.astype(bool).sum())
        self.unsteady += int((~good["steady"].astype("boolean").fillna(True)).sum())
        self.imprecise += int((good["stopped"] == "time").sum())
        bad = rows[rows["status"] != "ok"].sort_values(["environment", "order"], kind="stable")
        for status, group in bad.groupby("status", sort=True):
            failure = self.failures.setdefault(str(status), Failure())
            failure.measurements += len(group)
            failure.configurations |= set(group["configuration_id"])
            failure.environments += [name for name in group["environment"].unique() if name not in failure.environments]
            texts = (str(text) for text in group["error"] if isinstance(text, str) and text)
            failure.error = failure.error or next(texts, "")

    @property
    def all(self) -> int:
        """How many measurements there are."""
        return self.good + sum(failure.measurements for failure in self.failures.values())


def imports(remarks: Sequence[str]) -> Iterator[Finding]:
    """Find what was dropped, summarised or found out when published tables were imported."""
    for remark in remarks[:_REMARKS]:
        yield Finding("import_remark", {"remark": remark})
    if len(remarks) > _REMARKS:
        yield Finding("import_remarks_left_out", {"n": len(remarks) - _REMARKS})


def outcomes(counts: Outcomes) -> Iterator[Finding]:
    """Find what became of the measurements, and how many others disturbed."""
    if not counts.all:
        yield Finding("nothing_measured")
        return
    failed = {status: failure.measurements for status, failure in sorted(counts.failures.items())}
    yield Finding("measurements", {"total": counts.all, "good": counts.good, "failed": failed}, table="failures")
    if counts.without_value:
        yield Finding("without_value", {"configurations": counts.without_value}, table="failures")
    if counts.watched:
        facts = {"disturbed": counts.disturbed, "total": counts.watched, "limit": 100 * DISTURBED_ABOVE}
        yield Finding("disturbed", facts)
    elif counts.good:
        yield Finding("disturbance_unknown")
    for kind, n, total in (
        ("not_steady", counts.unsteady, counts.good),
        ("not_precise", counts.imprecise, counts.good),
        ("simulated", counts.simulated, counts.all),
    ):
        if n:
            yield Finding(kind, {"measurements": n, "total": total})


def quality(counts: Outcomes) -> Iterator[Finding]:
    """Find what limits the trust in the measurements as a whole: many that failed or were disturbed."""
    failed = counts.all - counts.good
    if failed + counts.disturbed > _POOR * counts.all:
        facts = {"failed": failed, "disturbed": counts.disturbed, "total": counts.all}
        yield Finding("poor_measurements", facts)


def drift(sentinels: pd.DataFrame) -> Iterator[Finding]:
    """Find how far the default configuration, measured again and again, moved while an environment was measured.

    sentinels: ``environment, started_at, status, latency_ms``. The drift is the slope after Theil and Sen over the
    order of its measurements; the spread that of what is left.
    """
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
        yield Finding("drift", facts)


def _days(measurements: pd.DataFrame, objective: str) -> Iterator[Finding]:
    """Find how far a configuration's value moves from day to day (UTC): the median of the days' relative spread."""
    rows = measurements.reindex(columns=["environment", "configuration_id", "status", "started_at", objective])
    rows = rows[(rows["status"] == "ok") & rows["started_at"].notna() & rows[objective].notna()]
    rows = rows.assign(day=rows["started_at"].astype(str).str[:10])
    by_day = rows.groupby(["environment", "configuration_id", "day"], sort=False)[objective].median().astype(float)
    groups = by_day.groupby(level=["environment", "configuration_id"], sort=False)
    spread = (100 * groups.std(ddof=1) / groups.mean())[groups.size() >= 2]
    for environment, values in spread.groupby(level="environment", sort=False):
        facts = {
            "environment": str(environment),
            "days": rows.loc[rows["environment"] == environment, "day"].nunique(),
            "quantity": objectives.split(objective)[0],
            "spread": float(values.median()),
            "configurations": len(values),
        }
        yield Finding("day_to_day", facts)
