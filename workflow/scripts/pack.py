"""Pack what a board needs to measure an environment by hand."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.measuring import bench, remote
from perftransfer.measuring.bench import MeasureParams
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(MeasureParams, snakemake.params[0])
        configurations, options = (read(snakemake.input.configurations) for read in (tables.read, tables.options))
        remote.pack(
            Path(snakemake.output[0]),
            bench.Environment.of(snakemake.wildcards.environment, params, snakemake.input.networks),
            tables.configurations_of(configurations, options),
            protocol=params.protocol,
            repeats=params.repeats,
            retries=params.retries,
            max_wait_seconds=params.max_wait_seconds,
        )
