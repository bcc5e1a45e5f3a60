"""Compare environments: their values, and what matters in them."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings = snakemake.params.settings
        dataset, influence = (tables.read(snakemake.input[name]) for name in ("dataset", "influence"))
        names = (settings["environments"], settings["objectives"])
        frame = similarity_table(dataset, influence, *names, scale=settings["scale"])
        tables.write(Path(snakemake.output[0]), frame)
