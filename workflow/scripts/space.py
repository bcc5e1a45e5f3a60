"""List the configurations that may be recommended: all of a space, or a sample of a large one."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.recommend.gather import write_space
from perftransfer.space.option_space import OptionSpace

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        settings, sampled = snakemake.params.settings, snakemake.input.configurations
        also = tables.configurations_of(tables.read(sampled), tables.options(sampled))
        space = OptionSpace.read(Path(snakemake.input.space))
        write_space(Path(snakemake.output[0]), space, settings["max_configurations"], settings["seed"], also)
