"""Tell of each environment how far its values reach and what influences them, and compare environments."""

from functools import partial
from pathlib import Path

import pandas as pd

from perftransfer.dataset import row_groups, tables
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.evaluation.params import AnalyseParams
from perftransfer.evaluation.ranges import ranges_table
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.job import logged
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, dataset = from_plain(AnalyseParams, snakemake.params[0]), snakemake.input[0]
        environments, objectives = params.environments, params.objectives
        ranges = ranges_table(row_groups.by_environment(dataset, objectives), objectives)
        tables.write(Path(snakemake.output.ranges), ranges)
        options, rows = tables.options(dataset), tables.PartitionedTable(dataset)
        regression = {"scale": params.scale, "criterion": params.criterion, "order": params.order}
        # One environment at a time is in memory.
        frames = [influence_table(rows.read(name), [name], objectives, options, **regression) for name in environments]
        nothing = influence_table(tables.read(dataset).iloc[:0], [], objectives, options, **regression)
        influence = pd.concat(frames or [nothing], ignore_index=True)
        tables.write(Path(snakemake.output.influence), influence)
        values = partial(row_groups.by_configuration, dataset)
        similarity = similarity_table(values, influence, environments, objectives, scale=params.scale)
        tables.write(Path(snakemake.output.similarity), similarity)
