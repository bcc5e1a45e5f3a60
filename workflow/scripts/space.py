"""List the configurations that may be recommended: all of a space, or a sample of a large one."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.plain import from_plain
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.params import SpaceParams

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, sample = from_plain(SpaceParams, snakemake.params[0]), snakemake.input.configurations
        space = OptionSpace.read(Path(snakemake.input.space))
        # What is measured in the sources can be recommended in any case.
        measured = tables.configurations_of(tables.read(sample), tables.options(sample))
        candidates = {}
        for part in (space, *map(space.restricted, params.fixed)):
            candidates |= part.candidates(params.max_configurations, params.seed)
        candidates |= measured
        frame = tables.configurations_frame(candidates, space.options)
        tables.write(Path(snakemake.output[0]), frame, options=space.options)
