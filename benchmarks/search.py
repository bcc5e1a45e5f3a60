"""How soon search methods reach the best configuration, on published measurements, next to other optimisers.

    PYTHONPATH=workflow DATASETS=... python benchmarks/search.py --study benchmarks/studies/nb201.yaml \
        --targets 8 --sources 3 --source-rows 40 --methods TRANSFER SOURCE_ORDER EI RANDOM --out nb201.parquet

Any study on imported measurements will do. Prints the mean, median and 90th percentile of the regret after n
measurements, in percent of the best value, over targets and seeds, and writes target, seed, method, n, regret to --out.

All methods see the same candidates and the same sources' measurements, on the scale of learning. Everything that was
measured in a target is a candidate; a configuration without a value counts as a measurement. A search of the largest n
is made once, and its first n measurements count. Other optimisers (``search_baselines.py``) need
``pip install -r benchmarks/requirements-search.txt``. --replicates names options that cannot influence the objective:
the regret is then that of the mean over configurations that differ in these alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import accuracy
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from perftransfer import search, yaml_file
from perftransfer.dataset import tables
from perftransfer.designs.interface import Evidence
from perftransfer.evaluation import metrics
from perftransfer.evaluation.searches import SearchTarget, run_search
from perftransfer.fitting.seeds import seed_for
from perftransfer.scales import SCALES, Scale
from perftransfer.space.options import Option
from perftransfer.study import read_study


@dataclass(frozen=True, eq=False)
class Case:
    """A search to make: a target, what was measured in its sources, and the seed.

    truth: what the regret is computed with, shape (rows,), in the objective's unit.
    """

    name: str
    seed: int
    target: SearchTarget
    truth: np.ndarray
    sources: Sequence[Evidence]
    options: Sequence[Option]


def cases(
    dataset: pd.DataFrame, options: Sequence[Option], objective: str, scale: Scale, arguments: argparse.Namespace
) -> Iterator[Case]:
    """Yield the searches: targets and sources are drawn at random, and so are the sources' rows."""
    environments = sorted(dataset["environment"].unique())
    order = np.random.default_rng(seed_for(arguments.seed, "targets")).permutation(len(environments))
    targets = [environments[i] for i in order[: arguments.targets]]
    same = [option.name for option in options if option.name not in arguments.replicates]
    truth = {name: true_values(dataset, name, objective, same) for name in targets}
    ids = np.sort(dataset["configuration_id"].unique())
    if len(ids) > arguments.configurations:
        ids = np.random.default_rng(arguments.seed).permutation(ids)[: arguments.configurations]
    dataset = dataset[dataset["configuration_id"].isin(ids)]
    everything = {name: SearchTarget.from_dataset(dataset, name, objective, options, scale) for name in environments}
    for name in targets:
        for seed in range(arguments.seeds):
            rng = np.random.default_rng(seed_for(arguments.seed, "sources", name, seed))
            others = [other for other in environments if other != name]
            drawn = [others[i] for i in rng.permutation(len(others))[: arguments.sources]]
            sources = []
            for source in drawn:
                measured = everything[source]
                rows = np.flatnonzero(np.isfinite(measured.y))
                rows = np.sort(rng.permutation(rows)[: arguments.source_rows])
                sources.append(Evidence(measured.codes[rows], scale.forward(measured.y[rows])))
            target = everything[name]
            yield Case(name, seed, target, truth[name][target.configuration_ids].to_numpy(), sources, options)


def true_values(dataset: pd.DataFrame, environment: str, objective: str, same: Sequence[str]) -> pd.Series:
    """Mean over the configurations of an environment that agree in ``same``, by ``configuration_id``."""
    rows = dataset[dataset["environment"] == environment].set_index("configuration_id")
    return rows.groupby(list(same))[objective].transform("mean")


def regrets(case: Case, method: str, scale: Scale, n: Sequence[int]) -> pd.DataFrame:
    """Search once; return the regret in percent after each n, and the CPU seconds of the whole search."""
    size = max(n)
    seed = seed_for(case.seed, "search", case.name)
    started = time.process_time()
    if method in search.CATALOGUE.names() or "." in method:
        searcher = search.CATALOGUE.load(method)(case.target.codes, case.options, case.sources, seed)
        order = run_search(searcher, case.target, size, scale)
    else:
        import search_baselines

        order = search_baselines.run(
            method, case.target.codes, case.options, case.sources, scale.forward(case.target.y), size, seed
        )
    seconds = time.process_time() - started
    rows = []
    for count in n:
        tried = np.array(order[:count])
        values = case.target.y[tried]
        # What a user would run is what was measured best.
        measured_best, best = (np.nanargmax, np.nanmax) if scale.maximize else (np.nanargmin, np.nanmin)
        chosen = np.nan if np.isnan(values).all() else case.truth[tried[measured_best(values)]]
        regret = 100 * float(metrics.shortfall(chosen, best(case.truth), maximize=scale.maximize))
        rows.append((case.name, case.seed, method, count, regret, seconds))
    return pd.DataFrame(rows, columns=["target", "seed", "method", "n", "regret", "cpu_seconds"])


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean, median and 90th percentile of the regret per method, a column for each n, and CPU seconds."""
    statistics = {"mean": "mean", "median": "median", "90th percentile": lambda regret: regret.quantile(0.9)}
    by_statistic = {
        name: table.pivot_table("regret", "method", "n", aggfunc=statistic, sort=False)
        for name, statistic in statistics.items()
    }
    out = pd.concat(by_statistic, names=["statistic"])
    seconds = table.groupby("method", sort=False)["cpu_seconds"].mean()
    return out.assign(cpu_seconds=out.index.get_level_values("method").map(seconds)).round(2)


def main() -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", type=Path, required=True)
    parser.add_argument("--objective", help="default: the first one of the study")
    parser.add_argument("--targets", type=int, default=8)
    parser.add_argument("--sources", type=int, default=3)
    parser.add_argument("--source-rows", type=int, help="measurements of each source (default: all)")
    parser.add_argument("--configurations", type=int, default=1200)
    parser.add_argument("--methods", nargs="+", default=search.CATALOGUE.names())
    parser.add_argument("--n", nargs="+", type=int, default=[5, 8, 12, 16, 20, 30])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--replicates", nargs="*", default=[], help="options that cannot influence the objective")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of targets and sources")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    study = read_study(yaml_file.read(arguments.study), [arguments.study])
    objective = arguments.objective or study.objectives[0]
    scale = SCALES[study.scales[objective]]
    with tempfile.TemporaryDirectory() as folder:
        dataset, options = accuracy.table(study, Path(folder), None, arguments.seed)
    made = list(cases(dataset, options, objective, scale, arguments))
    with Parallel(n_jobs=arguments.jobs) as run:
        regret_tables = run(
            delayed(regrets)(case, method, scale, arguments.n) for case in made for method in arguments.methods
        )
    table = pd.concat(regret_tables, ignore_index=True)
    if arguments.out:
        tables.write(arguments.out, table)
    pd.set_option("display.width", 200)
    print(f"{study.name}: {objective}, {len(options)} options, {len(made[0].target.y)} configurations")
    print(f"{table['target'].nunique()} targets, {arguments.seeds} seeds; regret in percent after n measurements")
    print(summary(table).to_string())


if __name__ == "__main__":
    main()
