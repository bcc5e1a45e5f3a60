"""Pack what a board needs to measure an environment by hand."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.measuring import bench, remote
from perftransfer.measuring.protocol import Protocol

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings = snakemake.params.settings
        configurations, options = (read(snakemake.input.configurations[0]) for read in (tables.read, tables.options))
        remote.pack(
            Path(snakemake.output[0]),
            bench.Environment.of(snakemake.wildcards.environment, settings, snakemake.input.networks),
            tables.configurations_of(configurations, options),
            protocol=Protocol(**settings["protocol"]),
            repeats=settings["repeats"],
            retries=settings["retries"],
        )
