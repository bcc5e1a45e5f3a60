"""Build a network, and quantise it where that precision is asked for."""

from pathlib import Path

from perftransfer.job import logged
from perftransfer.measuring import networks
from perftransfer.measuring.networks import NetworkParams
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(NetworkParams, snakemake.params[0])
        name, precision = snakemake.wildcards.network, snakemake.wildcards.precision
        networks.write(name, precision, Path(snakemake.output[0]), seed=params.seed)
