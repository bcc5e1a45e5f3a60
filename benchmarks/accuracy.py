"""Errors of strategies on published measurements, without running the workflow: one source each, and all at once.

    PYTHONPATH=workflow DATASETS=... python benchmarks/accuracy.py --study benchmarks/studies/nb201.yaml \
        --strategies AUTO KT RS --budgets 5 10 20 45 84 --pairs 24 --configurations 1200 --out nb201.parquet

Any study on imported measurements will do; its protocol holds (test third, samples, seeds). Pairs of source and
target are drawn at random (--pairs), and so are the configurations of all environments (--configurations). A strategy
that uses all sources is given one (rows "one") and, for each target of the pairs, all (rows "all"). Cells go to --out,
in the columns of transfer.parquet; where all sources were used, "source" is empty.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from perftransfer import strategies, yaml_file
from perftransfer.dataset import imported, tables
from perftransfer.dataset.merge import merge
from perftransfer.errors import UserError
from perftransfer.evaluation.cells import COLUMNS, Plan, evaluate
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources
from perftransfer.evaluation.training import predictions, train
from perftransfer.space.options import Option
from perftransfer.study import JobParameters, Study, read_study

_DOWNLOADS = Path("results/downloads")


@dataclass(frozen=True)
class Data:
    """A study's measurements, its source models' predictions in a folder, and what matters in each environment."""

    dataset: pd.DataFrame
    options: Sequence[Option]
    folder: Path
    influence: pd.DataFrame | None


def table(study: Study, folder: Path, configurations: int | None, seed: int) -> tuple[pd.DataFrame, tuple[Option, ...]]:
    """Import the study's environments, as the workflow does, and keep some configurations of all of them."""
    files = {}
    for import_name in study.available_imports:
        params = JobParameters(study).import_table(import_name)
        for name, environment in imported.convert(imported.read(params, _DOWNLOADS), params):
            files[name] = folder / f"{name}.parquet"
            tables.write(files[name], environment.frame, options=environment.options)
    frames, options, _ = merge(study.descriptions(), {}, files, study.objectives)
    dataset = pd.concat(frames, ignore_index=True)
    configuration_ids = np.sort(dataset["configuration_id"].unique())
    if configurations is not None and len(configuration_ids) > configurations:
        configuration_ids = np.random.default_rng(seed).permutation(configuration_ids)[:configurations]
    return dataset[dataset["configuration_id"].isin(configuration_ids)].reset_index(drop=True), options


def learn(data: Data, environment: str, objective: str, plan: Plan) -> None:
    """Write what each learner, fitted in an environment, predicts for all configurations."""
    models = [
        train(
            data.dataset,
            environment,
            objective,
            name,
            data.options,
            scale=plan.scale,
            seed=plan.seed,
            parameters=parameters,
        )
        for name, parameters in plan.learners.items()
    ]
    configuration_ids = data.dataset.drop_duplicates("configuration_id").sort_values("configuration_id")
    tables.write(
        data.folder / f"{environment}.predictions.parquet",
        predictions(models, data.dataset, configuration_ids, data.options),
    )


def cells(data: Data, name: str, objective: str, plan: Plan, sources: Sequence[str], target: str) -> pd.DataFrame:
    """Evaluate a strategy on one target with these sources; of several, a strategy for one source is given each."""
    strategy = strategies.load(name)

    def learnt(source: str) -> pd.DataFrame:
        return tables.read(data.folder / f"{source}.predictions.parquet")

    loaded = load_sources(strategy, sources, data.dataset, learnt, data.influence, objective, data.options, plan)
    pool = Pool.from_dataset(data.dataset, target, objective, data.options)
    table, _ = evaluate(strategy, pool, loaded, objective, data.options, plan)
    return table.assign(source=sources[0]) if strategy.needs_source and len(sources) == 1 else table


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean and median over pairs or targets of the mean error over repeats, a column for each budget."""
    sources = np.where(table["source"].isna() & ~table["strategy"].isin(_without_source()), "all", "one")
    rows = table.assign(sources=sources, learner=table["learner"].fillna("-"), source=table["source"].fillna("-"))
    key = ["objective", "strategy", "design", "learner", "sources"]
    means = rows.groupby([*key, "budget", "source", "target"])[["mape", "coverage"]].mean().reset_index()
    tables_of = {
        (metric, how): means.pivot_table(metric, key, "budget", aggfunc=how)
        for metric, how in (("mape", "mean"), ("mape", "median"), ("coverage", "mean"))
    }
    return pd.concat(tables_of, names=["metric", "over pairs"]).round(2)


def _without_source() -> list[str]:
    return [name for name in strategies.names() if not strategies.load(name).needs_source]


def main() -> None:
    """Evaluate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--strategies", nargs="+", required=True)
    parser.add_argument("--budgets", nargs="+", type=int, default=[5, 10, 20, 45, 84])
    parser.add_argument("--learners", nargs="+", default=["RF"], help="for strategies that take one (default: RF)")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--configurations", type=int)
    parser.add_argument("--interval-folds", type=int, default=0, help="as in a study (default: 0, none)")
    parser.add_argument("--batch", type=int, default=5, help="of active designs (default: 5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    study = read_study(yaml_file.read(args.study), [args.study])
    scale = study.sections.learning.scale
    learners = {name: {} for name in args.learners}
    plan = Plan(args.budgets, args.repeats, learners, scale, args.seed, args.interval_folds, args.batch)
    pairs = list(itertools.permutations(study.imported, 2))
    order = np.random.default_rng(args.seed).permutation(len(pairs))[: args.pairs]
    drawn = [pairs[i] for i in sorted(order)]
    targets = sorted({target for _, target in drawn})
    with tempfile.TemporaryDirectory() as folder, Parallel(n_jobs=args.jobs) as run:
        dataset, options = table(study, Path(folder), args.configurations, args.seed)
        influence = None
        if any(map(study.needs_influence, args.strategies)):
            params = JobParameters(study).analyse()
            influence = influence_table(
                dataset,
                params.environments,
                params.objectives,
                options,
                scale=params.scale,
                criterion=params.criterion,
                order=params.order,
            )
        data = Data(dataset, options, Path(folder), influence)
        cell_tables = []
        for objective in study.objectives:
            if any(strategies.load(name).fits_learner_on in ("source", "both") for name in args.strategies):
                run(delayed(learn)(data, name, objective, plan) for name in {source for source, _ in drawn})
            jobs = []
            for name in args.strategies:
                strategy = strategies.load(name)
                if strategy.needs_source:
                    jobs += [(name, [source], target) for source, target in drawn]
                if strategy.uses_all_sources or not strategy.needs_source:
                    jobs += [
                        (name, [other for other in study.imported if other != target], target) for target in targets
                    ]
            cell_tables += run(
                delayed(cells)(data, name, objective, plan, names, target) for name, names, target in jobs
            )
    everything = pd.concat(cell_tables, ignore_index=True)[list(COLUMNS)]
    tables.write(args.out, everything)
    print(f"{args.study.stem}: {len(drawn)} of {len(pairs)} pairs, {len(targets)} targets, {args.repeats} repeats")
    print(summary(everything).to_string())


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
