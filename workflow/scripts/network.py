"""Build a network, and quantise it where that precision is asked for."""

from pathlib import Path

from perftransfer.job import logged
from perftransfer.measuring import networks

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        name, precision = snakemake.wildcards.network, snakemake.wildcards.precision
        networks.write(name, precision, Path(snakemake.output[0]), seed=snakemake.params.settings["seed"])
