"""Put the cells of all strategies and targets into one table."""

from pathlib import Path

from perftransfer.evaluation.batch import collect, join
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        n = collect(snakemake.input.cells, Path(snakemake.output.cells))
        join(snakemake.input.timing, Path(snakemake.output.timing))
        print(f"{n} cells", file=log)
