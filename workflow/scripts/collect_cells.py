"""Put the cells of all strategies and targets into one table."""

import logging
from pathlib import Path

from perftransfer.evaluation.batch import collect, join
from perftransfer.job import logged

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        n = collect(snakemake.input.cells, Path(snakemake.output.cells))
        join(snakemake.input.timing, Path(snakemake.output.timing))
        LOG.info(f"{n} cells")
