"""Choose the configurations to measure: the default, its one-at-a-time changes, and random ones."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.space.option_space import OptionSpace

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        space = OptionSpace.read(Path(snakemake.input[0]))
        chosen = space.sample(settings["configurations"], settings["seed"])
        frame = tables.configurations_frame(chosen, space.options)
        tables.write(Path(snakemake.output[0]), frame, options=space.options)
        print(f"{len(chosen)} configurations chosen", file=log)
