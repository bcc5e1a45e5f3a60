"""Rank options and interactions by what they explain in each environment."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        dataset, options = tables.read(snakemake.input[0]), tables.options(snakemake.input[0])
        frame = influence_table(
            dataset,
            settings["environments"],
            settings["objectives"],
            options,
            **{name: settings[name] for name in ("scale", "criterion", "order")},
        )
        tables.write(Path(snakemake.output[0]), frame)
