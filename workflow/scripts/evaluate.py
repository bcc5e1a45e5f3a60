"""Evaluate one strategy on some targets: every source, learner, budget and repeat."""

import shutil
from pathlib import Path

from perftransfer import designs, strategies
from perftransfer.dataset import tables
from perftransfer.evaluation.batch import Inputs, evaluate_batch, key, write
from perftransfer.evaluation.cells import Plan
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings, cells = snakemake.params.settings, Path(snakemake.output.cells)
        strategy = strategies.load(snakemake.wildcards.strategy)
        inputs = Inputs(*map(Path, [snakemake.input.dataset, snakemake.input.predictions, *snakemake.input.influence]))
        options = tables.options(inputs.dataset)
        sizes = (designs.load(name)().size(options) for name in settings["designs"])
        plan = Plan(
            budgets=sorted({*settings["budgets"], *(size for size in sizes if size is not None)}),
            **{name: settings[name] for name in ("repeats", "learners", "scale", "seed", "interval_folds", "batch")},
        )
        parts = cells.with_name(f".{cells.stem}")
        finished = evaluate_batch(
            strategy,
            settings["targets"],
            settings["objectives"],
            inputs,
            plan,
            settings["sources_per_target"],
            parts / key(settings, inputs),
        )
        n = write(finished, cells, Path(snakemake.output.timing))
        shutil.rmtree(parts)
        print(f"{n} cells", file=log)
