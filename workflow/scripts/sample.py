"""Choose the configurations to measure: the default, its one-at-a-time changes, and random ones."""

import logging
from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.job import logged
from perftransfer.plain import from_plain
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.params import SampleParams

LOG = logging.getLogger(__name__)

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(SampleParams, snakemake.params[0])
        space = OptionSpace.read(Path(snakemake.input[0]))
        chosen = space.sample(params.configurations, params.seed)
        frame = tables.configurations_frame(chosen, space.options)
        tables.write(Path(snakemake.output[0]), frame, options=space.options)
        LOG.info(f"{len(chosen)} configurations chosen")
