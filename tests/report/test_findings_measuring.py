"""Findings about measurements, in tables so small that the truth can be seen: facts, not words."""

from __future__ import annotations

import pandas as pd
import pytest
import studies
from picking import kinds, the

from perftransfer.report import findings_measuring
from perftransfer.report.finding import sentence
from perftransfer.tables.failures import Failures


def counted(*measurements: pd.DataFrame) -> findings_measuring.Outcomes:
    return findings_measuring.Outcomes.of(measurements, ["latency_ms"])


def test_what_changes_from_day_to_day_is_told() -> None:
    rows = pd.DataFrame(
        [
            ("e", "c1", "ok", "2026-01-01T10:00:00", 9.0), ("e", "c1", "ok", "2026-01-01T11:00:00", 9.0),
            ("e", "c1", "ok", "2026-01-02T10:00:00", 11.0), ("e", "c2", "ok", "2026-01-02T10:00:00", 5.0),
            ("e", "c2", "crashed", "2026-01-03T10:00:00", None), ("f", "c1", "ok", "2026-01-01T10:00:00", 1.0),
        ],
        columns=["environment", "configuration_id", "status", "started_at", "latency_ms"],
    )  # fmt: skip
    assert the(counted(rows).days["latency_ms"], "day_to_day") == {
        "environment": "e", "days": 2, "quantity": "latency", "spread": pytest.approx(14, abs=0.5), "configurations": 1,
    }  # fmt: skip
    assert counted(rows[rows["environment"] == "f"]).days == {"latency_ms": []}
    assert counted(pd.DataFrame()).days == {"latency_ms": []}


def measured(*rows: tuple[str, str, bool | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["configuration_id", "status", "disturbed"])
    return table.assign(environment="a", engine="onnxruntime", order=range(len(rows)), error=None)


def test_outcomes() -> None:
    good = list(findings_measuring.outcomes(counted(measured(("w", "ok", False), ("x", "ok", False)))))
    assert the(good, "measurements") == {"total": 2, "good": 2, "failed": {}}
    assert the(good, "disturbed") == {"disturbed": 0, "total": 2, "limit": 12.0}
    some = measured(
        ("w", "ok", True), ("w", "timeout", None), ("x", "crashed", None), ("x", "crashed", None), ("y", "ok", False)
    )
    found = list(findings_measuring.outcomes(counted(some)))
    assert the(found, "measurements") == {"total": 5, "good": 2, "failed": {"crashed": 2, "timeout": 1}}
    assert the(found, "without_value") == {"configurations": 1}
    assert the(found, "disturbed") == {"disturbed": 1, "total": 2, "limit": 12.0}
    quality = the(findings_measuring.quality(counted(some)), "poor_measurements")
    assert quality == {"failed": 3, "disturbed": 1, "total": 5}
    assert kinds(findings_measuring.quality(counted(measured(("w", "ok", False))))) == []
    table = Failures().cells(counted(some.assign(error=[None, "late", None, "SIGSEGV", None])).failures)
    assert table is not None
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["crashed", "2", "1", "a", "SIGSEGV"],
        ["timeout", "1", "1", "a", "late"],
    ]


def test_outcomes_of_what_nobody_measured() -> None:
    assert kinds(findings_measuring.outcomes(counted(pd.DataFrame()))) == ["nothing_measured"]
    unknown = measured(("w", "ok", None))
    assert kinds(findings_measuring.outcomes(counted(unknown)))[1] == "disturbance_unknown"
    simulated = measured(("w", "ok", False)).assign(engine="simulated")
    found = list(findings_measuring.outcomes(counted(simulated)))
    assert the(found, "simulated") == {"measurements": 1, "total": 1}


def test_the_drift_of_the_machine_is_told() -> None:
    found = the(findings_measuring.drift(studies.sentinels(studies.named(1))), "drift")
    assert (found["environment"], found["measurements"]) == ("net0-128px-all", 5)
    assert (found["drift"], found["spread"]) == (pytest.approx(9.5, abs=0.05), pytest.approx(0, abs=1e-9))
    assert kinds(findings_measuring.drift(studies.sentinels(studies.named(1)).iloc[:3])) == []
    assert kinds(findings_measuring.drift(pd.DataFrame())) == []


def test_measurements_that_ended_for_want_of_time_are_told() -> None:
    table = measured(("w", "ok", False), ("x", "ok", False), ("y", "ok", False))
    known = counted(table.assign(steady=[True, False, None], stopped=["time", "precise", "time"]))
    found = list(findings_measuring.outcomes(known))
    assert the(found, "not_steady") == {"measurements": 1, "total": 3}
    assert the(found, "not_precise") == {"measurements": 2, "total": 3}


def test_what_imports_dropped_or_found_out_is_on_the_page_up_to_a_number() -> None:
    (finding,) = findings_measuring.imports(["t.csv: environment a: y: 2 of 9 rows failed: 2 OOM"])
    assert sentence(finding) == "Import of t.csv: environment a: y: 2 of 9 rows failed: 2 OOM."
    many = list(findings_measuring.imports([f"t.csv: {i}" for i in range(25)]))
    assert len(many) == 21
    assert sentence(many[-1]).startswith("5 further remarks on imports: see logs/import")
