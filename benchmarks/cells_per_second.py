"""Count the evaluation cells per second of CPU time, for each strategy and learner of a study that was run.

    PYTHONPATH=workflow python benchmarks/cells_per_second.py results/paper

Reads the study's dataset, influential terms and source models, and evaluates its first target again, in this process.
The last column is a ratio within this run: machines differ, and so does one from hour to hour.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import pandas as pd

from perftransfer import strategies, yaml_file
from perftransfer.dataset import tables
from perftransfer.evaluation.cells import Plan, evaluate
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources


def measured(results: Path, repeats: int) -> pd.DataFrame:
    """One row per (strategy, learner): cells, CPU seconds, cells per CPU second."""
    study = yaml_file.read(results / "study.yaml")
    evaluation, learning = study["evaluation"], study["learning"]
    dataset, options = tables.read(results / "dataset.parquet"), tables.options(results / "dataset.parquet")
    influence = tables.read(results / "influence.parquet")
    environments = [row["environment"] for row in study["environments"]]
    predictions = tables.PartitionedTable(results / "models/predictions.parquet")
    objective = study["objectives"][0]
    target = Pool.from_dataset(dataset, environments[0], objective, options)
    rows = []
    for name in [*evaluation["strategies"], *map(strategies.without_transfer, evaluation["designs"])]:
        strategy = strategies.load(name)
        # A strategy that learns by itself takes no learner, and is the same beside each.
        for learner in learning["learners"][: 1 if strategy.fits_learner_on == "none" else None]:
            plan = Plan(
                budgets=evaluation["budgets"],
                repeats=repeats,
                learners={learner: learning["parameters"].get(learner, {})},
                scale=learning["scale"],
                seed=study["seed"],
                interval_folds=evaluation["interval_folds"],
                batch=evaluation["batch"],
            )
            sources = load_sources(
                strategy, environments, dataset, predictions.read, influence, objective, options, plan
            )
            # What is imported once belongs to no row.
            first = dataclasses.replace(plan, budgets=plan.budgets[:1], repeats=1)
            evaluate(strategy, target, sources, objective, options, first)
            started = time.process_time()
            cells, _ = evaluate(strategy, target, sources, objective, options, plan)
            seconds = time.process_time() - started
            learner_name = "-" if strategy.fits_learner_on == "none" else learner
            rows.append({"strategy": name, "learner": learner_name, "cells": len(cells), "cpu_seconds": seconds})
    frame = pd.DataFrame(rows)
    frame["cells_per_cpu_second"] = frame["cells"] / frame["cpu_seconds"]
    frame["to_first_row"] = frame["cells_per_cpu_second"] / frame["cells_per_cpu_second"].iloc[0]
    return frame


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="folder of a study that was run, results/<study>")
    parser.add_argument("--repeats", type=int, default=2, help="repeats of the evaluation (default: 2)")
    arguments = parser.parse_args()
    print(measured(arguments.results, arguments.repeats).round(2).to_string(index=False))
