"""Put what all source models predict into one file, to be read environment by environment."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        tables.stack(Path(snakemake.output[0]), tables.read_row_groups(snakemake.input), rows=1)
