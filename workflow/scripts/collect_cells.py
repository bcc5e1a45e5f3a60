"""Put the cells of all strategies and targets into one table."""

from pathlib import Path

import pandas as pd

from perftransfer.dataset import tables
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        cells = tables.concatenate(snakemake.input.cells)
        tables.write(Path(snakemake.output.cells), cells)
        seconds = pd.concat(map(pd.read_csv, snakemake.input.timing), ignore_index=True)
        tables.write_text(Path(snakemake.output.timing), seconds.to_csv(index=False))
        print(f"{len(cells)} cells", file=log)
