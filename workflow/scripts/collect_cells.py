"""Put the cells of all strategies and targets into one table."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.evaluation.batch import join
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        n = tables.stack(Path(snakemake.output.cells), tables.parts_of(snakemake.input.cells))
        join(Path(snakemake.output.timing), snakemake.input.timing)
        print(f"{n} cells", file=log)
