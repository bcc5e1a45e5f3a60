"""What an engineer gets, against the truth: each target is measured in full as well, all configurations of its space.

    PYTHONPATH=workflow python benchmarks/whole_space.py everything mobilenetv2-128px-1core
    PYTHONPATH=workflow python benchmarks/whole_space.py hour mobilenetv2-128px-1core --budget 12
    PYTHONPATH=workflow python benchmarks/whole_space.py table

Run in the clone where the default study was run: its journals are the sources. ``everything`` measures all
configurations of environments of the default study, or of the example ``config/engineer.yaml``, once. ``hour`` runs the
workflow with one of them as the target, as a new user would, the others as sources. Then it measures what was
recommended, the default configuration, and the twenty that were fastest when everything was measured, again, in
turns and in five processes each: the fastest of so many values was also lucky. ``table`` says what came of it.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from perftransfer.dataset import measured, tables
from perftransfer.measuring import journal
from perftransfer.recommend.deployment import best_row

_OBJECTIVE = "latency_ms"
_RESULTS = Path("results/whole-space")
_FASTEST, _PROCESSES = 20, 5
_MEASURING = {"configurations": 40, "repeats": 2, "max_seconds": 0.4}


def everything(environments: list[str]) -> None:
    """Measure all configurations of these environments, once each."""
    sheet = _sheet(sorted(_environment_rows()), {})
    # More than there are is all of them.
    measuring = {**_MEASURING, "configurations": 100_000, "repeats": 1, "reuse_journals_from": None}
    study = _study("whole-space-truth", sheet, measuring=measuring)
    for name in environments:
        _snakemake(study, f"results/whole-space-truth/measurements/{name}.parquet")


def hour(target: str, budget: int) -> None:
    """Run the workflow with one environment as its target; measure the best of it and of the truth side by side."""
    names = [row["environment"] for row in _rows("config/environments.tsv")]
    name = f"whole-space-{target}-{budget}"
    sheet = _sheet([*(other for other in names if other != target), target], {target: budget})
    study = _study(name, sheet, measuring={**_MEASURING, "reuse_journals_from": "default"})
    start = time.time()
    _snakemake(study, f"results/{name}/report.html")
    seconds = time.time() - start
    _snakemake(study, f"results/{name}/boards/{target}")
    board = Path(f"results/{name}/boards/{target}")
    truth = _truth(target)
    recommended = tables.read(f"results/{name}/recommendation.parquet")
    first, default = best_row(recommended), recommended[recommended["default"]].iloc[0]
    ids = [*truth.nsmallest(_FASTEST).index, first["configuration_id"], default["configuration_id"]]
    space = tables.read(f"results/{name}/spaces/onnxruntime.parquet")
    rows = space[space["configuration_id"].isin(ids)]
    chosen = tables.configurations_of(rows, tables.options(f"results/{name}/spaces/onnxruntime.parquet"))
    (board / "again.json").write_text(json.dumps(chosen))
    what = json.loads((board / "environment.json").read_text())
    (board / "again-environment.json").write_text(json.dumps({**what, "repeats": _PROCESSES}))
    files = {"--environment": "again-environment.json", "--configurations": "again.json", "--out": "again.jsonl"}
    arguments = [text for key, file in files.items() for text in (key, str(board / file))]
    subprocess.run([sys.executable, "-m", "perftransfer", "measure", *arguments], check=True)
    note = {"target": target, "budget": budget, "seconds": seconds, "first": first["configuration_id"],
            "default": default["configuration_id"]}  # fmt: skip
    (_RESULTS / f"{target}-{budget}.json").write_text(json.dumps(note))


def table() -> pd.DataFrame:
    """One row per target and budget of all that ``hour`` was run for."""
    return pd.DataFrame([_row(json.loads(path.read_text())) for path in sorted(_RESULTS.glob("*.json"))])


def _row(note: dict[str, Any]) -> dict[str, Any]:
    target, folder = note["target"], Path(f"results/whole-space-{note['target']}-{note['budget']}")
    truth = _truth(target)
    predicted = tables.read(folder / f"targets/{target}/predictions.parquet").set_index("configuration_id")
    rows = tables.read(folder / f"targets/{target}/measurements.parquet")
    unmeasured = predicted.drop(index=rows["configuration_id"].unique())
    y = truth.reindex(unmeasured.index)
    is_known = y.notna()
    recommended = tables.read(folder / "recommendation.parquet").set_index("configuration_id")
    first = recommended.loc[note["first"]]
    outlook = json.loads(tables.metadata(folder / "recommendation.parquet")["targets"])[target]["outlooks"][_OBJECTIVE]
    again = _medians(folder / f"boards/{target}/again.jsonl")
    held = (unmeasured[f"{_OBJECTIVE}_low"] <= y) & (y <= unmeasured[f"{_OBJECTIVE}_high"])
    return {
        "target": target,
        "measured": rows["configuration_id"].nunique(),
        "of": len(truth),
        "s measuring": _seconds(folder / f"journal/{target}.jsonl", set(rows["configuration_id"])),
        "s in all": note["seconds"],
        "s everything": _seconds(Path(f"results/whole-space-truth/journal/{target}.jsonl")),
        "regret below %": 100 * outlook["regret"],
        "error %": 100 * float((unmeasured[_OBJECTIVE] / y - 1).abs()[is_known].median()),
        "noise %": 100 * (outlook["noise"] or np.nan),
        "held %": 100 * held[is_known].mean(),
        "promised": first["predicted"],
        "low": first["low"],
        "high": first["high"],
        "came": first["measured"],
        "default": again[note["default"]],
        "recommended": again[note["first"]],
        "best": again.min(),
        "regret %": 100 * (again[note["first"]] / again.min() - 1),
        "faster than default %": 100 * (1 - again[note["first"]] / again[note["default"]]),
    }


def _truth(target: str) -> pd.Series:
    table = tables.read(f"results/whole-space-truth/measurements/{target}.parquet")
    return measured.per_configuration(table, [_OBJECTIVE])[_OBJECTIVE].astype(float)


def _medians(path: Path) -> pd.Series:
    records = [record for record in journal.measurements(journal.read(path)).values() if record["status"] == "ok"]
    frame = pd.DataFrame(
        {"id": record["configuration_id"], "value": float(np.median(record[_OBJECTIVE]))} for record in records
    )  # fmt: skip
    return frame.groupby("id")["value"].median()


def _seconds(path: Path, configurations: set[str] | None = None) -> float:
    """Seconds that measuring took, pauses between runs left out. configurations: none stands for all."""
    starts = sorted(
        datetime.fromisoformat(record["started_at"]).timestamp()
        for record in journal.read(path)
        if "started_at" in record and (configurations is None or record["configuration_id"] in configurations)
    )
    steps = np.diff(starts)
    usual = float(np.median(steps))
    return float(np.where(steps > 60 * usual, usual, steps).sum() + usual)


def _rows(path: str) -> list[dict[str, str]]:
    with Path(path).open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _environment_rows() -> dict[str, dict[str, str]]:
    """Environments of the default study and of the example for engineers."""
    return {row["environment"]: row for file in ("engineer", "environments") for row in _rows(f"config/{file}.tsv")}


def _sheet(names: list[str], budgets: dict[str, int]) -> Path:
    """Write a sheet of these environments."""
    environment_rows = _environment_rows()
    columns = [*_rows("config/environments.tsv")[0], "role", "budget"]
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"{'-'.join(budgets) or 'truth'}.tsv"
    with path.open("w") as file:
        out = csv.DictWriter(file, columns, delimiter="\t", extrasaction="ignore", restval="")
        out.writeheader()
        for name in names:
            role = {"role": "target", "budget": budgets[name]} if name in budgets else {"role": "", "budget": ""}
            out.writerow({**environment_rows[name], **role})
    return path


def _study(name: str, sheet: Path, measuring: dict[str, Any]) -> Path:
    content = {
        "study": name,
        "environments": str(sheet),
        "measuring": {key: value for key, value in measuring.items() if value is not None},
        "learning": {"learners": ["RF"]},
        "evaluation": {"strategies": ["RS", "AUTO"], "budgets": [5, 10, 20], "repeats": 3, "targets_per_job": 3},
        "figures": ["influence"],
        "tables": ["environments"],
    }
    path = _RESULTS / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def _snakemake(study: Path, *targets: str) -> None:
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--configfile", str(study), "--", *targets]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["everything", "hour", "table"])
    parser.add_argument("environments", nargs="*")
    parser.add_argument("--budget", type=int, default=12, help="configurations measured in the target (default: 12)")
    args = parser.parse_args()
    if args.what == "everything":
        everything(args.environments)
    elif args.what == "hour":
        for name in args.environments:
            hour(name, args.budget)
    else:
        print(table().round(2).T.to_string())
