"""Evaluate one strategy on one target: every source, learner, budget and repeat."""

from pathlib import Path

import pandas as pd

from perftransfer import strategies
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
        plan = Plan(**{name: settings[name] for name in ("budgets", "repeats", "learners", "scale", "seed")})
        predictions = {Path(path).parent.name: Path(path) for path in snakemake.input.predictions}
        results = []
        for objective in settings["objectives"]:
            target = Pool.of(dataset, snakemake.wildcards.target, objective, options)
            sources = load_sources(strategy, target, dataset, predictions, objective, options, plan)
            results.append(evaluate(strategy, target, sources, objective, options, plan))
        cells, seconds = (pd.concat(frames, ignore_index=True) for frames in zip(*results, strict=True))
        tables.write(Path(snakemake.output.cells), cells)
        tables.write_text(Path(snakemake.output.timing), seconds.to_csv(index=False))
        print(f"{len(cells)} cells", file=log)
