"""Evaluate one strategy on some targets: every source, learner, budget and repeat."""

from pathlib import Path

import pandas as pd

from perftransfer import catalogue, designs, strategies
from perftransfer.dataset import tables
from perftransfer.evaluation.cells import Plan, evaluate
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import load_sources
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        dataset, options = tables.read(snakemake.input.dataset), tables.options(snakemake.input.dataset)
        strategy = strategies.load(snakemake.wildcards.strategy)
        sizes = (designs.size(catalogue.module("perftransfer.designs", name), options) for name in settings["designs"])
        plan = Plan(
            budgets=sorted({*settings["budgets"], *(size for size in sizes if size is not None)}),
            **{name: settings[name] for name in ("repeats", "learners", "scale", "seed", "interval_folds", "batch")},
        )
        predictions = {Path(path).parent.name: Path(path) for path in snakemake.input.predictions}
        influence = next(map(tables.read, snakemake.input.influence), None)
        results = []
        for objective in settings["objectives"]:
            sources = load_sources(strategy, dataset, predictions, influence, objective, options, plan)
            for name in settings["targets"]:
                target = Pool.of(dataset, name, objective, options)
                results.append(evaluate(strategy, target, sources, objective, options, plan))
        cells, seconds = (pd.concat(frames, ignore_index=True) for frames in zip(*results, strict=True))
        tables.write(Path(snakemake.output.cells), cells)
        tables.write_text(Path(snakemake.output.timing), seconds.to_csv(index=False))
        print(f"{len(cells)} cells", file=log)
