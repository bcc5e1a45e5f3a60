"""Write a table of results as CSV."""

from pathlib import Path

import pandas as pd

from perftransfer.dataset import row_groups, tables
from perftransfer.job import logged
from perftransfer.output_params import TableParams
from perftransfer.plain import from_plain
from perftransfer.tables import CATALOGUE

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(TableParams, snakemake.params[0])
        table = CATALOGUE.load(snakemake.wildcards.table)()
        content = row_groups.read([name for name in table.inputs if name != "timing"], dict(snakemake.input.items()))
        if "timing" in table.inputs:
            content["timing"] = pd.read_csv(snakemake.input.timing, keep_default_na=False, na_values=[""])
        frame = table.compute({**content, "options": tables.options(snakemake.input.dataset), "seed": params.seed})
        tables.write_text(Path(snakemake.output[0]), tables.csv_text(frame))
