"""Simulate the searches of one method on some targets."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.evaluation.params import SearchParams
from perftransfer.evaluation.searches import simulate
from perftransfer.job import logged
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, path = from_plain(SearchParams, snakemake.params[0]), snakemake.input.dataset
        searches = simulate(snakemake.wildcards.method, params, tables.read(path), tables.options(path))
        tables.write(Path(snakemake.output[0]), searches)
