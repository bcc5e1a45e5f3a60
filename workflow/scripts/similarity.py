"""Compare environments: their values, and what matters in them."""

from functools import partial
from pathlib import Path

from perftransfer.dataset import row_groups, tables
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings = snakemake.params.settings
        values = partial(row_groups.by_configuration, snakemake.input.dataset)
        influence = tables.read(snakemake.input.influence)
        names = (settings["environments"], settings["objectives"])
        frame = similarity_table(values, influence, *names, scale=settings["scale"])
        tables.write(Path(snakemake.output[0]), frame)
