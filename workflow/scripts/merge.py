"""Put all environments into one table."""

from pathlib import Path

from perftransfer.dataset import tables
from perftransfer.dataset.merge import merge
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        dataset, options, constant = merge(
            settings["environments"],
            {Path(path).stem: Path(path) for path in snakemake.input.measured},
            {Path(path).stem: Path(path) for path in snakemake.input.imported},
            settings["objectives"],
        )
        tables.write(Path(snakemake.output[0]), dataset, options=options, metadata={"constant_options": constant})
        print(f"{len(dataset)} rows; constant options dropped: {', '.join(constant) or 'none'}", file=log)
