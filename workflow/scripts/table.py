"""Write a table of results as CSV."""

from pathlib import Path

import pandas as pd

from perftransfer import catalogue
from perftransfer.dataset import tables
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        module = catalogue.module("perftransfer.summaries", snakemake.wildcards.table)
        content = {
            name: pd.read_csv(path, keep_default_na=False, na_values=[""]) if name == "timing" else tables.read(path)
            for name, path in snakemake.input.items()
            if name in module.TABLES
        }
        options = tables.options(snakemake.input.dataset)
        frame = module.make(content, options=options, seed=snakemake.params.settings["seed"])
        tables.write_text(Path(snakemake.output[0]), frame.to_csv(index=False))
