"""What a recommendation is worth, on environments that were measured in full: each is held back as a target once.

    PYTHONPATH=workflow python benchmarks/recommendation.py results/default --budget 6 12 20

Nothing is measured: where the workflow would, the study's own measurements are looked up, so the configurations are
those of the study's pool. Of each target and budget, in percent: the bound below which the regret is expected with a
probability of 90 %, and the regret of the configuration that is recommended; by how much that is faster than the
default one; the median error of predictions of what was not measured, and how many values the intervals hold, of these
and of the best tenth of the pool.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from perftransfer.dataset import tables
from perftransfer.evaluation.pool import Pool
from perftransfer.goal import Goal
from perftransfer.recommend.gather import add_target_measurements
from perftransfer.recommend.recommendation import predict_space
from perftransfer.recommend.rounds import measure_in_rounds
from perftransfer.recommend.stopping import outlook
from perftransfer.recommend.transferred_model import Measured, Recipe, TransferredModel
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import configuration_id


def held_back(results: Path, strategy: str, budgets: list[int], objective: str) -> pd.DataFrame:
    """One row per target and budget; see above."""
    study = yaml.safe_load((results / "study.yaml").read_text())
    dataset, options = tables.read(results / "dataset.parquet"), tables.options(results / "dataset.parquet")
    influence = tables.read(results / "influence.parquet")
    rows = []
    for environment in study["environments"]:
        target = environment["environment"]
        space = OptionSpace.read(Path(f"config/spaces/{environment['space']}.yaml"))
        sources = {
            name: _measured_source(dataset, influence, name, objective, options)
            for name in dataset["environment"].unique()
            if name != target
        }
        recipe = Recipe(target, objective, strategy, "RF", study["learning"]["scale"], study["seed"], search="TRANSFER")
        nothing = Measured.from_table(pd.DataFrame(columns=[*(o.name for o in options), "y", "cv", "n"]), options)
        model = TransferredModel(recipe, options, space, sources, nothing)
        pool = dataset[dataset["environment"] == target].reset_index(drop=True)
        truth, ids = pool[objective].to_numpy(dtype=float), list(pool["configuration_id"])
        measurements = tables.read(results / f"measurements/{target}.parquet")
        candidates = pool[["configuration_id", *(option.name for option in options)]]
        default, codes = ids.index(configuration_id(space.default)), model.codes_of(candidates)
        for budget in budgets:
            configurations = tables.configurations_of(candidates, options)
            look_up = partial(_of, measurements)
            measured = measure_in_rounds(
                {objective: model},
                Goal([objective], [objective]),
                candidates,
                configurations,
                budget,
                1,
                [],
                look_up,
                lambda table: table,
            )
            fitted = add_target_measurements(model, look_up(measured.chosen), measured.is_random_sample)
            (predicted,), expected = predict_space({objective: fitted}, candidates).values(), outlook(fitted, codes)
            assert expected is not None
            was_measured = pool["configuration_id"].isin(measured.chosen).to_numpy()
            best = int(np.argmin(np.where(was_measured, predicted.value, np.inf)))
            row = {
                "target": target,
                "budget": budget,
                "regret_below_percent": 100 * expected.regret,
                "regret_percent": 100 * (truth[best] / truth.min() - 1),
                "noise_percent": 100 * (expected.noise if expected.noise is not None else np.nan),
                "faster_than_default_percent": 100 * (1 - truth[best] / truth[default]),
                "error_percent": 100 * np.median(np.abs(predicted.value / truth - 1)[~was_measured]),
            }
            if predicted.low is not None and predicted.high is not None:
                is_held = (predicted.low <= truth) & (truth <= predicted.high)
                near_best = truth <= np.quantile(truth, 0.1)
                row["held_percent"] = 100 * is_held[~was_measured].mean()
                row["held_near_best_percent"] = 100 * is_held[near_best].mean()
            rows.append(row)
    return pd.DataFrame(rows)


def _of(measurements: pd.DataFrame, configurations: Collection[str]) -> pd.DataFrame:
    return measurements[measurements["configuration_id"].isin(configurations)]


def _measured_source(
    dataset: pd.DataFrame, influence: pd.DataFrame, name: str, objective: str, options: tuple
) -> Measured:
    pool = Pool.from_dataset(dataset, name, objective, options)
    terms_table = influence[(influence["environment"] == name) & (influence["objective"] == objective)]
    return Measured(
        pool.codes, pool.y, pool.cv, pool.n, tuple(terms_table[terms_table["selected"]].sort_values("rank")["term"])
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="folder of a study that was run")
    parser.add_argument("--budget", type=int, nargs="+", default=[6, 12, 20], help="configurations measured")
    parser.add_argument("--strategy", default="AUTO")
    parser.add_argument("--objective", default="latency_ms")
    args = parser.parse_args()
    table = held_back(args.results, args.strategy, args.budget, args.objective)
    print(table.round(1).to_string(index=False))
