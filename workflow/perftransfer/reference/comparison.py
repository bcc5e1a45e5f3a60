"""Which configurations differ between two results, beyond the noise of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.dataset.merge import columns_of
from perftransfer.errors import UserError
from perftransfer.fitting.noise import least_difference, spreads
from perftransfer.results.formatting import count, number, percent

# Noise is what processes of one configuration differ by: one of each does not show it.
_FEW = 2


@dataclass(frozen=True)
class Difference:
    """An environment and objective that both results have.

    Parameters
    ----------
    environment, objective
        What is compared.
    rows
        Configurations of both, the one that changed most first: ``configuration_id``, ``a``, ``b``, ``change`` (percent
        of a), ``least`` (percent that noise alone seldom shows; NaN if it is unknown) and ``differs``.
    """

    environment: str
    objective: str
    rows: pd.DataFrame

    def __str__(self) -> str:
        where, rows = f"{self.environment}: {self.objective}", self.rows
        if rows.empty:
            return f"{where}: no configuration is in both"
        least = rows["least"].median()
        if np.isnan(least):
            return f"{where}: median change {rows['change'].median():+.1f} %; noise unknown, from one process each"
        n = int(rows["differs"].sum())
        text = (
            f"{where}: {n} of {count(len(rows), 'configuration')} differ by more than the noise ({percent(least)}); "
            f"median change {rows['change'].median():+.1f} %"
        )
        if n:
            first = rows[rows["differs"]].iloc[0]
            text += f"; most {first['configuration_id']}, {number(first['a'])} to {number(first['b'])}"
        return text


def compare(a: Path, b: Path, objective: str = "latency_ms") -> Iterator[Difference]:
    """Compare the environments that two folders of results have in common.

    Parameters
    ----------
    a, b
        Folders of studies, ``results/NAME``.
    objective
        What is compared.

    Raises
    ------
    UserError
        If one is no such folder, or they have no environment in common.
    """
    first, second = _files(a), _files(b)
    common = sorted(first.keys() & second.keys())
    if not common:
        raise UserError(
            f"no environment is in both: {a} has {', '.join(first) or 'none'}; {b} has {', '.join(second) or 'none'}"
        )
    for name in common:
        yield Difference(name, objective, _differences(first[name], second[name], objective))


def _files(results: Path) -> dict[str, Path]:
    if not (results / "study.yaml").is_file():
        raise UserError(f"{results}: not the folder of a study: there is no study.yaml")
    targets = {path.parent.name: path for path in sorted(results.glob("targets/*/measurements.parquet"))}
    return targets | {path.stem: path for path in sorted(results.glob("measurements/*.parquet"))}


def _differences(a: Path, b: Path, objective: str) -> pd.DataFrame:
    value, _, n = columns_of(objective)
    sides = []
    for file in (a, b):
        table = tables.read(file)
        if objective not in table:
            raise UserError(f"{file}: has no {objective}")
        sides.append(measured.per_configuration(table, [objective]).dropna(subset=[value]))
    both = sides[0].add_suffix("_a").join(sides[1].add_suffix("_b"), how="inner")
    noise = pd.concat([spreads(side, objective) for side in sides])
    rows = pd.DataFrame(
        {
            "configuration_id": both.index,
            "a": both[f"{value}_a"].to_numpy(),
            "b": both[f"{value}_b"].to_numpy(),
        }
    )
    rows["change"] = 100 * (rows["b"] / rows["a"] - 1)
    counts = zip(both[f"{n}_a"], both[f"{n}_b"], strict=True)
    known = len(noise) >= _FEW
    rows["least"] = [least_difference(noise, (float(i), float(j))) if known else np.nan for i, j in counts]
    rows["differs"] = rows["change"].abs() > rows["least"]
    order = np.argsort(-rows["change"].abs().to_numpy(), kind="stable")
    return rows.iloc[order].reset_index(drop=True)
