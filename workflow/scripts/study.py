"""Write the study with all defaults to the folder of its results."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        tables.write_text(Path(snakemake.output[0]), snakemake.params.text)
