"""Evaluate one strategy on some targets: every source, learner, budget and repeat."""

from pathlib import Path

import pandas as pd

from perftransfer import catalogue, designs, strategies
from perftransfer.dataset import tables
from perftransfer.evaluation.cells import Plan, evaluate
from perftransfer.evaluation.pool import Pool
from perftransfer.evaluation.sources import drawn, load_sources
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
        of_target = {
            name: drawn(predictions, name, settings["sources_per_target"], plan.seed) for name in settings["targets"]
        }
        wanted = {name: path for name, path in predictions.items() if any(name in own for own in of_target.values())}
        results = []
        for objective in settings["objectives"]:
            sources = load_sources(strategy, dataset, wanted, influence, objective, options, plan)
            for name, own in of_target.items():
                target = Pool.of(dataset, name, objective, options)
                known = {source: sources[source] for source in own if source in sources}
                results.append(evaluate(strategy, target, known, objective, options, plan))
        cells, seconds = (pd.concat(frames, ignore_index=True) for frames in zip(*results, strict=True))
        tables.write(Path(snakemake.output.cells), cells)
        tables.write_text(Path(snakemake.output.timing), seconds.to_csv(index=False))
        print(f"{len(cells)} cells", file=log)
