"""Rank options and interactions by what they explain in each environment."""

from pathlib import Path

import pandas as pd

from perftransfer.dataset import tables
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        options = tables.options(snakemake.input[0])
        how = {name: settings[name] for name in ("scale", "criterion", "order")}
        frames, rows = [], tables.PartitionedTable(snakemake.input[0])
        for name in settings["environments"]:
            frames.append(influence_table(rows.read(name), [name], settings["objectives"], options, **how))
        tables.write(Path(snakemake.output[0]), pd.concat(frames, ignore_index=True))
