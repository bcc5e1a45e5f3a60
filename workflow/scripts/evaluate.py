"""Evaluate one strategy on some targets: every source, learner, budget and repeat."""

import logging
import shutil
from pathlib import Path

from perftransfer import designs, strategies
from perftransfer.dataset import tables
from perftransfer.evaluation.batch import Inputs, evaluate_batch, key, write
from perftransfer.evaluation.cells import Plan
from perftransfer.evaluation.params import EvaluateParams
from perftransfer.job import logged
from perftransfer.plain import from_plain

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, cells = from_plain(EvaluateParams, snakemake.params[0]), Path(snakemake.output.cells)
        strategy = strategies.load(snakemake.wildcards.strategy)
        inputs = Inputs(*map(Path, [snakemake.input.dataset, snakemake.input.predictions, *snakemake.input.influence]))
        options = tables.options(inputs.dataset)
        sizes = (designs.load(name)().size(options) for name in params.designs)
        plan = Plan(
            budgets=sorted({*params.budgets, *(size for size in sizes if size is not None)}),
            repeats=params.repeats,
            learners=params.learners,
            scale=params.scale,
            seed=params.seed,
            interval_folds=params.interval_folds,
            batch=params.batch,
        )
        parts = cells.with_name(f".{cells.stem}")
        finished = evaluate_batch(
            strategy,
            params.targets,
            params.objectives,
            inputs,
            plan,
            params.sources_per_target,
            parts / key(params, inputs),
        )
        n = write(finished, cells, Path(snakemake.output.timing))
        shutil.rmtree(parts)
        LOG.info(f"{n} cells")
