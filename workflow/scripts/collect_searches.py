"""Put the searches of all methods and targets into one table."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.evaluation.searches import empty
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        searches = tables.concatenate(snakemake.input.searches) if snakemake.input.searches else empty()
        tables.write(Path(snakemake.output[0]), searches)
