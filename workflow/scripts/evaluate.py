"""Evaluate one strategy on some targets: every source, learner, budget and repeat that was not evaluated before."""

import logging
from pathlib import Path

from perftransfer import strategies
from perftransfer.evaluation.batch import Inputs, evaluate_batch, write
from perftransfer.evaluation.cell_store import CellStore
from perftransfer.evaluation.params import EvaluateParams
from perftransfer.job import logged
from perftransfer.plain import from_plain

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, store = from_plain(EvaluateParams, snakemake.params[0]), CellStore(Path(snakemake.params.cell_store))
        inputs = Inputs(*map(Path, [snakemake.input.dataset, snakemake.input.predictions, *snakemake.input.influence]))
        batch = evaluate_batch(strategies.load(snakemake.wildcards.strategy), params, inputs, store)
        n = write(batch, Path(snakemake.output.cells), Path(snakemake.output.timing))
        LOG.info(f"{n} cells: {batch.n_new} evaluated, {batch.n_kept} kept from before")
