"""What a search came to: for people, for scripts, and as a gate."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from perftransfer import export, objectives
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.levels import Level, level_text
from perftransfer.measuring import engines
from perftransfer.recommend import deployment
from perftransfer.recommend.stopping import PROBABILITY
from perftransfer.results.formatting import count, number, percent
from perftransfer.tune.request import Request
from perftransfer.tune.study_files import KnownSources

# Two values differ if they are further apart than so many standard errors of their difference.
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Value:
    """What was measured of a configuration: median over processes, its coefficient of variation, their number."""

    measured: float | None
    cv: float | None
    n: int

    @classmethod
    def of(cls, values: Mapping[str, Any] | pd.Series) -> Value:
        """Take it from a row of recommendations, or from facts about the engine left alone."""
        value, cv, n = (_finite(values.get(name)) for name in ("measured", "measured_cv", "measured_n"))
        return cls(value, cv, int(n or 0))

    @property
    def standard_error(self) -> float:
        """Of the median, about; 0 if unknown."""
        if not self.n or self.cv is None or self.measured is None:
            return 0.0
        return self.measured * self.cv / math.sqrt(self.n)


@dataclass(frozen=True)
class Result:
    """What is recommended for a network.

    Parameters
    ----------
    objective
        What decided.
    maximize
        Whether more of it is better.
    configuration
        Levels by option, None for inactive ones.
    recommended, default, engine_default
        What was measured of it, of the space's default, and of the engine left alone.
    regret
        With a probability of 90 %, the best measured is no further from the best there is, as a fraction; None if
        everything was measured.
    changes_outputs
        Levels of the recommended configuration that change what the network answers.
    measured
        Configurations that were measured, of ``space``.
    processes, disturbed
        Measurements, and those of them that other processes disturbed.
    seconds
        How long it took.
    sources
        Names of the environments that were known.
    code
        To paste.
    report
        Page with everything else.
    """

    objective: str
    maximize: bool
    configuration: Mapping[str, Level | None]
    changes: str
    recommended: Value
    default: Value
    engine_default: Value | None
    keeps_limits: bool
    regret: float | None
    changes_outputs: Sequence[str]
    measured: int
    space: int
    processes: int
    disturbed: int
    seconds: float
    sources: Sequence[str]
    code: str
    report: Path

    def as_json(self) -> str:
        """Return it for scripts; keys are those of the class."""
        content = {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            **{
                name: None if value is None else {"measured": value.measured, "cv": value.cv, "n": value.n}
                for name, value in (
                    ("recommended", self.recommended),
                    ("default", self.default),
                    ("engine_default", self.engine_default),
                )
            },
            "report": str(self.report),
        }
        return json.dumps(content, indent=2)

    def __str__(self) -> str:
        quantity, unit = objectives.split(self.objective)
        direction = "high" if self.maximize else "low"
        lines = [f"Recommended for {direction} {quantity}: {self.changes or 'the default configuration'}"]
        if not self.keeps_limits:
            lines.append("No configuration that was measured keeps all limits; this one comes closest.")
        for name, value in (
            ("recommended", self.recommended),
            ("default", self.default),
            ("engine left alone", self.engine_default),
        ):
            if value is not None and value.measured is not None:
                lines.append(f"  {name:<18} {number(value.measured, 3)} {unit}{self._against(value)}")
        if self.regret is None:
            lines.append(f"All {self.space} configurations were measured.")
        else:
            lines.append(
                f"{self.measured} of {self.space} configurations were measured. With a probability of "
                f"{percent(100 * PROBABILITY)}, the best is at most {percent(100 * self.regret)} worse than the "
                "best there is."
            )
        if self.disturbed:
            lines.append(
                f"{self.disturbed} of {count(self.processes, 'measurement')} were disturbed by other processes: run it "
                "again on a quiet machine."
            )
        if self.changes_outputs:
            lines.append(f"{' and '.join(self.changes_outputs)} changes what the network answers: check its accuracy.")
        return "\n".join([*lines, "", self.code.rstrip(), "", f"Report: {self.report}"])

    def _against(self, value: Value) -> str:
        if value is self.recommended or not value.measured or self.recommended.measured is None:
            return ""
        change = 100 * (self.recommended.measured / value.measured - 1)
        return f"   (recommended: {percent(abs(change))} {'lower' if change < 0 else 'higher'})"


def read(request: Request, sources: KnownSources, seconds: float) -> Result:
    """Read what a finished study recommends.

    Parameters
    ----------
    request
        What was asked for.
    sources
        What the study took as sources.
    seconds
        How long it ran.
    """
    path = request.out / "recommendation.parquet"
    rows, facts = tables.read(path), json.loads(tables.metadata(path)["targets"])
    ((target, about),) = facts.items()
    objective = about["goal"]["objectives"][0]
    rows = rows[(rows["environment"] == target) & (rows["objective"] == objective)]
    best, chosen = deployment.best_row(rows), deployment.load(path, target, objective)
    default, own = rows[rows["default"]].iloc[0], about["engine_default"].get(objective)
    outlook = about["outlooks"].get(objective)
    files = [request.out / "targets" / target / f"{name}.parquet" for name in ("measurements", "confirmation")]
    disturbed = pd.concat([tables.read(file, ["disturbed"])["disturbed"] for file in files]).fillna(False)
    return Result(
        objective=objective,
        maximize=objective in about["goal"]["maximized"],
        configuration=dict(chosen.configuration),
        changes=str(best["changes"]),
        recommended=Value.of(best),
        default=Value.of(default),
        engine_default=None if own is None else Value.of(own),
        keeps_limits=bool(best["keeps_limits"]),
        regret=None if outlook is None else float(outlook["regret"]),
        changes_outputs=[
            f"{name}={level_text(level)}"
            for name in sorted(engines.load(request.engine).changes_outputs)
            if (level := chosen.configuration.get(name)) is not None and level != chosen.default.get(name)
        ],
        measured=int(about["budget"]),
        space=int(about["space"]),
        processes=len(disturbed),
        disturbed=int(disturbed.sum()),
        seconds=seconds,
        sources=[one.name for one in sources],
        code=export.native(request.engine).export(chosen).text,
        report=request.out / "report.html",
    )


def slower_than(result: Result, baseline: Path, tolerance: float = 0.01) -> str | None:
    """Say by how much a result is worse than that of an earlier run; None if it is not, beyond noise and tolerance.

    Parameters
    ----------
    result
        Of this run.
    baseline
        What ``--json`` wrote in an earlier run.
    tolerance
        Change, as a fraction, that does not matter.

    Raises
    ------
    UserError
        If the file is no such result, or of another objective.
    """
    try:
        content = json.loads(baseline.read_text(encoding="utf-8"))
        before = Value(**content["recommended"])
        objective = content["objective"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{baseline}: not what --json wrote: {error}") from error
    if objective != result.objective:
        raise UserError(f"{baseline}: is about {objective}, this run about {result.objective}")
    now = result.recommended
    if now.measured is None or before.measured is None:
        raise UserError(
            f"{baseline if before.measured is None else 'this run'}: the recommended configuration has no value"
        )
    worse = before.measured - now.measured if result.maximize else now.measured - before.measured
    noise = _STANDARD_ERRORS * math.hypot(now.standard_error, before.standard_error)
    if worse <= max(noise, tolerance * before.measured):
        return None
    unit = objectives.split(objective)[1]
    here, there = (f"{number(value, 3)} {unit}".rstrip() for value in (now.measured, before.measured))
    return f"{here}, {percent(100 * worse / before.measured)} worse than {there} in {baseline}"


def _finite(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
