"""Put what all source models predict into one file, to be read environment by environment."""

from pathlib import Path

from perftransfer.dataset import row_groups
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        row_groups.stack(Path(snakemake.output[0]), row_groups.parts_of(snakemake.input), rows=1)
