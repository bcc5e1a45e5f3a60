"""What became of the measurements: how many succeeded, failed, were disturbed."""

from __future__ import annotations

import pandas as pd

from perftransfer.measuring.interference import DISTURBED_ABOVE
from perftransfer.report.table import Cell, Table
from perftransfer.report.words import count, known, listed, percent

_COLUMNS = ["environment", "engine", "configuration_id", "order", "status", "error", "disturbed"]
_SAID = {"timeout": "timed out", "crashed": "crashed", "failed": "failed", "unsupported": "were not supported"}
_LONGEST = 300  # characters of an error's text
SIMULATED = "simulated"


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
