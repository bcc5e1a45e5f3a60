"""Tell of each environment how far its values reach, and how much repeated processes differ."""

from pathlib import Path

from perftransfer.dataset import row_groups, tables
from perftransfer.evaluation.ranges import ranges_table
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        objectives = snakemake.params.settings["objectives"]
        frame = ranges_table(row_groups.by_environment(snakemake.input[0], objectives), objectives)
        tables.write(Path(snakemake.output[0]), frame)
